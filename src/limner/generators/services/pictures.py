"""Pictures on their way to a service and back: whole, of a known kind, of the size that was asked.

What a service sends is opened by its content, never by what it is called.
"""

from __future__ import annotations

import io
import warnings

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from limner.core.errors import EngineFailed
from limner.core.records import Size

# Shapes: H height, W width, C channels (RGBA, straight alpha).

FORMATS = ("PNG", "JPEG", "WEBP")
MODES = ("1", "L", "LA", "P", "RGB", "RGBA")
MAX_PREVIEW_PX = 4096


def png_of(image_HWC: NDArray[np.uint8]) -> bytes:
    """The PNG file of a picture; RGBA, or one channel."""
    buffer = io.BytesIO()
    Image.fromarray(image_HWC).save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()


def picture_of(content: bytes, canvas: Size, host: str) -> NDArray[np.uint8]:
    """The pixels of a finished picture.

    Args:
        content: of its file.
        canvas: that was asked for.
        host: who sent it.

    Returns:
        uint8, RGBA, of the canvas's size.

    Raises:
        EngineFailed: it is no whole PNG, JPEG or WebP, or of another size.
    """
    image = _opened(content)
    if image is None:
        raise EngineFailed(
            f"The service at {host} sent {len(content):,} bytes that are no whole still picture; "
            f"allowed are {', '.join(FORMATS)}.",
            code="service_picture_unreadable",
        )
    if image.size != canvas:
        raise EngineFailed(
            f"The service at {host} was asked for {canvas} and sent {Size(*image.size)}.",
            code="service_picture_size",
            hint="Name the sizes it draws in the canvases of the model's form.",
        )
    return _pixels(image, host)


def preview_of(content: bytes, canvas: Size) -> NDArray[np.uint8] | None:
    """A picture in the making, uint8 BHWC, no larger than the canvas; ``None`` if it is none."""
    image = _opened(content)
    if image is None or max(image.size) > MAX_PREVIEW_PX:
        return None
    try:
        small = image.convert("RGBA")
    except (OSError, ValueError, SyntaxError):
        return None
    small.thumbnail(canvas)
    return np.asarray(small)[None]


def _opened(content: bytes) -> Image.Image | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter(
                "ignore", Image.DecompressionBombWarning
            )  # the size is held below
            image = Image.open(io.BytesIO(content), formats=FORMATS)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None
    is_still = getattr(image, "n_frames", 1) == 1
    return image if is_still and image.mode in MODES else None


def _pixels(image: Image.Image, host: str) -> NDArray[np.uint8]:
    try:
        return np.array(image.convert("RGBA"))
    except (OSError, ValueError, SyntaxError) as error:
        raise EngineFailed(
            f"The picture that the service at {host} sent is damaged or cut short.",
            code="service_picture_unreadable",
        ) from error
