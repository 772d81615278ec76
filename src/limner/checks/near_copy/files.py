"""A gallery's file in the data folder: a copy of what the store knows, so that starting is fast.

The store has the truth. A file that is missing, damaged or made with another referee is written
anew from it, and what the store has beyond the file is added when it is opened. An entry that is
gone from the store stays in the file until the file is removed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from hashlib import sha256
from pathlib import Path

import numpy as np

from limner.checks.near_copy.gallery import ROW_WORDS, Entry, Gallery, Words, rows_of
from limner.core.errors import LimnerError

MAGIC = b"limner.prints/1\n"
DIGEST_BYTES = 32
HEAD_BYTES = len(MAGIC) + DIGEST_BYTES
ROW_BYTES = 8 * (ROW_WORDS + 1)
SEAL = np.uint64(0x9E3779B97F4A7C15)  # so that a row of zeros is not taken for a whole one


class GalleryFileUnwritable(LimnerError):
    """The file of known pictures cannot be written."""

    code = "gallery_unwritable"


class KeptGallery:
    """A gallery with its file.

    Args:
        path: of the file; its folder is made.
        made_with: tells fingerprints of one kind from another, such as the hashes of their files.
        read_entries: entries of the store whose key is greater than the one given, in any order.

    Raises:
        GalleryFileUnwritable: the file cannot be written.
    """

    def __init__(
        self, path: Path, made_with: str, read_entries: Callable[[int], Iterable[Entry]]
    ) -> None:
        self._path = path
        self._head = MAGIC + sha256(made_with.encode()).digest()
        rows = self._read()
        if rows is None:
            rows = np.empty((0, ROW_WORDS), np.uint64)
            self._write(self._head, is_new=True)
        self.gallery = Gallery.of_rows(rows)
        last_key = int(rows[:, -1].max()) if len(rows) else -1
        for group in _groups(read_entries(last_key)):
            self._add(rows_of(group))

    def add(self, entry: Entry) -> None:
        """Know one more, also after a restart.

        Raises:
            GalleryFileUnwritable: the file cannot be written.
        """
        self._add(rows_of([entry]))

    def _add(self, rows_NK: Words) -> None:
        self._write(np.column_stack([rows_NK, _seals(rows_NK)]).astype("<u8").tobytes())
        self.gallery.add_rows(rows_NK)

    def _read(self) -> Words | None:
        """The rows of the file; ``None`` when it has to be written anew."""
        try:
            content = self._path.read_bytes()
        except OSError:
            return None
        is_whole = (len(content) - HEAD_BYTES) % ROW_BYTES == 0
        if content[:HEAD_BYTES] != self._head or not is_whole:
            return None
        words = np.frombuffer(content[HEAD_BYTES:], "<u8").astype(np.uint64)
        sealed = words.reshape(-1, ROW_WORDS + 1)
        rows = np.ascontiguousarray(sealed[:, :-1])
        return rows if np.array_equal(_seals(rows), sealed[:, -1]) else None

    def _write(self, content: bytes, *, is_new: bool = False) -> None:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with self._path.open("wb" if is_new else "ab") as file:
                file.write(content)
        except OSError as error:
            raise GalleryFileUnwritable(
                f"The file of known pictures {str(self._path)!r} cannot be written: "
                f"{(error.strerror or 'unknown reason').lower()}."
            ) from error


def _seals(rows_NK: Words) -> Words:
    """One word a row that tells a damaged row: every word turned by its place, all combined."""
    seals_N = np.full(len(rows_NK), SEAL)
    for at in range(ROW_WORDS):
        seals_N ^= (rows_NK[:, at] << np.uint64(at + 1)) | (rows_NK[:, at] >> np.uint64(63 - at))
    return seals_N


def _groups(entries: Iterable[Entry], size: int = 4096) -> Iterator[list[Entry]]:
    group: list[Entry] = []
    for entry in entries:
        group.append(entry)
        if len(group) == size:
            yield group
            group = []
    if group:
        yield group
