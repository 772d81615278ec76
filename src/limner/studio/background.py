"""Background colours: reading them, and laying one exactly under a transparent picture."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import ImageColor

from limner.core.errors import BadInput

# Shapes: H height, W width, C channels (RGBA, straight alpha).

AUTO = "auto"
TRANSPARENT = "transparent"
COLOUR_KEY = "colour-key"
WHITE = "#ffffff"


def parse_background(text: str) -> str:
    """``auto``, ``transparent``, ``colour-key``, or a colour as ``#rrggbb``.

    Args:
        text: one of the three words, a CSS colour name, ``#rgb``, ``#rrggbb``, ``rgb(...)`` or
            ``hsl(...)``.

    Raises:
        BadInput: none of these, or a colour that is partly transparent.
    """
    if text in (AUTO, TRANSPARENT, COLOUR_KEY):
        return text
    try:
        colour = ImageColor.getrgb(text)
    except ValueError:
        colour = ()
    if len(colour) != 3:
        raise BadInput(
            f"The background is {text!r}; allowed are auto, transparent, colour-key, a CSS colour "
            "name such as tomato, or #rrggbb.",
            code="background_unknown",
        )
    return "#{:02x}{:02x}{:02x}".format(*colour)


def lay_under(image_HWC: NDArray[np.uint8], colour: str) -> NDArray[np.uint8]:
    """Put one colour under a picture; where the picture is transparent it is exactly that colour.

    Args:
        image_HWC: uint8, RGBA, straight alpha.
        colour: ``#rrggbb``.

    Returns:
        uint8, RGBA, alpha 255 everywhere.
    """
    under_C = np.array(ImageColor.getrgb(colour), np.float32)
    alpha_HW1 = image_HWC[..., 3:].astype(np.float32) / 255
    laid_HWC = image_HWC[..., :3] * alpha_HW1 + under_C * (1 - alpha_HW1)
    opaque_HW1 = np.full((*image_HWC.shape[:2], 1), 255, np.uint8)
    return np.concatenate([np.rint(laid_HWC).astype(np.uint8), opaque_HW1], axis=2)
