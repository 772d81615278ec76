"""Small pictures of stored images for pages: made once, kept in the data folder, gone with them.

A thumbnail is no release: it carries no recipe and no credential, and is shown only to those who
may see the image. Of an image that does not leave there is a veil, from which nothing can be made
out: six by six colours.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage

from limner.core.deciding import Outcome
from limner.store.files import make_folder, write_new
from limner.studio.image_file import decode_rgba

if TYPE_CHECKING:
    from limner.core.recipe import ImageRecord
    from limner.studio.parts import Parts

# Shapes: H height, W width, C channels (RGBA, straight alpha).

THUMBNAILS_FOLDER = "thumbnails"
SIDE_PX = 320
QUALITY = 82
VEIL_COLOURS = 6  # a side
VEIL_PX = 96


def read_thumbnail(parts: Parts, record: ImageRecord, outcome: Outcome) -> bytes:
    """WebP bytes of an image, at most 320 pixels a side; veiled unless it is released.

    Raises:
        StorageUnavailable: its file is missing or changed.
    """
    is_veiled = outcome is not Outcome.RELEASED
    path = thumbnail_path(parts, record.image_id, is_veiled=is_veiled)
    try:
        return path.read_bytes()
    except FileNotFoundError:
        pass
    image_HWC = decode_rgba(parts.store.read_image(record))
    content = encode_veil(image_HWC) if is_veiled else encode_thumbnail(image_HWC)
    make_folder(path.parent)
    write_new(path, content, overwrite=True)
    return content


def remove_thumbnails(parts: Parts, image_id: str) -> None:
    """Remove what is kept of an image, when it is erased."""
    for is_veiled in (False, True):
        thumbnail_path(parts, image_id, is_veiled=is_veiled).unlink(missing_ok=True)


def thumbnail_path(parts: Parts, image_id: str, *, is_veiled: bool) -> Path:
    """Where the thumbnail or the veil of an image lies, if it was made."""
    digits = image_id.removeprefix("sha256:")
    name = f"{digits}.veil.webp" if is_veiled else f"{digits}.webp"
    return parts.settings.home / THUMBNAILS_FOLDER / digits[:2] / name


def encode_thumbnail(image_HWC: NDArray[np.uint8]) -> bytes:
    """WebP bytes of RGBA pixels, no larger than they are and at most 320 a side."""
    picture = PillowImage.fromarray(image_HWC, "RGBA")
    picture.thumbnail((SIDE_PX, SIDE_PX), PillowImage.Resampling.LANCZOS)
    return _webp(picture)


def encode_veil(image_HWC: NDArray[np.uint8]) -> bytes:
    """WebP bytes that tell no more of RGBA pixels than their rough colours."""
    picture = PillowImage.fromarray(image_HWC, "RGBA")
    grey = PillowImage.new("RGBA", picture.size, (150, 150, 150, 255))
    seen = PillowImage.alpha_composite(grey, picture).convert("RGB")
    few = seen.resize((VEIL_COLOURS, VEIL_COLOURS), PillowImage.Resampling.BOX)
    return _webp(few.resize((VEIL_PX, VEIL_PX), PillowImage.Resampling.BICUBIC))


def _webp(picture: PillowImage.Image) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, "WEBP", quality=QUALITY, method=3)
    return buffer.getvalue()
