"""Pictures as pipelines give and take them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from limner.core.drawing import Sketch

# Shapes: H height, W width, C channels.


def rgba_of(image_HWC: NDArray[np.floating[Any]]) -> NDArray[np.uint8]:
    """An opaque picture, rounded as diffusers does; numbers that are not finite become black."""
    with np.errstate(invalid="ignore"):
        rgb_HWC = (np.nan_to_num(image_HWC, posinf=0, neginf=0) * 255).round().astype(np.uint8)
    return np.dstack([rgb_HWC, np.full(rgb_HWC.shape[:2], 255, np.uint8)])


def rgb_of(image_HWC: NDArray[np.uint8] | None, sketch: Sketch) -> Image.Image:
    """A picture on white, at the size of the canvas."""
    assert image_HWC is not None
    picture = Image.fromarray(image_HWC)
    ground = Image.new("RGBA", picture.size, "white")
    return Image.alpha_composite(ground, picture).convert("RGB").resize(sketch.canvas)
