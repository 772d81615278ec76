"""PNG, JPEG and WebP as rows of chunks: one chunk changes, every other byte stays.

Two chunks matter here: the XMP packet, which is read and written, and the C2PA store, whose frame
is checked against what it must be. Pixels are never decoded. A file that does not keep the rules
of its format is refused with `ContainerBroken`.

Sources: PNG specification (W3C, 3rd edition); JPEG, ITU-T T.81 annex B; WebP container
specification (developers.google.com/speed/webp); XMP part 3; C2PA specification 2.2, annex A.3.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from typing import Literal, NamedTuple, assert_never

MediaType = Literal["image/png", "image/jpeg", "image/webp"]

_PNG_START = b"\x89PNG\r\n\x1a\n"
_PNG_XMP = b"XML:com.adobe.xmp\x00\x00\x00\x00\x00"  # not compressed, no language, no translation
_JPEG_START = b"\xff\xd8"
_JPEG_XMP = b"http://ns.adobe.com/xap/1.0/\x00"
_JPEG_EXIF = b"Exif\x00\x00"
_JPEG_MAX = 0xFFFF - 2  # most bytes a segment holds beside its length
_JPEG_BOX = 0x0211  # the number the C2PA library gives its box
_APP0, _APP1, _APP11, _SOS = 0xE0, 0xE1, 0xEB, 0xDA
_WEBP_XMP_FLAG = 0x04
_WEBP_ALPHA_FLAG = 0x10
_WEBP_FEATURES_BYTES = 10  # of VP8X; the head of a picture is no shorter


class ContainerBroken(ValueError):
    """The file does not keep the rules of its format."""


class _Chunk(NamedTuple):
    """A chunk or segment: its name, what it holds, and where it stands in the file."""

    name: bytes
    content: bytes
    start: int
    end: int


def media_type_of(content: bytes) -> MediaType | None:
    """The type a file's first bytes say, whatever it is called; ``None`` for any other."""
    if content.startswith(_PNG_START):
        return "image/png"
    if content.startswith(_JPEG_START + b"\xff"):
        return "image/jpeg"
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    return None


def read_xmp(content: bytes, media_type: MediaType) -> bytes | None:
    """The XMP packet of a file, ``None`` if it has none.

    Raises:
        ContainerBroken: the file ends early or its chunks overlap.
    """
    found = _find_xmp(content, media_type)
    if found is None:
        return None
    match media_type:
        case "image/png":
            return found.content.removeprefix(_PNG_XMP)
        case "image/jpeg":
            return found.content.removeprefix(_JPEG_XMP)
        case "image/webp":
            return found.content
        case _:
            assert_never(media_type)


def write_xmp(content: bytes, media_type: MediaType, packet: bytes) -> bytes:
    """The file with this XMP packet in place of the one it had.

    Raises:
        ContainerBroken: the file is not whole, or the packet is longer than JPEG allows.
    """
    found = _find_xmp(content, media_type)
    match media_type:
        case "image/png":
            chunk = _png_chunk(b"iTXt", _PNG_XMP + packet)
            start, end = (found.start, found.end) if found else _png_place(content)
        case "image/jpeg":
            chunk = _jpeg_segment(_APP1, _JPEG_XMP + packet)
            start, end = (found.start, found.end) if found else _jpeg_place(content)
        case "image/webp":
            return _write_webp_xmp(content, packet)
        case _:
            assert_never(media_type)
    return content[:start] + chunk + content[end:]


def read_store(content: bytes, media_type: MediaType) -> bytes | None:
    """The C2PA store of a file, ``None`` unless its frame is exactly as it must be.

    Raises:
        ContainerBroken: the file is not whole.
    """
    match media_type:
        case "image/png":
            chunks = [one for one in _png_chunks(content) if one.name == b"caBX"]
            pieces = [one.content for one in chunks]
            expected = b"".join(_png_chunk(b"caBX", piece) for piece in pieces)
        case "image/jpeg":
            chunks = [one for one in _jpeg_segments(content) if _is_store_segment(one)]
            pieces = [one.content[8 if k == 0 else 16 :] for k, one in enumerate(chunks)]
            expected = _jpeg_framed(pieces)
        case "image/webp":
            chunks = [one for one in _webp_chunks(content) if one.name == b"C2PA"]
            pieces = [one.content for one in chunks]
            expected = b"".join(_webp_chunk(b"C2PA", piece) for piece in pieces)
        case _:
            assert_never(media_type)
    if not chunks or content[chunks[0].start : chunks[-1].end] != expected:
        return None
    return b"".join(pieces)


def has_store_traces(content: bytes) -> bool:
    """Whether bytes of a C2PA store stand anywhere in a file, readable or not."""
    return b"c2pa.assertions\x00" in content or b"c2pa.signature\x00" in content


def _find_xmp(content: bytes, media_type: MediaType) -> _Chunk | None:
    match media_type:
        case "image/png":
            name, prefix, chunks = b"iTXt", b"XML:com.adobe.xmp\x00", _png_chunks(content)
        case "image/jpeg":
            name, prefix, chunks = bytes([_APP1]), _JPEG_XMP, _jpeg_segments(content)
        case "image/webp":
            name, prefix, chunks = b"XMP ", b"", _webp_chunks(content)
        case _:
            assert_never(media_type)
    return next(
        (one for one in chunks if one.name == name and one.content.startswith(prefix)), None
    )


