"""Reading files that somebody names, which may be anything, a device without end among them."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Sequence
from pathlib import Path

CHUNK_BYTES = 2**20
MAX_PICTURE_BYTES = 512 * 2**20  # of a picture's file, sealed or not


class KeyTwice(ValueError):
    """A key is written twice in one object; says which."""


def read_at_most(path: Path, most_bytes: int) -> bytes:
    """Bytes of a file that has no more than so many; of a longer one no more are read.

    Raises:
        OSError: it cannot be read or named, or is longer (`errno.EFBIG`); `strerror` says it in
            words.
    """
    if "\0" in str(path):
        raise OSError(errno.EINVAL, "its name holds a character that no name has", str(path))
    chunks: list[bytes] = []
    left = most_bytes + 1
    with path.open("rb") as file:
        if os.fstat(file.fileno()).st_size > most_bytes:
            left = 0
        while left and (chunk := file.read(min(left, CHUNK_BYTES))):
            chunks.append(chunk)
            left -= len(chunk)
    if not left:
        told = f"it has more than the {most_bytes:,} bytes that are allowed"
        raise OSError(errno.EFBIG, told, str(path))
    return b"".join(chunks)


def read_text_at_most(path: Path, most_bytes: int) -> str:
    """Text of such a file.

    Raises:
        OSError: as `read_at_most`, or it is no text in UTF-8 (`errno.EILSEQ`).
    """
    try:
        return read_at_most(path, most_bytes).decode("utf-8")
    except UnicodeDecodeError as error:
        raise OSError(errno.EILSEQ, "it is not text in UTF-8", str(path)) from error


def parse_json(text: str) -> object:
    """What a JSON text from a person says; of a key that is written twice JSON takes the last.

    Raises:
        KeyTwice: a key is written twice in one object.
        ValueError: it is no JSON.
        RecursionError: it is nested too deep.
    """
    return json.loads(text, object_pairs_hook=_each_key_once)


def _each_key_once(pairs: Sequence[tuple[str, object]]) -> dict[str, object]:
    found: dict[str, object] = {}
    for key, value in pairs:
        if key in found:
            raise KeyTwice(f"the key {key!r} is written twice")
        found[key] = value
    return found


def reason_of(error: OSError) -> str:
    """Why a file cannot be read, in words."""
    reason = error.strerror or str(error)
    return reason[0].lower() + reason[1:]
