"""Draws pictures once, tight-fitted and centred: the longer side of what is visible is
`CONTENT_PX`.

Nothing here chooses pictures.
"""

# Shapes: H height, W width, C = 4 channels (red, green, blue, alpha; premultiplied).

from __future__ import annotations

import io
import re
from pathlib import Path

import numpy as np
import resvg_py
from PIL import Image

from training.data.drawings import Body, Drawing, Raster, WholeSvg
from training.data.packages import DataError
from training.data.sprites import CONTENT_PX, SPRITE_PX, Bytes, premultiplied, visible_box

PROBE_PX = 128
WHOLE_PX = 640


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


def _visible_view(drawing: Body) -> tuple[float, float, float, float]:
    """The view box of the visible content, from a small first drawing."""
    x, y, width, height = drawing.view
    step = max(width, height) / PROBE_PX
    columns, rows = max(1, round(width / step)), max(1, round(height / step))
    alpha_HW = _rasterise(drawing.body, drawing.view, columns, rows)[..., 3]
    top, bottom, left, right = visible_box(alpha_HW)
    return (
        x + width * left / columns,
        y + height * top / rows,
        width * (right - left) / columns,
        height * (bottom - top) / rows,
    )


def _rasterise(
    body: str, view: tuple[float, float, float, float], width: int, height: int
) -> Bytes:
    """Draw the part `view` of an SVG's inside at the given pixels; straight alpha."""
    box = " ".join(f"{number:.6g}" for number in view)
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'viewBox="{box}" '
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
    top, bottom, left, right = visible_box(image_HWC[..., 3])
    scale = CONTENT_PX / max(bottom - top, right - left)
    size = (max(1, round((right - left) * scale)), max(1, round((bottom - top) * scale)))
    cut_HWC = image_HWC[top:bottom, left:right]
    # Each channel by itself: Pillow would divide RGBA by its alpha, and these values are
    # premultiplied already.
    channels = [Image.fromarray(cut_HWC[..., number]).resize(size) for number in range(4)]
    fitted_HWC = np.stack([np.asarray(channel) for channel in channels], axis=-1)
    return np.minimum(fitted_HWC, fitted_HWC[..., 3:])


def cache_path(work: Path, package_key: str, icon: str) -> Path:
    """Where the finished sprite of one picture is kept between runs (PNG, premultiplied)."""
    return work / "renders" / package_key / (re.sub(r"[^A-Za-z0-9._-]", "_", icon) + ".png")


def draw_cached(drawing: Drawing, path: Path) -> Bytes:
    """Draw, or read what was drawn before."""
    if path.exists():
        with Image.open(path) as image:
            return np.asarray(image)
    sprite_HWC = draw(drawing)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    Image.fromarray(sprite_HWC).save(partial, "PNG", compress_level=1)
    partial.rename(path)
    return sprite_HWC
