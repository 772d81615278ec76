"""Pictures and masks as foreign interfaces send them, and the two meanings of a mask.

OpenAI says where to repaint by what is transparent; the web UI says it by what is white. Both
become one `Mask` here, where 255 repaints, and nowhere else. Nothing is fetched: an address is
refused, a picture has to come along.
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage
from PIL import ImageFilter

from limner.core.ports import IntSpan
from limner.core.records import Mask, Picture, Size
from limner.faces.http.compat.refusals import FieldRefused
from limner.studio.framing import fit
from limner.studio.picture_file import ReadFile, picture_of, read_content

# Shapes: H height, W width, C channels (RGBA, straight alpha).

_DATA_URL = re.compile(r"data:[a-z0-9.+/-]*(?:;[a-z0-9=.+-]*)*;base64,", re.IGNORECASE)
_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_OPAQUE = 255


class Blur(NamedTuple):
    """How far the edges of a mask are softened, in pixels across and down."""

    across_px: float
    down_px: float


def picture_of_base64(text: str, name: str, max_megapixels: int) -> Picture:
    """A picture from base64 or a data URL.

    Args:
        text: with or without ``data:image/png;base64,`` before it.
        name: of the field, for the sentence.
        max_megapixels: larger pictures are not opened.

    Raises:
        FieldRefused: an address, or not base64.
        ImageUnreadable: it cannot be read as a picture.
    """
    return picture_of(_content_of(text, name), name, max_megapixels)


def file_of_base64(text: str, name: str, max_megapixels: int) -> ReadFile:
    """A picture and the texts of its file, from base64 or a data URL; as `picture_of_base64`."""
    return read_content(_content_of(text, name), name, max_megapixels)


def _content_of(text: str, name: str) -> bytes:
    if _ADDRESS.match(text):
        raise FieldRefused(
            name, text, "a picture in base64 or as a data URL", hint="Addresses are not fetched."
        )
    found = _DATA_URL.match(text)
    encoded = "".join(text[found.end() if found else 0 :].split())
    try:
        return base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError) as error:
        raise FieldRefused(name, text, "a picture in base64 or as a data URL") from error


def mask_of_transparency(picture: Picture, name: str) -> Mask:
    """The mask of a picture whose transparent parts are to be repainted, as OpenAI has it.

    A pixel that is half transparent is half repainted, so that soft edges stay soft.

    Raises:
        FieldRefused: nothing in it is transparent.
    """
    mask_HW = np.ascontiguousarray(_OPAQUE - picture.image_HWC[..., 3])
    if not mask_HW.any():
        raise FieldRefused(
            name,
            "opaque everywhere",
            "a picture with an alpha channel",
            code="mask_has_no_hole",
            hint="Make the parts transparent that are to be repainted.",
        )
    return Mask.of(mask_HW)  # its file says it the other way round


def mask_of_white(picture: Picture, *, is_inverted: bool, blur: Blur) -> Mask:
    """The mask of a picture whose white parts are to be repainted, as the web UI has it.

    A picture with transparent parts says it by its alpha: what is painted is to be repainted,
    whatever its colour.

    Args:
        picture: the mask as it was sent.
        is_inverted: black is to be repainted instead.
        blur: of its edges.
    """
    image_HWC = picture.image_HWC
    if image_HWC[..., 3].min() < _OPAQUE:
        mask_HW: NDArray[np.uint8] = image_HWC[..., 3]
    else:
        mask_HW = np.asarray(PillowImage.fromarray(image_HWC).convert("L"))
    if is_inverted:
        mask_HW = _OPAQUE - mask_HW
    if blur.across_px > 0 or blur.down_px > 0:
        softened = PillowImage.fromarray(mask_HW).filter(ImageFilter.GaussianBlur(blur))
        mask_HW = np.asarray(softened)
    return Mask.of(np.ascontiguousarray(mask_HW))


def within(size: Size, side_px: IntSpan) -> Size:
    """A size with the same aspect whose sides are allowed, as near as can be."""
    scale = min(1.0, side_px.high / max(size))
    scale = max(scale, min(side_px.low / min(size), side_px.high / max(size)))
    return Size(round(size.width_px * scale), round(size.height_px * scale))


def resized_picture(picture: Picture, size: Size) -> Picture:
    """A picture brought to a size without stretching; it is no longer that of its file then."""
    if picture.size == size:
        return picture
    return Picture.of(np.ascontiguousarray(fit(picture.image_HWC, size)))


def resized_mask(mask: Mask, size: Size) -> Mask:
    """A mask brought to a size as `resized_picture` does it; the bars keep what they show."""
    if mask.size == size:
        return mask
    mask_HWC = np.repeat(mask.mask_HW[..., None], 4, axis=2)
    mask_HWC[..., 3] = _OPAQUE
    return Mask.of(np.ascontiguousarray(fit(mask_HWC, size)[..., 0]))
