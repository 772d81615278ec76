"""Opening picture files from outside: every fault gets one sentence, and nothing huge is decoded.

Reads still PNG, JPEG, WebP, GIF, BMP and TIFF. Size is checked before any pixel is decoded.
"""

from __future__ import annotations

import errno
import io
import struct
import warnings
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage
from PIL import UnidentifiedImageError
from PIL.ExifTags import Base

from limner.core.errors import ImageUnreadable
from limner.core.given_file import MAX_PICTURE_BYTES, read_at_most, reason_of
from limner.core.records import Mask, OriginalFile, Picture
from limner.studio.image_file import FileTexts, read_texts

FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF")
# What Pillow raises at damaged files; each was met (`UnidentifiedImageError` is an `OSError`).
DAMAGED = (
    SyntaxError, ValueError, EOFError, TypeError, LookupError, ArithmeticError, struct.error,
)  # fmt: skip
TURNS = {
    2: PillowImage.Transpose.FLIP_LEFT_RIGHT,
    3: PillowImage.Transpose.ROTATE_180,
    4: PillowImage.Transpose.FLIP_TOP_BOTTOM,
    5: PillowImage.Transpose.TRANSPOSE,
    6: PillowImage.Transpose.ROTATE_270,
    7: PillowImage.Transpose.TRANSVERSE,
    8: PillowImage.Transpose.ROTATE_90,
}  # by EXIF orientation
WITH_CREDENTIALS = ("png", "jpeg", "webp", "gif", "tiff")


class ReadFile(NamedTuple):
    """A picture file as it was read."""

    content: bytes
    picture: Picture
    texts: FileTexts
    file_format: str


def read_picture(path: Path, max_megapixels: int) -> Picture:
    """Pixels of a picture file, turned as its EXIF orientation says, and the file itself.

    Raises:
        ImageUnreadable: missing, not a picture, truncated, animated, or too large.
    """
    return picture_of(read_bytes(path), str(path), max_megapixels)


def picture_of(content: bytes, name: str, max_megapixels: int) -> Picture:
    """A picture from the bytes of its file; errors as `read_picture`."""
    with _opened(content, name, max_megapixels) as opened:
        return Picture.of(_rgba(opened), _original(content, opened))


def read_file(path: Path, max_megapixels: int) -> ReadFile:
    """Bytes, pixels and texts of a picture file.

    Raises:
        ImageUnreadable: see `read_picture`.
    """
    return read_content(read_bytes(path), str(path), max_megapixels)


def read_content(content: bytes, name: str, max_megapixels: int) -> ReadFile:
    """Pixels and texts of the bytes of a picture file; errors as `read_picture`."""
    with _opened(content, name, max_megapixels) as opened:
        texts = read_texts(opened)
        picture = Picture.of(_rgba(opened), _original(content, opened))
        return ReadFile(content, picture, texts, (opened.format or "").lower())


def decode_picture(content: bytes, name: str, max_megapixels: int) -> tuple[Picture, str]:
    """Pixels of a picture file's bytes, and its format as Pillow names it, such as ``PNG``.

    Raises:
        ImageUnreadable: see `read_picture`; `name` stands in the message.
    """
    with _opened(content, name, max_megapixels) as opened:
        return Picture.of(_rgba(opened)), opened.format or ""


def read_mask(path: Path, max_megapixels: int) -> Mask:
    """A mask file: white repaints, black keeps; a transparent pixel keeps too.

    Raises:
        ImageUnreadable: see `read_picture`.
    """
    return mask_of(read_bytes(path), str(path), max_megapixels)


def mask_of(content: bytes, name: str, max_megapixels: int) -> Mask:
    """A mask from the bytes of its file; see `read_mask`."""
    with _opened(content, name, max_megapixels) as opened:
        upright = _upright(opened).convert("RGBA")
        black = PillowImage.new("RGBA", upright.size, (0, 0, 0, 255))
        mask_HW = np.asarray(PillowImage.alpha_composite(black, upright).convert("L"))
        return Mask.of(mask_HW, _original(content, opened))


def read_bytes(path: Path) -> bytes:
    """Bytes of a file.

    Raises:
        ImageUnreadable: it cannot be read, or is larger than any picture has to be.
    """
    try:
        return read_at_most(path, MAX_PICTURE_BYTES)
    except OSError as error:
        code = "file_too_large" if error.errno == errno.EFBIG else ""
        told = f"The picture {str(path)!r} cannot be read: {reason_of(error)}."
        raise ImageUnreadable(told, code=code) from error


def _original(content: bytes, opened: PillowImage.Image) -> OriginalFile | None:
    """The file as it was given, if its format can hold a credential."""
    file_format = (opened.format or "").lower()
    return OriginalFile(content, file_format) if file_format in WITH_CREDENTIALS else None


def _upright(opened: PillowImage.Image) -> PillowImage.Image:
    """By hand, as Pillow writes the rest of the EXIF anew and fails where something is odd."""
    turn = TURNS.get(opened.getexif().get(Base.Orientation, 1))
    return opened if turn is None else opened.transpose(turn)


def _rgba(opened: PillowImage.Image) -> NDArray[np.uint8]:
    """Upright pixels; 16 bits a pixel are scaled down, which Pillow alone would cut off."""
    upright = _upright(opened)
    if upright.mode in ("I", "I;16", "I;16B", "I;16L"):
        deep_HW = np.asarray(upright).clip(0, 65535)
        upright = PillowImage.fromarray((deep_HW / 257 + 0.5).astype(np.uint8))
    elif upright.mode == "F":
        raise ValueError("pixels are fractions, whose black and white nobody says")
    return np.asarray(upright.convert("RGBA"))


@contextmanager
def _opened(content: bytes, name: str, max_megapixels: int) -> Generator[PillowImage.Image]:
    try:
        with warnings.catch_warnings():
            # Our own limit below is stricter; and what of the metadata is damaged is nobody's here.
            warnings.simplefilter("ignore", PillowImage.DecompressionBombWarning)
            warnings.simplefilter("ignore", UserWarning)
            with PillowImage.open(io.BytesIO(content), formats=FORMATS) as opened:
                _require_still_and_small(opened, name, max_megapixels)
                opened.load()
                yield opened
    except (UnidentifiedImageError, *DAMAGED) as error:
        raise ImageUnreadable(
            f"The file {name!r} cannot be read as a picture; allowed are whole "
            "PNG, JPEG, WebP, GIF, BMP or TIFF files."
        ) from error
    except PillowImage.DecompressionBombError as error:
        raise _too_large(name, "far too many", max_megapixels) from error
    except OSError as error:
        reason = error.strerror or "it is damaged or cut short"
        raise ImageUnreadable(f"The picture {name!r} cannot be read: {reason.lower()}.") from error


def _require_still_and_small(opened: PillowImage.Image, name: str, max_megapixels: int) -> None:
    if opened.width * opened.height > max_megapixels * 1_000_000:
        raise _too_large(name, f"{opened.width}x{opened.height}", max_megapixels)
    num_frames = getattr(opened, "n_frames", 1)
    if num_frames > 1:
        raise ImageUnreadable(
            f"The picture {name!r} has {num_frames} frames; allowed is a still picture.",
            code="image_animated",
            hint="Save one frame of it as PNG.",
        )


def _too_large(name: str, pixels: str, max_megapixels: int) -> ImageUnreadable:
    return ImageUnreadable(
        f"The picture {name!r} has {pixels} pixels; allowed are up to {max_megapixels} megapixels.",
        code="image_too_large",
        hint="Scale it down, or raise the setting max_input_megapixels.",
    )
