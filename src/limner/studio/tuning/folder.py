"""The folder that is taught from: pictures, their captions, and by which rights each may be used.

A folder is taken whole or refused: too few or too many pictures, one twice or nearly so, one
without a caption, or one that no entry of the rights register allows.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping, Sequence
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from limner.checks.near_copy.fingerprint import NO_HASH, Fingerprint, pdq_of
from limner.checks.near_copy.gallery import Entry, Gallery
from limner.core.errors import FolderRefused
from limner.core.hashing import sha256_of_bytes
from limner.core.records import Size
from limner.studio.framing import fit
from limner.studio.picture_file import read_bytes, read_content

if TYPE_CHECKING:
    from limner.studio.parts import Parts

# Shapes: H height, W width, C channels (RGBA, straight alpha).

LEAST_PICTURES, MOST_PICTURES = 20, 500
CAPTIONS_FILE = "captions.csv"
SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp", ".tif", ".tiff"})
NAMED = 5  # files in one message

_NUMBERING = re.compile(r"[\s(]*\d*\)?$")


class _Read(NamedTuple):
    """What is needed of a file: the pixels at the size they are taught at, keys, and PDQ."""

    image_HWC: NDArray[np.uint8]
    keys: tuple[str, str]
    pdq: bytes


class TaughtPicture(NamedTuple):
    """One picture of the folder.

    Attributes:
        name: of its file in the folder.
        image_HWC: uint8, at the size the model draws.
        caption: what is on it.
        keys: tagged hashes of its file and its pixels.
        entry_id: of the rights register, that allows it.
    """

    name: str
    image_HWC: NDArray[np.uint8]
    caption: str
    keys: tuple[str, str]
    entry_id: int


def read_folder(parts: Parts, folder: Path, side_px: int) -> list[TaughtPicture]:
    """Every picture of a folder, in the order of their names.

    Args:
        parts: of the studio.
        folder: holds the pictures, and ``captions.csv`` (columns file, caption) where their names
            are no captions.
        side_px: width and height they are brought to.

    Raises:
        FolderRefused: something of it cannot be taught from; says which files.
        ImageUnreadable: a file is no whole picture.
    """
    paths = _paths(folder)
    captions = _captions(folder, [one.name for one in paths])
    read = {one.name: _read(parts, one, side_px) for one in paths}
    keys = {name: one.keys for name, one in read.items()}
    _refuse_twice(keys)
    entries = _allowed(parts, keys)
    _refuse_near_copies(parts, {name: one.pdq for name, one in read.items()})
    return [
        TaughtPicture(
            name=name,
            image_HWC=one.image_HWC,
            caption=captions[name],
            keys=one.keys,
            entry_id=entries[name],
        )
        for name, one in read.items()
    ]


def caption_of_name(name: str) -> str:
    """What a file's name says, as ``red apple`` of ``red_apple-02.png``; empty if nothing."""
    words = _NUMBERING.sub("", re.sub(r"[_\-\s]+", " ", Path(name).stem)).strip()
    return words if any(one.isalpha() for one in words) else ""


def _paths(folder: Path) -> list[Path]:
    try:
        found = sorted(one for one in folder.iterdir() if one.suffix.lower() in SUFFIXES)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise FolderRefused(f"The folder {str(folder)!r} cannot be read: {reason}.") from error
    if not LEAST_PICTURES <= len(found) <= MOST_PICTURES:
        raise FolderRefused(
            f"The folder {str(folder)!r} has {len(found)} pictures; allowed are {LEAST_PICTURES} "
            f"to {MOST_PICTURES}.",
            code="num_pictures",
            hint="Of fewer the model would learn the pictures, not what they have in common.",
        )
    return found


def _read(parts: Parts, path: Path, side_px: int) -> _Read:
    """One picture; its own pixels are gone when the next is read, for a folder may have 500."""
    read = read_content(read_bytes(path), path.name, parts.settings.max_input_megapixels)
    picture = read.picture
    return _Read(
        image_HWC=fit(picture.image_HWC, Size(side_px, side_px)),
        keys=(sha256_of_bytes(read.content), picture.pixels_sha256),
        pdq=pdq_of(picture) or NO_HASH,
    )


