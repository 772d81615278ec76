"""Sprites: premultiplied RGBA pictures, their files, and what makes one unfit. Needs numpy."""

# Shapes: N sprites, H height, W width, C = 4 channels (red, green, blue, alpha; premultiplied).

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import numpy.typing as npt

from training.data.packages import DataError

SPRITE_PX = 256
CONTENT_PX = 232
VISIBLE_ALPHA = 8

Bytes = npt.NDArray[np.uint8]


def visible_box(alpha_HW: Bytes) -> tuple[int, int, int, int]:
    """First and one past the last visible row and column: top, bottom, left, right."""
    visible_HW = alpha_HW > VISIBLE_ALPHA
    rows, columns = np.flatnonzero(visible_HW.any(1)), np.flatnonzero(visible_HW.any(0))
    if not rows.size:
        raise DataError("nothing is visible")
    return int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1


def premultiplied(image_HWC: Bytes) -> Bytes:
    """Straight RGBA -> premultiplied RGBA, uint8."""
    wide_HWC = image_HWC.astype(np.uint16)
    colour_HWC = (wide_HWC[..., :3] * wide_HWC[..., 3:] + 127) // 255
    return np.concatenate([colour_HWC, wide_HWC[..., 3:]], axis=-1).astype(np.uint8)


def sprite_hash(sprite_HWC: Bytes) -> str:
    """Sha256 of the sprite's bytes, row by row."""
    return hashlib.sha256(np.ascontiguousarray(sprite_HWC).tobytes()).hexdigest()


def halved(sprites_NHWC: Bytes) -> Bytes:
    """Box average over 2 x 2 pixels (right for premultiplied alpha)."""
    count, height, width, channels = sprites_NHWC.shape
    blocks = sprites_NHWC.reshape(count, height // 2, 2, width // 2, 2, channels).astype(np.uint16)
    return ((blocks.sum(axis=(2, 4)) + 2) // 4).astype(np.uint8)


def flaw(sprite_HWC: Bytes) -> str:
    """Why a sprite is unfit for training; empty when it is fit."""
    alpha_HW = sprite_HWC[..., 3]
    filled = float((alpha_HW > 127).mean())
    rows, columns = (
        np.flatnonzero((alpha_HW > VISIBLE_ALPHA).any(1)),
        np.flatnonzero((alpha_HW > VISIBLE_ALPHA).any(0)),
    )
    if rows.size == 0:
        return "blank"
    if min(np.ptp(rows), np.ptp(columns)) < 0.12 * CONTENT_PX:
        return "a thin line"
    if filled < 0.03:
        return "almost empty"
    return ""


def is_full_rectangle(sprite_HWC: Bytes) -> bool:
    """Whether the visible content fills its bounding box, as a photo or a scene does."""
    top, bottom, left, right = visible_box(sprite_HWC[..., 3])
    return float((sprite_HWC[top:bottom, left:right, 3] > 250).mean()) > 0.97


def sprite_path(work: Path, size_px: int) -> Path:
    """The sprite file of one size: raw uint8 [N, size, size, 4]."""
    return work / f"sprites_{size_px}.u8"


def open_sprites(work: Path, size_px: int) -> Bytes:
    """The sprite file of one size, mapped read-only as [N, H, W, 4]."""
    flat = np.memmap(sprite_path(work, size_px), dtype=np.uint8, mode="r")
    return flat.reshape(-1, size_px, size_px, 4)
