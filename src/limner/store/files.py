"""Writing files so that they are whole or absent, also when the process is killed.

A file is written beside its place, flushed to the disk, and then given its name in one step.
Not covered: a file system that lies about fsync.
"""

from __future__ import annotations

import errno
import os
import secrets
import tempfile
from pathlib import Path
from typing import BinaryIO

from limner.core.errors import StorageUnavailable

PART_PREFIX = ".limner-"
PART_SUFFIX = ".part"


def write_new(
    path: Path, content: bytes, *, overwrite: bool = False, is_private: bool = False
) -> None:
    """Write `content` to `path` whole.

    Args:
        path: in a folder that exists.
        content: the bytes of the file.
        overwrite: replace a file that is there.
        is_private: nobody but the owner may ever read it.

    Raises:
        FileExistsError: `path` is taken and `overwrite` is false; it is left as it was.
        StorageUnavailable: disk full, folder missing or not writable; nothing is left behind.
    """
    part = path.parent / f"{PART_PREFIX}{secrets.token_hex(8)}{PART_SUFFIX}"
    # Of this mode the system takes the umask off; to read it, one would set it for every thread.
    mode = 0o600 if is_private else 0o666
    try:
        file = open(part, "xb", opener=lambda name, flags: os.open(name, flags, mode))
    except OSError as error:
        raise cannot_write(path, error) from error
    try:
        _write_and_sync(file, content)
        _give_name(part, path, overwrite=overwrite)
    except FileExistsError:
        raise
    except OSError as error:
        raise cannot_write(path, error) from error
    finally:
        part.unlink(missing_ok=True)
    _sync_folder(path.parent)


def make_folder(path: Path) -> None:
    """Make a folder and its parents, and see that files can be made in it.

    Raises:
        StorageUnavailable: not a folder, not writable, or the disk is full.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path, prefix=PART_PREFIX, suffix=PART_SUFFIX):
            pass
    except OSError as error:
        raise cannot_write(path, error) from error


def cannot_write(path: Path, error: OSError) -> StorageUnavailable:
    """The error for a place that cannot be written, with the reason in plain words."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        reason, hint = "the disk is full", "Free some space, or choose another folder."
    else:
        reason = (error.strerror or str(error)).lower()
        hint = "Choose a folder you can write to with LIMNER_HOME or --out."
    return StorageUnavailable(
        f"Cannot write {str(path)!r}: {reason}.", hint=hint, retryable=error.errno == errno.ENOSPC
    )


def _write_and_sync(file: BinaryIO, content: bytes) -> None:
    with file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _give_name(part: Path, path: Path, *, overwrite: bool) -> None:
    if overwrite:
        part.replace(path)
        return
    try:
        path.hardlink_to(part)
    except OSError as error:
        if error.errno not in (errno.EPERM, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK):
            raise
        if path.exists():  # this file system has no links; the check is the best there is
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path)) from error
        part.replace(path)


def _sync_folder(path: Path) -> None:
    if os.name != "posix":
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
