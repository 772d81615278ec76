"""A picture in the terminal: two pixels a character, in colour."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from rich.text import Text

# Shapes: H height, W width, C channels.

UPPER_HALF = "\u2580"
GAP_COLUMNS = 2


def half_blocks(pictures: Sequence[NDArray[np.uint8]], *, num_columns: int) -> Text:
    """Pictures side by side, as wide together as `num_columns` characters at most.

    Args:
        pictures: HWC, uint8, opaque, all of one size; at least one.
        num_columns: of the terminal that may be used.

    Returns:
        Text of as many lines as half the pictures' rows need.
    """
    from rich.style import Style
    from rich.text import Text

    width = (num_columns - GAP_COLUMNS * (len(pictures) - 1)) // len(pictures)
    fitted = [_fitted(one, max(width, 1)) for one in pictures]
    text = Text(no_wrap=True)
    for row in range(0, fitted[0].shape[0], 2):
        for position, pixels_HWC in enumerate(fitted):
            if position:
                text.append(" " * GAP_COLUMNS)
            for upper, lower in zip(pixels_HWC[row], pixels_HWC[row + 1], strict=True):
                style = Style(color=_colour(upper), bgcolor=_colour(lower))
                text.append(UPPER_HALF, style)
        text.append("\n")
    return text


def _fitted(image_HWC: NDArray[np.uint8], width: int) -> NDArray[np.uint8]:
    """The picture at this width and an even height, by averaging areas."""
    from PIL import Image as PillowImage

    picture = PillowImage.fromarray(image_HWC).convert("RGB")
    height = max(2, round(picture.height * width / picture.width / 2) * 2)
    return np.asarray(picture.resize((width, height), PillowImage.Resampling.BOX))


def _colour(pixel_C: NDArray[np.uint8]) -> str:
    return "#{:02x}{:02x}{:02x}".format(*(int(one) for one in pixel_C))
