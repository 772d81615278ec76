"""Addresses of images that work without a token, for a while.

An address holds the image, the time it ends, and an HMAC-SHA256 over both with a key of this data
folder. It gives nothing that is not released when it is opened: a decision since then holds.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import secrets
import stat
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from limner.core.errors import KeyRefused, NotFound
from limner.store.files import make_folder, write_new

LASTS = timedelta(hours=1)
KEY_FILE = Path("keys") / "links.key"
KEY_BYTES = 32

_LINK = re.compile(r"([0-9a-f]{64})-([0-9]{1,12})-([0-9a-f]{64})")
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


class Link(NamedTuple):
    """What an address says.

    Attributes:
        image_id: of the image.
        until: when it ends, UTC.
    """

    image_id: str
    until: datetime


def sign_link(home: Path, image_id: str, now: datetime) -> str:
    """The last part of an address that gives this image for an hour.

    Raises:
        KeyRefused: the key can be read by others, or is none.
        StorageUnavailable: a key cannot be made.
    """
    digits = image_id.removeprefix("sha256:")
    until = int((now + LASTS).timestamp())
    return f"{digits}-{until}-{_signature(home, digits, until)}"


def read_link(home: Path, text: str, now: datetime) -> Link:
    """What an address says, if it was made here and has not ended.

    Raises:
        NotFound: neither; which of the two is not told.
        KeyRefused: as `sign_link`.
    """
    found = _LINK.fullmatch(text)
    if found is None:
        raise _no_such_link()
    digits, until, signature = found[1], int(found[2]), found[3]
    if not hmac.compare_digest(signature, _signature(home, digits, until)):
        raise _no_such_link()
    if now.timestamp() >= until:
        raise _no_such_link()
    return Link(f"sha256:{digits}", datetime.fromtimestamp(until, now.tzinfo))


def _no_such_link() -> NotFound:
    return NotFound(
        "There is no image under this address, or the address has ended.",
        code="link_unknown",
        hint="Addresses of images last an hour; the job has the image as long as it is kept.",
    )


def _signature(home: Path, digits: str, until: int) -> str:
    text = f"limner image link|{digits}|{until}".encode()
    return hmac.new(_key(home / KEY_FILE), text, hashlib.sha256).hexdigest()


@lru_cache(maxsize=8)
def _key(path: Path) -> bytes:
    try:
        return _read_key(path)
    except FileNotFoundError:
        pass
    make_folder(path.parent)
    if os.name == "posix":
        path.parent.chmod(0o700)
    try:
        write_new(path, f"{secrets.token_hex(KEY_BYTES)}\n".encode(), is_private=True)
    except FileExistsError:
        pass  # another process was quicker; its key is the key
    return _read_key(path)


def _read_key(path: Path) -> bytes:
    mode = path.stat().st_mode
    if os.name == "posix" and mode & _OTHERS:
        raise KeyRefused(
            f"The key file {str(path)!r} has mode {stat.S_IMODE(mode):04o}; allowed is 0600.",
            hint=f"Remove it: a new one is made, and addresses of images made so far end. ({path})",
        )
    try:
        key = bytes.fromhex(path.read_text(encoding="ascii").strip())
    except (ValueError, OSError) as error:
        raise KeyRefused(f"The key file {str(path)!r} holds no key.") from error
    if len(key) != KEY_BYTES:
        raise KeyRefused(f"The key file {str(path)!r} holds no key.")
    return key
