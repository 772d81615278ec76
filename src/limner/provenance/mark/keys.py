"""The keys marks are put in with: files below ``keys/mark``, numbered, one for every epoch.

The highest is in use; older ones read the marks of their time and are never deleted. Each file
holds 32 random bytes as hex digits, for its owner's eyes alone. Whoever has a key can read, forge
and remove its marks, and cannot sign anything.
"""

from __future__ import annotations

import os
import secrets
import tempfile
from collections.abc import Hashable
from contextlib import suppress
from pathlib import Path

from limner.core.errors import KeyRefused, StorageUnavailable
from limner.provenance.key_files import read_private, sync_folder, write_private

KEY_BYTES = 32


class MarkKeys:
    """The folder of mark keys; makes nothing until a key is asked for or rotated.

    Args:
        folder: ``keys/mark`` of the data folder.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def state(self) -> Hashable:
        """Differs once a key was added, taken away, changed, or opened to others."""
        try:
            with os.scandir(self.folder) as found:
                stats = [(one.name, one.stat()) for one in found]
        except OSError:
            return ()  # `open` tells what is wrong
        return tuple(sorted((name, stat.st_mtime_ns, stat.st_mode) for name, stat in stats))

    def open(self) -> bytes:
        """The key in use, made at the first start and never again.

        Raises:
            KeyRefused: a key file is missing, open to others or broken.
            StorageUnavailable: the folder cannot be written.
        """
        if not self.folder.is_dir():
            self._begin()
        return self.read()[0]

    def read(self) -> tuple[bytes, ...]:
        """The key of every epoch, the one in use first; none before the first start.

        Raises:
            KeyRefused: a key file is missing, open to others or broken.
        """
        files = self._files()
        is_lost = not files and self.folder.is_dir()
        if is_lost or [int(one.stem) for one in files] != list(range(1, len(files) + 1)):
            which = "The mark key is missing" if is_lost else "An old mark key is missing"
            raise KeyRefused(
                f"{which} in {str(self.folder)!r}.",
                hint="Put it back from a backup of the data folder; marks of its time need it."
                + (" If it is lost: limner keys rotate." if is_lost else ""),
            )
        return tuple(_read_key(one) for one in reversed(files))

    def rotate(self) -> bytes:
        """Begin an epoch with a new key; older keys go on reading their marks.

        Raises:
            KeyRefused: see `read`.
            StorageUnavailable: the folder cannot be written; the old key stays in use.
        """
        num_keys = len(self.read()) if self._files() else 0
        self._make(num_keys + 1)
        return self.read()[0]

    def _files(self) -> list[Path]:
        return sorted(one for one in self.folder.glob("*.key") if one.stem.isdigit())

    def _begin(self) -> None:
        """Make the folder with its first key at once, so that a folder without one has lost it."""
        try:
            self.folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(prefix=".making-", dir=self.folder.parent) as making:
                made = Path(making) / self.folder.name
                made.mkdir(mode=0o700)
                _write_key(made / _name(1))
                try:
                    made.rename(self.folder)
                except OSError:
                    if not self._files():  # else another process was first, and its key stands
                        raise
            sync_folder(self.folder.parent)
        except OSError as error:
            raise self._unwritable(error) from error

    def _make(self, number: int) -> None:
        """Make a key whole; if another process was first, its key stands."""
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(prefix=".making-", dir=self.folder) as making:
                _write_key(Path(making) / _name(number))
                with suppress(FileExistsError):
                    os.link(Path(making) / _name(number), self.folder / _name(number))
            sync_folder(self.folder)
        except OSError as error:
            raise self._unwritable(error) from error

    def _unwritable(self, error: OSError) -> StorageUnavailable:
        return StorageUnavailable(
            f"Cannot write the mark keys in {str(self.folder)!r}: "
            f"{(error.strerror or str(error)).lower()}.",
            hint="Free some space or make the folder writable.",
        )


def _name(number: int) -> str:
    return f"{number:04d}.key"


def _write_key(path: Path) -> None:
    write_private(path, f"{secrets.token_hex(KEY_BYTES)}\n".encode())


def _read_key(path: Path) -> bytes:
    try:
        key = bytes.fromhex(read_private(path).decode("ascii"))
    except ValueError as error:
        raise KeyRefused(f"The key file {str(path)!r} holds no mark key.") from error
    if len(key) != KEY_BYTES:
        raise KeyRefused(
            f"The mark key in {str(path)!r} has {len(key)} bytes; it must have {KEY_BYTES}."
        )
    return key
