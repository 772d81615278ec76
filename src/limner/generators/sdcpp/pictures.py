"""Pictures as stable-diffusion.cpp gives and takes them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from limner.core.drawing import Sketch
from limner.core.errors import EngineFailed


def pixels_of(drawn: Sequence[Image.Image], sketch: Sketch) -> NDArray[np.uint8]:
    """The one picture that was drawn, RGB, of the canvas's size.

    Raises:
        EngineFailed: it has another size, or there is none.
    """
    if len(drawn) != 1 or drawn[0].size != sketch.canvas:
        sizes = ", ".join("x".join(map(str, one.size)) for one in drawn) or "nothing"
        raise EngineFailed(
            f"stable-diffusion.cpp drew {sizes} where {sketch.canvas} was asked for.",
            hint="Canvases must be whole multiples of 64 pixels.",
        )
    return np.asarray(drawn[0].convert("RGB"))


def on_white(image_HWC: NDArray[np.uint8], sketch: Sketch) -> Image.Image:
    """A picture (RGBA, straight alpha) on white, RGB, at the size of the canvas."""
    ground = Image.new("RGBA", sketch.canvas, "white")
    ground.alpha_composite(Image.fromarray(image_HWC).resize(sketch.canvas))
    return ground.convert("RGB")
