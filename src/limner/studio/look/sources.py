"""Where incoming images come from: files, folders and archives, found one after the other.

Nothing is held but the names of open folders. What cannot be entered is given as a fault with its
sentence; nothing here raises for what is found inside a folder or an archive, and no file is
opened that is not a plain one. An archive's members are read one at a time, within limits that are
held against the bytes that really come out, not against what the archive says of itself.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, NamedTuple

from limner.core.errors import BadInput
from limner.core.looking import Shot
from limner.studio.look.buckets import BucketFault, address_of, objects_below

ZIP_SUFFIXES = (".zip", ".cbz")
TAR_SUFFIXES = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".txz")
MAX_MEMBER_BYTES = 128 * 2**20
MAX_MEMBERS = 1_000_000
LEAST_ARCHIVE_BYTES = 2**30  # that may come out of any archive
MOST_TIMES_LARGER = 200  # than the archive itself may be what comes out of it
FILM_SUFFIXES = (
    ".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".mpg", ".mpeg", ".ts", ".wmv", ".flv", ".ogv",
)  # fmt: skip
Stream = IO[bytes] | io.BufferedIOBase

_ARCHIVE_FAULTS = (
    zipfile.BadZipFile,
    tarfile.TarError,
    OSError,
    EOFError,
    RuntimeError,  # an encrypted member
    NotImplementedError,  # a way to compress that zipfile does not know
    ValueError,
    zlib.error,
    lzma.LZMAError,
)


class Fault(NamedTuple):
    """Why something was not looked at: a stable code, and one sentence that names it."""

    code: str
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One thing that was found.

    Attributes:
        name: as it is told and stored; always printable UTF-8.
        path: to read it from; ``None`` for a member of an archive.
        content: bytes of a member of an archive.
        fault: why it cannot be looked at.
        address: of an object in S3 to read it from.
        shot: which frame of the film at `path` it is; ``None`` for any other file.
    """

    name: str
    path: str | None = None
    content: bytes | None = None
    fault: Fault | None = None
    address: str | None = None
    shot: Shot | None = None


def printable(name: str) -> str:
    """A name as it can be told: bytes that are no UTF-8 and control signs are written out."""
    text = name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return "".join(one if one.isprintable() else ascii(one)[1:-1] for one in text)


def require_there(paths: Sequence[Path]) -> None:
    """Refuse a path that is not there before anything is looked at.

    Raises:
        BadInput: it names the first.
    """
    for path in paths:
        if address_of(path) is None and not path.exists():
            raise BadInput(
                f"There is nothing at {printable(str(path))!r}; allowed are picture files, films, "
                "folders, zip or tar archives, and s3://BUCKET/PREFIX.",
                code="path_missing",
            )


def find_items(paths: Sequence[Path]) -> Iterator[Item]:
    """Everything below these paths, in the order of their names."""
    for path in paths:
        address = address_of(path)
        if address is None:
            yield from _entered(str(path), frozenset())
        else:
            yield from _in_bucket(address)


def count_items(paths: Sequence[Path]) -> int:
    """About how many there are, quickly; an archive that has no list of its members counts as 1."""
    total = 0
    for path in paths:
        if not path.is_dir():
            total += _num_members(path)
            continue
        for folder, _, names in os.walk(path):
            for name in names:
                if not name.startswith("."):
                    total += _num_members(Path(folder, name))
    return total


def _num_members(path: Path) -> int:
    if not str(path).lower().endswith(ZIP_SUFFIXES):
        return 1
    try:
        with zipfile.ZipFile(path) as archive:
            return sum(not one.is_dir() for one in archive.infolist())
    except _ARCHIVE_FAULTS:
        return 1


def _in_bucket(address: str) -> Iterator[Item]:
    """Objects below an address in S3; archives and films there are not opened."""
    try:
        for one in objects_below(address):
            name = printable(one.address)
            if _is_hidden(name.removeprefix("s3://")) or name.endswith("/"):
                continue
            if name.lower().endswith((*ZIP_SUFFIXES, *TAR_SUFFIXES, *FILM_SUFFIXES)):
                yield _faulty(name, "not_read_in_s3", "is not read in S3; fetch it first")
            else:
                yield Item(name=name, address=one.address)
    except BucketFault as fault:
        yield _faulty(printable(address), "s3_unreadable", str(fault))


def _entered(path: str, above: frozenset[tuple[int, int]]) -> Iterator[Item]:
    """A path: a folder is entered, an archive opened, a plain file given."""
    name = printable(path)
    try:
        found = os.stat(path)
    except OSError as error:
        yield _faulty(name, "unreadable", f"cannot be reached: {_reason(error)}")
        return
    if stat.S_ISDIR(found.st_mode):
        yield from _folder(path, name, (found.st_dev, found.st_ino), above)
    elif not stat.S_ISREG(found.st_mode):
        yield _faulty(name, "not_a_file", "is no plain file, so it was not opened")
    elif name.lower().endswith(ZIP_SUFFIXES):
        yield from _guarded(name, _zip_members(path, name, found.st_size))
    elif name.lower().endswith(TAR_SUFFIXES):
        yield from _guarded(name, _tar_members(path, name, found.st_size))
    else:
        yield Item(name=name, path=path)


