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
WHOLE_PX = 640
VISIBLE_ALPHA = 8

Bytes = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """The inside of an SVG with its view box (x, y, width, height)."""

    body: str
    view: tuple[float, float, float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class WholeSvg:
    """A complete SVG file."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Raster:
    """A pixel image with transparency, as the bytes of its file."""

    data: bytes


Drawing = Body | WholeSvg | Raster


def draw(drawing: Drawing) -> Bytes:
    """Draw one picture as a sprite.

    Returns:
        sprite_HWC: uint8 [256, 256, 4], premultiplied.

    Raises:
        DataError: the picture cannot be drawn or nothing of it is visible.
    """
    match drawing:
        case Body():
            view = _visible_view(drawing)
            scale = CONTENT_PX / max(view[2], view[3])
            width, height = (max(1, round(side * scale)) for side in view[2:])
            image_HWC = premultiplied(_rasterise(drawing.body, view, width, height))
        case WholeSvg():
            image_HWC = _fitted(premultiplied(_png_pixels(_resvg(drawing.text, width=WHOLE_PX))))
        case Raster():
            image_HWC = _fitted(premultiplied(_png_pixels(drawing.data)))
    return _centred(image_HWC)


def _centred(image_HWC: Bytes) -> Bytes:
    height, width = image_HWC.shape[:2]
    sprite_HWC = np.zeros((SPRITE_PX, SPRITE_PX, 4), np.uint8)
    top, left = (SPRITE_PX - height) // 2, (SPRITE_PX - width) // 2
    sprite_HWC[top : top + height, left : left + width] = image_HWC
    return sprite_HWC


def _visible_box(alpha_HW: Bytes) -> tuple[int, int, int, int]:
    """First and one past the last visible row and column: top, bottom, left, right."""
    visible_HW = alpha_HW > VISIBLE_ALPHA
    rows, columns = np.flatnonzero(visible_HW.any(1)), np.flatnonzero(visible_HW.any(0))
    if not rows.size:
        raise DataError("nothing is visible")
    return int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1


def _visible_view(drawing: Body) -> tuple[float, float, float, float]:
    """The view box of the visible content, from a small first drawing."""
    x, y, width, height = drawing.view
    step = max(width, height) / PROBE_PX
    columns, rows = max(1, round(width / step)), max(1, round(height / step))
    alpha_HW = _rasterise(drawing.body, drawing.view, columns, rows)[..., 3]
    top, bottom, left, right = _visible_box(alpha_HW)
    return (
        x + width * left / columns,
        y + height * top / rows,
        width * (right - left) / columns,
        height * (bottom - top) / rows,
    )


def _rasterise(body: str, view: tuple[float, float, float, float], width: int, height: int) -> Bytes:
    """Draw the part `view` of an SVG's inside at the given pixels; straight alpha."""
    box = " ".join(f"{number:.6g}" for number in view)
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="{box}" '
        f'width="{width}" height="{height}" preserveAspectRatio="none">{body}</svg>'
    )
    return _png_pixels(_resvg(svg))


def _resvg(svg: str, width: int | None = None) -> bytes:
    try:
        return resvg_py.svg_to_bytes(svg_string=svg, skip_system_fonts=True, width=width, dpi=96)
    except ValueError as error:
        raise DataError(f"not drawable: {error}") from error
    except BaseException as error:  # a panic inside the renderer has a type that cannot be imported
        if type(error).__name__ != "PanicException":
            raise
        raise DataError(f"the renderer gave up: {error}") from None


def _png_pixels(data: bytes) -> Bytes:
    with Image.open(io.BytesIO(data)) as image:
        return np.asarray(image.convert("RGBA"))


def _fitted(image_HWC: Bytes) -> Bytes:
    """Cut to the visible content and scale its longer side to `CONTENT_PX`."""
    top, bottom, left, right = _visible_box(image_HWC[..., 3])
    scale = CONTENT_PX / max(bottom - top, right - left)
    size = (max(1, round((right - left) * scale)), max(1, round((bottom - top) * scale)))
    cut_HWC = image_HWC[top:bottom, left:right]
    # Each channel by itself: Pillow would divide RGBA by its alpha, and these values are premultiplied already.
    channels = [Image.fromarray(cut_HWC[..., number]).resize(size, Image.Resampling.BOX if scale < 0.5 else Image.Resampling.BICUBIC) for number in range(4)]
    fitted_HWC = np.stack([np.asarray(channel) for channel in channels], axis=-1)
    return np.minimum(fitted_HWC, fitted_HWC[..., 3:])


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
    rows, columns = np.flatnonzero((alpha_HW > VISIBLE_ALPHA).any(1)), np.flatnonzero((alpha_HW > VISIBLE_ALPHA).any(0))
    if rows.size == 0:
        return "blank"
    if min(np.ptp(rows), np.ptp(columns)) < 0.12 * CONTENT_PX:
        return "a thin line"
    if filled < 0.03:
        return "almost empty"
    return ""


def is_full_rectangle(sprite_HWC: Bytes) -> bool:
    """Whether the visible content fills its bounding box, as a photo or a scene does."""
    top, bottom, left, right = _visible_box(sprite_HWC[..., 3])
    return float((sprite_HWC[top:bottom, left:right, 3] > 250).mean()) > 0.97


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
