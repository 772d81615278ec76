"""Draws SVG pictures once, tight-fitted and centred, and packs them into sprite files.

Sprites are RGBA with premultiplied alpha, uint8. The longer side of the visible content is `CONTENT_PX` of the
`SPRITE_PX` canvas. Smaller sprite files are box averages of the large one. Nothing here chooses pictures.
"""

# Shapes: N sprites, H height, W width, C = 4 channels (red, green, blue, alpha; premultiplied).

from __future__ import annotations

import hashlib
import io
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import resvg_py
from PIL import Image

from training.data.packages import DataError

SPRITE_PX = 256
CONTENT_PX = 232
PROBE_PX = 128
VISIBLE_ALPHA = 8

Bytes = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """The inside of an SVG with its view box (x, y, width, height) and the attributes its root needs."""

    body: str
    view: tuple[float, float, float, float]
    root_attributes: str = ""


def draw(drawing: Drawing) -> Bytes:
    """Draw one picture as a sprite.

    Returns:
        sprite_HWC: uint8 [256, 256, 4], premultiplied.

    Raises:
        DataError: the SVG cannot be drawn or nothing of it is visible.
    """
    view = _visible_view(drawing)
    scale = CONTENT_PX / max(view[2], view[3])
    width, height = (max(1, round(side * scale)) for side in view[2:])
    image_HWC = _premultiplied(_rasterise(drawing, view, width, height))
    sprite_HWC = np.zeros((SPRITE_PX, SPRITE_PX, 4), np.uint8)
    top, left = (SPRITE_PX - height) // 2, (SPRITE_PX - width) // 2
    sprite_HWC[top : top + height, left : left + width] = image_HWC
    return sprite_HWC


def _visible_view(drawing: Drawing) -> tuple[float, float, float, float]:
    """The view box of the visible content, from a small first drawing with a margin for what overflows."""
    x, y, width, height = drawing.view
    step = max(width, height) / PROBE_PX
    columns, rows = max(1, round(width / step)), max(1, round(height / step))
    alpha_HW = _rasterise(drawing, drawing.view, columns, rows)[..., 3] > VISIBLE_ALPHA
    if not alpha_HW.any():
        raise DataError("nothing is visible")
    used_columns, used_rows = np.flatnonzero(alpha_HW.any(0)), np.flatnonzero(alpha_HW.any(1))
    left, right = int(used_columns[0]), int(used_columns[-1]) + 1
    top, bottom = int(used_rows[0]), int(used_rows[-1]) + 1
    return (
        x + width * left / columns,
        y + height * top / rows,
        width * (right - left) / columns,
        height * (bottom - top) / rows,
    )


def _rasterise(drawing: Drawing, view: tuple[float, float, float, float], width: int, height: int) -> Bytes:
    """Draw `view` at the given pixels; straight alpha."""
    box = " ".join(f"{number:.6g}" for number in view)
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'{drawing.root_attributes} viewBox="{box}" width="{width}" height="{height}" '
        f'preserveAspectRatio="none">{drawing.body}</svg>'
    )
    try:
        png = resvg_py.svg_to_bytes(svg_string=svg, skip_system_fonts=True)
    except ValueError as error:
        raise DataError(f"not drawable: {error}") from error
    except BaseException as error:  # a panic inside the renderer has a type that cannot be imported
        if type(error).__name__ != "PanicException":
            raise
        raise DataError(f"the renderer gave up: {error}") from None
    with Image.open(io.BytesIO(png)) as image:
        return np.asarray(image.convert("RGBA"))


def _premultiplied(image_HWC: Bytes) -> Bytes:
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
    rows, columns = np.flatnonzero((alpha_HW > VISIBLE_ALPHA).any(1)), np.flatnonzero((alpha_HW > VISIBLE_ALPHA).any(0))
    if rows.size == 0:
        return "blank"
    if min(np.ptp(rows), np.ptp(columns)) < 0.12 * CONTENT_PX:
        return "a thin line"
    if filled < 0.03:
        return "almost empty"
    return ""


def sprite_path(work: Path, size_px: int) -> Path:
    """The sprite file of one size: raw uint8 [N, size, size, 4]."""
    return work / f"sprites_{size_px}.u8"


def open_sprites(work: Path, size_px: int) -> Bytes:
    """The sprite file of one size, mapped read-only as [N, H, W, 4]."""
    flat = np.memmap(sprite_path(work, size_px), dtype=np.uint8, mode="r")
    return flat.reshape(-1, size_px, size_px, 4)


def cache_path(work: Path, package_key: str, icon: str) -> Path:
    """Where the finished sprite of one picture is kept between runs (PNG holding premultiplied values)."""
    return work / "renders" / package_key / (re.sub(r"[^A-Za-z0-9._-]", "_", icon) + ".png")


def draw_cached(drawing: Drawing, path: Path) -> Bytes:
    """Draw, or read what was drawn before."""
    if path.exists():
        with Image.open(path) as image:
            return np.asarray(image)
    sprite_HWC = draw(drawing)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    Image.fromarray(sprite_HWC, "RGBA").save(partial, "PNG", compress_level=1)
    partial.rename(path)
    return sprite_HWC
