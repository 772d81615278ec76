"""The first acceptance check: flat, black, empty or not finite is never a success.

It looks at what the generator drew, before a background is laid under it. It does not judge
whether the picture shows what was asked.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from limner.core.errors import PictureBroken
from limner.core.records import Drawn, Size

# Shapes: H height, W width, C channels (RGBA, straight alpha).

FLAT_RANGE = 2  # largest difference per channel, 0-255, of a picture that shows nothing
BLACK_LEVEL = 8  # largest channel value, 0-255, of a picture that is black


def require_sound(drawn: Drawn, canvas: Size) -> None:
    """Refuse a drawn picture that cannot be a picture of anything.

    Raises:
        PictureBroken: it is not finite, of the wrong form, empty, flat or black; names the seed.
    """
    fault = find_fault(drawn.image_HWC, canvas, is_finite=drawn.is_finite)
    if fault is not None:
        raise PictureBroken(
            f"The picture with seed {drawn.seed} came out {fault} and was not kept.",
            hint="Try another seed, more steps or less guidance.",
        )


def find_fault(image_HWC: NDArray[np.uint8], canvas: Size, *, is_finite: bool) -> str | None:
    """What is wrong with a picture, in a word or two; ``None`` if nothing is."""
    if not is_finite:
        return "not finite"
    if image_HWC.dtype != np.uint8 or image_HWC.shape != (canvas.height_px, canvas.width_px, 4):
        return f"misshapen ({image_HWC.dtype} {image_HWC.shape})"
    alpha_HW = image_HWC[..., 3]
    if alpha_HW.max() <= FLAT_RANGE:
        return "empty (fully transparent)"
    seen_HWC = np.where(alpha_HW[..., None] > 0, image_HWC, 0)
    if (seen_HWC.max(axis=(0, 1)) - seen_HWC.min(axis=(0, 1))).max() <= FLAT_RANGE:
        return "flat (one colour)"
    if alpha_HW.min() == 255 and image_HWC[..., :3].max() <= BLACK_LEVEL:
        return "black"
    return None