def _png_chunks(content: bytes) -> Iterator[_Chunk]:
    start = len(_PNG_START)
    while start < len(content):
        end = start + 12 + int.from_bytes(content[start : start + 4], "big")
        if end > len(content):
            raise ContainerBroken(f"a PNG chunk at byte {start} goes beyond the end of the file")
        name = content[start + 4 : start + 8]
        yield _Chunk(name, content[start + 8 : end - 4], start, end)
        if name == b"IEND":
            return
        start = end
    raise ContainerBroken("the PNG file has no end")


def _png_chunk(name: bytes, content: bytes) -> bytes:
    return (
        struct.pack(">I", len(content))
        + name
        + content
        + struct.pack(">I", zlib.crc32(name + content))
    )


def _png_place(content: bytes) -> tuple[int, int]:
    for one in _png_chunks(content):
        if one.name == b"IDAT":
            return one.start, one.start
    raise ContainerBroken("the PNG file has no pixels")


def _jpeg_segments(content: bytes) -> Iterator[_Chunk]:
    """Segments up to the first scan."""
    start = len(_JPEG_START)
    while True:
        marker = content[start : start + 2]
        end = start + 2 + int.from_bytes(content[start + 2 : start + 4], "big")
        if len(marker) < 2 or marker[0] != 0xFF or end > len(content) or end < start + 4:
            raise ContainerBroken(f"there is no JPEG segment at byte {start}")
        yield _Chunk(marker[1:], content[start + 4 : end], start, end)
        if marker[1] == _SOS:
            return
        start = end


def _jpeg_segment(marker: int, content: bytes) -> bytes:
    if len(content) > _JPEG_MAX:
        raise ContainerBroken(
            f"the metadata have {len(content):,} bytes; JPEG allows {_JPEG_MAX:,} in one piece"
        )
    return bytes([0xFF, marker]) + struct.pack(">H", len(content) + 2) + content


def _jpeg_place(content: bytes) -> tuple[int, int]:
    """Behind JFIF and Exif, which must come first."""
    place = len(_JPEG_START)
    for one in _jpeg_segments(content):
        is_exif = one.name[0] == _APP1 and one.content.startswith(_JPEG_EXIF)
        if one.name[0] != _APP0 and not is_exif:
            break
        place = one.end
    return place, place


def _is_store_segment(segment: _Chunk) -> bool:
    return segment.name[0] == _APP11 and segment.content.startswith(b"JP")


def _jpeg_framed(pieces: list[bytes]) -> bytes:
    """Segments of a store; each but the first repeats the head of the outermost box."""
    head = pieces[0][:8] if pieces else b""
    return b"".join(
        _jpeg_segment(
            _APP11,
            b"JP" + struct.pack(">HI", _JPEG_BOX, number) + (head if number > 1 else b"") + piece,
        )
        for number, piece in enumerate(pieces, start=1)
    )


def _webp_chunks(content: bytes) -> Iterator[_Chunk]:
    start, riff_end = 12, 8 + int.from_bytes(content[4:8], "little")
    if riff_end > len(content):
        raise ContainerBroken("the WebP file ends early")
    while start < riff_end:
        num_bytes = int.from_bytes(content[start + 4 : start + 8], "little")
        end = start + 8 + num_bytes + num_bytes % 2
        if end > riff_end:
            raise ContainerBroken(f"a WebP chunk at byte {start} goes beyond the end of the file")
        yield _Chunk(
            content[start : start + 4], content[start + 8 : start + 8 + num_bytes], start, end
        )
        start = end


def _webp_chunk(name: bytes, content: bytes) -> bytes:
    return name + struct.pack("<I", len(content)) + content + b"\x00" * (len(content) % 2)


def _write_webp_xmp(content: bytes, packet: bytes) -> bytes:
    chunks = [(one.name, one.content) for one in _webp_chunks(content) if one.name != b"XMP "]
    if not chunks:
        raise ContainerBroken("the WebP file is empty")
    if chunks[0][0] != b"VP8X":
        chunks.insert(0, (b"VP8X", _webp_features(*chunks[0])))
    features = chunks[0][1]
    if len(features) != _WEBP_FEATURES_BYTES:
        raise ContainerBroken("the WebP file says of its features what nobody can read")
    chunks[0] = (b"VP8X", bytes([features[0] | _WEBP_XMP_FLAG]) + features[1:])
    body = b"WEBP" + b"".join(_webp_chunk(*one) for one in [*chunks, (b"XMP ", packet)])
    return b"RIFF" + struct.pack("<I", len(body)) + body


def _webp_features(name: bytes, content: bytes) -> bytes:
    """The VP8X chunk that a file of one lossless or lossy picture does without."""
    if len(content) < _WEBP_FEATURES_BYTES:
        raise ContainerBroken("the WebP file has no picture")
    if name == b"VP8L":
        bits = int.from_bytes(content[1:5], "little")
        width_px, height_px = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        flags = _WEBP_ALPHA_FLAG if bits >> 28 & 1 else 0
    elif name == b"VP8 ":
        width_px, height_px = (one & 0x3FFF for one in struct.unpack("<HH", content[6:10]))
        flags = 0
    else:
        raise ContainerBroken(f"the WebP file begins with {name!r}")
    sides = (width_px - 1).to_bytes(3, "little") + (height_px - 1).to_bytes(3, "little")
    return bytes([flags, 0, 0, 0]) + sides
