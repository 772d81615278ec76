"""Erasing images and people for good; the ledger says that it happened.

What somebody saved elsewhere, and backups of the data folder, are not reached from here.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from limner.core.errors import BadInput
from limner.core.hashing import sha256_of_bytes
from limner.core.limits import require_one_of
from limner.store.ledger.entries import Kind
from limner.studio.gallery import require_visible
from limner.studio.thumbnails import remove_thumbnails

if TYPE_CHECKING:
    from limner.core.access import Principal
    from limner.store.people import Traces
    from limner.studio.parts import Parts

REASONS = ("person_asked", "rights_withdrawn", "kept_long_enough", "other")

_HASH = re.compile(r"sha256:[0-9a-f]{64}")


class Erased(NamedTuple):
    """One image that was erased.

    Attributes:
        given: how it was named.
        has_copy: it was named by a file that lies elsewhere, and still does.
    """

    image_id: str
    given: str
    has_copy: bool


def erase(parts: Parts, images: Sequence[str], *, reason: str = "person_asked") -> list[Erased]:
    """Erase images; all are looked up before the first is erased.

    What candidates drew beside one goes first, for it holds the same prompt.

    Args:
        parts: of the studio.
        images: image_id, or picture files that are stored here, as they left or by their pixels.
        reason: one of `REASONS`; goes into the ledger.

    Raises:
        BadInput: one of them is not stored here, was erased before, or is no picture; then
            nothing was erased.
        StorageUnavailable: see `Store.erase_image`; those before it are erased.
    """
    require_one_of("reason", reason, REASONS)
    found = [_find(parts, one) for one in images]
    named = dict.fromkeys(erased.image_id for erased in found)
    beside = [shadow for one in named for shadow in parts.store.shadows.pictures_beside(one)]
    for one in dict.fromkeys((*beside, *named)):
        remove_thumbnails(parts, one)
        now = parts.read_clock()
        parts.store.erase_image(one, reason=reason, recorded_at=now)
        parts.store.erase_incoming(one, reason=reason, recorded_at=now)
    return found


def erase_for(parts: Parts, viewer: Principal, image_ids: Sequence[str], *, reason: str) -> int:
    """Erase images at the wish of one person; how many are gone for good.

    One that was drawn for others too is theirs as well: it is taken from this person alone.
    Whoever sees everything erases it for all.

    Raises:
        NotFound: one is not stored, or it is somebody else's; then nothing was erased.
        BadInput, StorageUnavailable: as `erase`.
    """
    require_one_of("reason", reason, REASONS)
    shared: list[str] = []
    for one in dict.fromkeys(image_ids):
        require_visible(parts, viewer, one)
        others = parts.store.gallery.owners_of(one) - {viewer.name}
        if others and not viewer.sees_everything:
            shared.append(one)
    own = [one for one in dict.fromkeys(image_ids) if one not in shared]
    erase(parts, own, reason=reason)
    for one in shared:
        parts.store.part_from(one, viewer.name)
    return len(own)


class ErasedPerson(NamedTuple):
    """A person who was erased.

    Attributes:
        traces: where they stood.
        erased: images that went with them.
        position: of the ledger's entry that says so.
    """

    traces: Traces
    erased: tuple[str, ...]
    position: int


def find_traces(parts: Parts, person: str) -> tuple[str, Traces]:
    """Whose name is to be erased, and where it stands.

    Args:
        parts: of the studio.
        person: their name, the commitment the ledger knows them by, or the id of a token of theirs.

    Raises:
        BadInput: nobody of this name is known here, or a job of theirs is being drawn.
    """
    name = parts.store.people.name_of(person)
    traces = parts.store.people.traces_of(name)
    if not name or traces.is_none:
        raise BadInput(
            f"Nobody named {person!r} is known here; nothing was erased.",
            code="person_unknown",
            hint="Give the name as `limner tokens list` or `limner review stats` shows it.",
        )
    if traces.num_drawing:
        raise _still_drawing(name)
    return name, traces


def erase_person(
    parts: Parts, name: str, *, with_images: bool = False, reason: str = "person_asked"
) -> ErasedPerson:
    """Erase a person: their name wherever it stands, and rows that are theirs alone.

    Args:
        parts: of the studio.
        name: of the person; see `find_traces`.
        with_images: erase what was drawn for them and nobody else too.
        reason: one of `REASONS`; goes into the ledger.

    Raises:
        BadInput: as `find_traces`; nothing was erased.
        StorageUnavailable: see `People.erase`.
    """
    require_one_of("reason", reason, REASONS)
    name, traces = find_traces(parts, name)
    image_ids = traces.image_ids if with_images else ()
    erase(parts, image_ids, reason=reason)
    store = parts.store
    if not store.people.erase(name, reason=reason, recorded_at=parts.read_clock()):
        raise _still_drawing(name)
    store.clear_unsettled()
    (entry,) = store.ledger.entries_of(Kind.ERASURE, num_last=1)
    return ErasedPerson(traces, image_ids, entry.position)


def _still_drawing(name: str) -> BadInput:
    return BadInput(
        f"A job of {name!r} is being drawn, and would write the name again.",
        code="job_in_hand",
        hint="Wait for it, or cancel it: `limner jobs list`, `limner jobs cancel JOB`.",
    )


def _find(parts: Parts, given: str) -> Erased:
    if _HASH.fullmatch(given):
        _require_stored(parts, given, given)
        return Erased(given, given, has_copy=False)
    image_id = _image_id_of(parts, Path(given))
    _require_stored(parts, image_id, given)
    return Erased(image_id, given, has_copy=True)


def _image_id_of(parts: Parts, path: Path) -> str:
    """The image a file is: the same bytes, as they are kept or as they left, or the same pixels."""
    from limner.studio.picture_file import read_bytes, read_file

    file_sha256 = sha256_of_bytes(read_bytes(path))
    seal = parts.store.seal_by_file(file_sha256)
    if seal is not None:
        return seal.image_id
    if parts.store.image_by_id(file_sha256) is not None or parts.store.looks.find(file_sha256):
        return file_sha256
    pixels_sha256 = read_file(path, parts.settings.max_input_megapixels).picture.pixels_sha256
    record = parts.store.image_by_pixels(pixels_sha256)
    return file_sha256 if record is None else record.image_id


def _require_stored(parts: Parts, image_id: str, given: str) -> None:
    if parts.store.image_by_id(image_id) is not None or parts.store.looks.find(image_id):
        return
    erased = parts.store.erased_at(image_id)
    if erased is not None:
        raise BadInput(
            f"The image {given!r} was erased before, at {erased:%Y-%m-%d %H:%M:%S} UTC.",
            code="erased_before",
        )
    raise BadInput(
        f"The image {given!r} is not stored here; nothing was erased.",
        code="image_unknown",
        hint="Give its image_id, or the file as it was saved.",
    )