def _folder(
    path: str, name: str, place: tuple[int, int], above: frozenset[tuple[int, int]]
) -> Iterator[Item]:
    if place in above:
        yield _faulty(name, "loop", "leads back to a folder around it, so it was not entered again")
        return
    try:
        with os.scandir(path) as entries:
            names = sorted(one.name for one in entries if not one.name.startswith("."))
    except OSError as error:
        yield _faulty(name, "unreadable", f"cannot be entered: {_reason(error)}")
        return
    for one in names:
        yield from _entered(os.path.join(path, one), above | {place})


def _guarded(name: str, members: Iterator[Item]) -> Iterator[Item]:
    """Members of an archive, until one cannot be read; what was read before stays good."""
    try:
        yield from members
    except _TooLarge:
        sentence = "unpacks to far more than an archive of its size should, so reading it stopped"
        yield _faulty(name, "archive_bomb", sentence)
    except _ARCHIVE_FAULTS as error:
        yield _faulty(name, "archive_broken", f"cannot be unpacked further: {_reason(error)}")


def _zip_members(path: str, name: str, num_bytes: int) -> Iterator[Item]:
    allowance = _Allowance(num_bytes)
    with zipfile.ZipFile(path) as archive:
        for number, one in enumerate(archive.infolist()):
            if number >= MAX_MEMBERS:
                raise _TooLarge
            if one.is_dir() or _is_hidden(one.filename):
                continue
            member = f"{name}/{printable(one.filename)}"
            if one.flag_bits & 1:
                yield _faulty(member, "encrypted", "is locked with a password")
                continue
            with archive.open(one) as opened:
                yield _member(member, opened, allowance)


def _tar_members(path: str, name: str, num_bytes: int) -> Iterator[Item]:
    allowance = _Allowance(num_bytes)
    with open(path, "rb") as raw:
        unpacked = _Limited(_unpacked(raw), allowance)
        with tarfile.open(fileobj=unpacked, mode="r|") as archive:
            for number, one in enumerate(archive):
                archive.members = []  # pyright: ignore[reportAttributeAccessIssue]  # it would keep all
                if number >= MAX_MEMBERS:
                    raise _TooLarge
                if one.isdir() or _is_hidden(one.name):
                    continue
                member = f"{name}/{printable(one.name)}"
                opened = archive.extractfile(one) if one.isreg() else None
                if opened is None:
                    yield _faulty(member, "not_a_file", "is no plain file, so it was not opened")
                else:
                    yield _member(member, opened, _Allowance(0))


def _member(name: str, opened: IO[bytes], allowance: _Allowance) -> Item:
    if name.lower().endswith((*ZIP_SUFFIXES, *TAR_SUFFIXES)):
        return _faulty(name, "nested_archive", "is an archive inside an archive; unpack it first")
    if name.lower().endswith(FILM_SUFFIXES):
        return _faulty(name, "film_in_archive", "is a film inside an archive; unpack it first")
    content = opened.read(MAX_MEMBER_BYTES + 1)
    allowance.take(len(content))
    if len(content) > MAX_MEMBER_BYTES:
        sentence = f"unpacks to more than {MAX_MEMBER_BYTES:,} bytes"
        return _faulty(name, "file_too_large", sentence)
    return Item(name=name, content=content)


def _unpacked(raw: IO[bytes]) -> Stream:
    head = raw.read(6)
    raw.seek(0)
    if head.startswith(b"\x1f\x8b"):
        return gzip.open(raw)
    if head.startswith(b"BZh"):
        return bz2.open(raw)
    return lzma.open(raw) if head.startswith(b"\xfd7zXZ\x00") else raw


class _TooLarge(Exception):
    """More came out of an archive than is allowed."""


class _Allowance:
    """Bytes that may still come out of one archive."""

    def __init__(self, num_bytes: int) -> None:
        self._left = max(LEAST_ARCHIVE_BYTES, MOST_TIMES_LARGER * num_bytes)

    def take(self, num_bytes: int) -> None:
        self._left -= num_bytes
        if self._left < 0:
            raise _TooLarge


class _Limited(io.RawIOBase):
    """What comes out of a compressed stream, within an allowance."""

    def __init__(self, stream: Stream, allowance: _Allowance) -> None:
        self._stream = stream
        self._allowance = allowance

    def read(self, size: int = -1) -> bytes:
        content = self._stream.read(size)
        self._allowance.take(len(content))
        return content


def _is_hidden(name: str) -> bool:
    steps = (".", "..")
    return any(
        one.startswith(".") or one == "__MACOSX" for one in name.split("/") if one not in steps
    )


def _faulty(name: str, code: str, what: str) -> Item:
    return Item(name=name, fault=Fault(code, f"{name!r} {what}."))


def _reason(error: BaseException) -> str:
    if isinstance(error, EOFError):
        return "it is cut short"  # the library says nothing
    return str(getattr(error, "strerror", None) or str(error) or type(error).__name__).lower()
