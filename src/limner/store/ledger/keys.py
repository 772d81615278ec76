"""Key files: made once, for their owner's eyes alone, refused when others can read them.

A key is never made in place of one that is missing: that would hide that it was lost. This module
knows files and keys, not the ledger.
"""

from __future__ import annotations

import os
import secrets
import stat
from pathlib import Path

from limner.core.errors import KeyRefused
from limner.store.files import make_folder, write_new
from limner.store.ledger.notes import NoteInvalid, Purpose, SigningKey

FOR_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_WAY_OUT = {
    Purpose.NOTE: "run `limner keys rotate`",
    Purpose.COSIGNATURE: "begin with a new folder of the witness",
}


def make_key(path: Path, name: str, purpose: Purpose) -> SigningKey:
    """Make a key and keep it at `path`, readable by its owner only.

    Raises:
        KeyRefused: there is a file already.
        StorageUnavailable: it cannot be written.
    """
    is_ours = not path.parent.exists()
    make_folder(path.parent)
    if is_ours and os.name == "posix":
        path.parent.chmod(0o700)
    key = SigningKey(name, purpose, secrets.token_bytes(32))
    try:
        write_new(path, f"{key}\n".encode(), is_private=True)
    except FileExistsError as error:
        raise KeyRefused(f"There is a key file {str(path)!r} already.") from error
    return key


def read_key(path: Path, purpose: Purpose) -> SigningKey:
    """The key kept at `path`.

    Raises:
        KeyRefused: missing, unreadable, open to others, or not such a key.
    """
    try:
        mode = path.stat().st_mode
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise KeyRefused(
            f"The key file {str(path)!r} is missing.",
            hint=f"Put it back from a backup, or {_WAY_OUT[purpose]}.",
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise KeyRefused(f"The key file {str(path)!r} cannot be read.") from error
    if os.name == "posix" and mode & FOR_OTHERS:
        raise KeyRefused(
            f"The key file {str(path)!r} has mode {stat.S_IMODE(mode):04o}; others than its owner "
            "can use it, allowed is 0600.",
            hint=f"If nobody copied it: chmod 600 {path}. "
            f"If somebody may have, {_WAY_OUT[purpose]}.",
        )
    return _parsed(path, text, purpose)


def _parsed(path: Path, text: str, purpose: Purpose) -> SigningKey:
    try:
        key = SigningKey.parse(text)
    except NoteInvalid as error:
        raise KeyRefused(f"The key file {str(path)!r} holds no key: {error}.") from error
    if key.purpose is not purpose:
        raise KeyRefused(
            f"The key file {str(path)!r} holds a key for {key.purpose.name.lower()}s; a key for "
            f"{purpose.name.lower()}s is needed."
        )
    return key
