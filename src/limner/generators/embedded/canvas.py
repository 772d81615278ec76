"""Between pictures and the network's canvas: alpha, masks, the keeping of unmasked parts.

Straight-alpha uint8 pictures on one side, premultiplied floats (0-1) or the canvas on the other.
This module runs no network.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from limner.generators.embedded.sampler import Canvas

# Shapes: B pictures, C channels (RGBA), H height, W width.

FEATHER_PX = 2.0


def to_premultiplied(image_HWC: NDArray[np.uint8]) -> Canvas:
    """uint8 straight alpha `[H, W, 4]` to float32 premultiplied `[4, H, W]`, 0-1."""
    rgba = image_HWC.astype(np.float32) / 255
    rgba[..., :3] *= rgba[..., 3:]
    return np.ascontiguousarray(rgba.transpose(2, 0, 1))


def to_straight(rgba_BCHW: Canvas) -> NDArray[np.uint8]:
    """float32 premultiplied `[B, 4, H, W]` to uint8 straight alpha `[B, H, W, 4]`.

    Values beyond 0-1 are held there and colours at their alpha. What is no number becomes 0; the
    caller has looked for it before. Alpha within one level of nothing or of all is taken as such,
    so that a clear ground is wholly clear.
    """
    rgba_BCHW = np.fmax(rgba_BCHW, 0)  # a copy, worked on in its place
    colour_BCHW, alpha_B1HW = rgba_BCHW[:, :3], rgba_BCHW[:, 3:]
    np.minimum(alpha_B1HW, 1, out=alpha_B1HW)
    np.minimum(colour_BCHW, alpha_B1HW, out=colour_BCHW)
    alpha_B1HW[alpha_B1HW < 1.5 / 255] = 0
    alpha_B1HW[alpha_B1HW > 253.5 / 255] = 1
    colour_BCHW /= np.maximum(alpha_B1HW, 1 / 255)
    np.minimum(colour_BCHW, 1, out=colour_BCHW)
    colour_BCHW *= alpha_B1HW > 0
    rgba_BCHW *= 255
    np.rint(rgba_BCHW, out=rgba_BCHW)
    return np.ascontiguousarray(rgba_BCHW.astype(np.uint8).transpose(0, 2, 3, 1))


def are_finite(canvas_BCHW: Canvas) -> NDArray[np.bool_]:
    """Which of the canvases `[B, ...]` hold no NaN and no infinity, bool `[B]`."""
    return np.array([bool(np.isfinite(one).all()) for one in canvas_BCHW])


def mask_on_canvas(mask_HW: NDArray[np.uint8], sides: tuple[int, int]) -> Canvas:
    """Where to repaint, float32 of `sides`, 0-1: the strongest pixel of each cell decides.

    Args:
        mask_HW: uint8, 255 repaints; H and W multiples of `sides`.
        sides: height and width of the network's canvas.
    """
    (height, width), (rows, columns) = mask_HW.shape, sides
    cells = mask_HW.reshape(rows, height // rows, columns, width // columns)
    return cells.max(axis=(1, 3)).astype(np.float32) / 255


def hold_known(clean_BCHW: Canvas, known_CHW: Canvas, mask_HW: Canvas) -> Canvas:
    """An estimate that is true where the canvas is known.

    Every step's clean estimate takes the known values outside the mask. As every picture keeps one
    noise from start to end, the noisy canvas there is at each step exactly the known canvas with
    its noise: the re-noising of RePaint (Lugmayr et al. 2022, arXiv:2201.09865) without its
    jumps back.
    """
    return known_CHW + mask_HW * (clean_BCHW - known_CHW)


def put_back(
    drawn_HWC: NDArray[np.uint8], source_HWC: NDArray[np.uint8], mask_HW: NDArray[np.uint8]
) -> NDArray[np.uint8]:
    """The drawn picture inside the mask, the source outside it.

    Pixels whose mask is 0 are the source's, exactly; the change is feathered over a few pixels
    inside the edge of the mask.
    """
    soft = Image.fromarray(mask_HW).filter(ImageFilter.GaussianBlur(FEATHER_PX))
    inside = np.minimum(np.asarray(soft, np.float32) * 1.5, 255.0)
    share_HW = np.minimum(inside, mask_HW) / np.float32(255)
    drawn, source = to_premultiplied(drawn_HWC), to_premultiplied(source_HWC)
    mixed_HWC = to_straight((source + share_HW * (drawn - source))[None])[0]
    return np.where(mask_HW[..., None] == 0, source_HWC, mixed_HWC)
