"""Reading one incoming file: its picture, or one sentence why there is none.

Kinds of file that are no picture of pixels are known by their first bytes and told by name.
Nothing in them is run or fetched.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from limner.core.errors import ImageUnreadable
from limner.core.given_file import MAX_PICTURE_BYTES
from limner.core.records import Picture
from limner.studio.look.buckets import BucketFault, content_at
from limner.studio.look.sources import Fault, Item
from limner.studio.picture_file import ReadFile, read_bytes, read_content

PICTURE_SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp", ".tif", ".tiff")
_BRANDS = {b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1"}


class Read(NamedTuple):
    """A file as it was read: its bytes once, and all that was made of exactly these bytes."""

    content: bytes
    file: ReadFile

    @property
    def picture(self) -> Picture:
        """The upright pixels."""
        return self.file.picture


def content_of(item: Item) -> bytes | Fault:
    """The bytes of an item, read once, or why they cannot be had."""
    if item.content is not None:
        return item.content
    if item.address is not None:
        try:
            return content_at(item.address, MAX_PICTURE_BYTES)
        except BucketFault as fault:
            return Fault("s3_unreadable", f"{item.name!r} {fault}.")
    assert item.path is not None
    try:
        return read_bytes(Path(item.path))
    except ImageUnreadable as error:
        if error.code == "file_too_large":
            sentence = f"{item.name!r} has more than {MAX_PICTURE_BYTES:,} bytes."
            return Fault(error.code, sentence)
        reason = error.message.rpartition(": ")[2]
        return Fault("unreadable", f"{item.name!r} cannot be read: {reason}")


def read(content: bytes, name: str, max_megapixels: int) -> Read | Fault:
    """The picture in the bytes of a file, or why there is none."""
    fault = _other_kind(content, name)
    if fault is not None:
        return fault
    try:
        return Read(content, read_content(content, name, max_megapixels))
    except ImageUnreadable as error:
        return Fault(error.code, error.message)
    except (MemoryError, RecursionError) as error:
        # Decoders raise these on files that were made to break them.
        return Fault("image_unreadable", f"{name!r} breaks its decoder ({type(error).__name__}).")


def _other_kind(content: bytes, name: str) -> Fault | None:
    head = content[:512].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if not content:
        return Fault("empty", f"{name!r} is empty.")
    if head.startswith((b"<svg", b"<?xml", b"<!doctype svg")) and b"<svg" in content[:4096].lower():
        held = " with a script in it" if b"<script" in content.lower() else ""
        sentence = f"{name!r} is an SVG drawing{held}; it was not run. Save it as PNG."
        return Fault("svg", sentence)
    if content[4:8] == b"ftyp":
        kind = "HEIC" if content[8:12] in _BRANDS else "a film"
        kind = "AVIF" if content[8:12] in (b"avif", b"avis") else kind
        return Fault(
            "kind_not_read", f"{name!r} is {kind}, which is not read here; save it as PNG or JPEG."
        )
    suffix = Path(name).suffix.lower()
    if suffix not in PICTURE_SUFFIXES and not _has_picture_head(content):
        return Fault("not_a_picture", f"{name!r} is no picture.")
    return None


def _has_picture_head(content: bytes) -> bool:
    heads = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"BM", b"II*\0", b"MM\0*")
    return content.startswith(heads) or (content[:4] == b"RIFF" and content[8:12] == b"WEBP")
