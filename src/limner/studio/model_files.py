"""Where a version's generator comes from, and whether its files still are what was registered."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple, cast

from limner.core.models import ModelVersion
from limner.generators.weight_files import sha256_of_file

WHENCE = "whence"  # key in a version's card
FORM = "form"  # an ingredient that is no file: what a form says besides its files


class Whence(NamedTuple):
    """How a generator is opened.

    Attributes:
        kind: of place.
        location: a folder or a file; empty where there is none, as of a service.
        name: on the shelf; empty elsewhere.
    """

    kind: Place
    location: str = ""
    name: str = ""


class Place(StrEnum):
    """The kinds of place a generator is opened from."""

    INSTALL = "install"
    WEIGHTS = "weights"
    ADAPTER = "adapter"
    SHELF = "shelf"


def whence_of(version: ModelVersion) -> Whence:
    """How the generator of a registered version is opened."""
    said = cast("Mapping[str, str]", version.card[WHENCE])
    return Whence(Place(said["kind"]), said["location"], said["name"])


def file_fault(whence: Whence, version: ModelVersion) -> str:
    """What is wrong with the files of a version, in one sentence; empty where nothing is.

    A file is read again only when its size, time or place on the disk has changed.
    """
    if not whence.location:
        return ""
    place = Path(whence.location)
    for name, expected in version.files.items():
        if name == FORM:
            continue
        path = place if place.is_file() else place / name
        try:
            facts = path.stat()
            found = _sha256(path, facts.st_size, facts.st_mtime_ns, facts.st_ino)
        except OSError:
            return f"The file {name!r} of {version.label} cannot be read at {whence.location!r}."
        if found != expected:
            return f"The file {name!r} of {version.label} is no longer what was registered."
    return ""


@lru_cache(maxsize=4096)
def _sha256(path: Path, num_bytes: int, changed_ns: int, inode: int) -> str:
    """Hash of a file, kept as long as nothing says that it changed."""
    del num_bytes, changed_ns, inode  # only tell when to read it again
    return sha256_of_file(path)