def _captions(folder: Path, names: Sequence[str]) -> dict[str, str]:
    path = folder / CAPTIONS_FILE
    captions = _captions_of_file(path) if path.exists() else {}
    if unknown := sorted(captions.keys() - set(names)):
        raise FolderRefused(f"{CAPTIONS_FILE} names {_listed(unknown)}, which the folder lacks.")
    found = {name: captions.get(name, "" if captions else caption_of_name(name)) for name in names}
    if bare := [name for name, caption in found.items() if not caption]:
        raise FolderRefused(
            f"There is no caption for {_listed(bare)}.",
            code="caption_missing",
            hint=f"Name the files after what is on them, or write {CAPTIONS_FILE} with the columns "
            "file and caption.",
        )
    return found


def _captions_of_file(path: Path) -> dict[str, str]:
    try:
        rows = list(csv.DictReader(StringIO(path.read_text(encoding="utf-8-sig"), newline="")))
        found = {row["file"].strip(): " ".join(row["caption"].split()) for row in rows}
    except (OSError, UnicodeDecodeError, csv.Error, KeyError, AttributeError) as error:
        raise FolderRefused(
            f"{CAPTIONS_FILE} cannot be read; allowed is a CSV in UTF-8 with the columns file and "
            "caption."
        ) from error
    if len(found) < len(rows):
        raise FolderRefused(f"{CAPTIONS_FILE} names a file twice.")
    return found


def _refuse_twice(keys: Mapping[str, tuple[str, str]]) -> None:
    first: dict[str, str] = {}
    for name, (_, pixels_sha256) in keys.items():
        if (twin := first.setdefault(pixels_sha256, name)) != name:
            raise FolderRefused(
                f"{name!r} and {twin!r} are the same picture; allowed is each once.",
                code="picture_twice",
                hint="Take one away: what is shown twice as often is learnt by heart.",
            )


def _allowed(parts: Parts, keys: Mapping[str, tuple[str, str]]) -> dict[str, int]:
    """By which entry of the register each picture may be used."""
    rights, now = parts.store.rights, parts.read_clock()
    every = [key for pair in keys.values() for key in pair]
    blocker = rights.blocker_of_request(keys=every, sources=every, now=now)
    if blocker is not None:
        names = [name for name, pair in keys.items() if blocker.matched in pair]
        raise FolderRefused(
            f"{_listed(names)} must not be used: {blocker.sentence}", code="picture_blocked"
        )
    allowing = rights.allowing(every, now)
    found = {
        name: next((allowing[key] for key in pair if key in allowing), None)
        for name, pair in keys.items()
    }
    if bare := [name for name, entry_id in found.items() if entry_id is None]:
        raise FolderRefused(
            f"The rights register has no entry in force for {_listed(bare)}.",
            code="rights_missing",
            hint="Register it: limner rights add licence --title … --licence … --picture FILE",
        )
    return {name: entry_id for name, entry_id in found.items() if entry_id is not None}


def _refuse_near_copies(parts: Parts, pdq_by_name: Mapping[str, bytes]) -> None:
    """Near copies by PDQ, of each other and of pictures that the register keeps from being drawn.

    The look hash tells things of one kind in one style apart too badly to refuse by it.
    """
    names, pdqs = list(pdq_by_name), list(pdq_by_name.values())
    blocked = parts.store.rights.blocked_looks(parts.read_clock()).looks
    opted_out = Gallery(Entry(one.entry_id, Fingerprint(one.pdq, NO_HASH)) for one in blocked)
    for place, pdq in enumerate(pdqs):
        asked = Fingerprint(pdq, NO_HASH)
        if near := opted_out.near_copies(asked):
            raise FolderRefused(
                f"{names[place]!r} is nearly a picture of entry {near[0]} of the rights register, "
                "which must not be used.",
                code="picture_blocked",
            )
        before = Gallery.of_pdqs(pdqs[:place])
        if near := before.near_copies(asked):
            raise FolderRefused(
                f"{names[place]!r} and {names[near[0]]!r} are nearly the same picture; allowed is "
                "each once.",
                code="picture_twice",
            )


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(repr(one) for one in names[:NAMED]) + more
