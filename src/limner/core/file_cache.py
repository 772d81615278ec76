"""Bytes that take long to make, kept in a folder so that the next process need not make them.

Nothing depends on what is kept: a file that is missing, cut off or changed is as if it were not
there, and a folder that cannot be written keeps nothing.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from limner.core.hashing import sha256_of_document

COMPILED_FOLDER = "compiled"  # of the data folder, for networks
FORMAT = b"limner.file-cache/1\n"
_DIGEST_BYTES = hashlib.sha256().digest_size
_MOST_FILES = 64  # the networks of several sets of weights; the longest unread go first


class FileCache:
    """One folder of kept bytes, safe for several processes.

    Args:
        folder: made when something is kept.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def read(self, facts: Mapping[str, object]) -> NDArray[np.uint8] | None:
        """What was kept under exactly these facts, a document of plain values; else ``None``.

        The file is mapped: no byte is copied before somebody changes it, and the file never is.
        """
        path = self._path(facts)
        try:
            content = np.memmap(path, np.uint8, mode="c")
            os.utime(path)
        except (OSError, ValueError):  # the second of an empty file
            return None
        start = len(FORMAT) + _DIGEST_BYTES
        kept = content[start:]
        is_whole = content[:start].tobytes() == FORMAT + hashlib.sha256(kept.data).digest()
        return kept if is_whole else None

    def keep(self, facts: Mapping[str, object], kept: bytes) -> None:
        """Keep bytes under these facts, whole or not at all."""
        with suppress(OSError):
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            handle, part = tempfile.mkstemp(prefix=".part-", dir=self._folder)
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(FORMAT + hashlib.sha256(kept).digest() + kept)
                os.replace(part, self._path(facts))
            except OSError:
                Path(part).unlink(missing_ok=True)
                raise
            self._remove_longest_unread()

    def _path(self, facts: Mapping[str, object]) -> Path:
        # Another version of the package may make something else of the same facts.
        document = {"limner": version("limner"), **facts}
        return self._folder / sha256_of_document(document).removeprefix("sha256:")

    def _remove_longest_unread(self) -> None:
        files = sorted(self._folder.iterdir(), key=lambda path: path.stat().st_mtime, reverse=True)
        for path in files[_MOST_FILES:]:
            path.unlink(missing_ok=True)
