"""What a picture's pixels say about a mark: the part that edges and shading do not explain.

Marking and reading look at a picture at reading size, where a tile has TILE_PX pixels a side. Both
measure its texture in the same way, so that the reader knows where the mark was put in strongly.
"""

from __future__ import annotations

from itertools import product

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage

from limner.provenance.mark.codeword import Floats
from limner.provenance.mark.pattern import TILE_PX

# Shapes: H height, W width, C channels, T tile pixels a side.

LUMA_C = np.array([0.299, 0.587, 0.114], np.float32)  # BT.601, as JPEG has it
TEXTURE_GAIN = 0.25  # how much stronger the mark is for every grey level of texture
MAX_TEXTURE = 20.0

_WHITE = 255.0
_NEAR_TAPS = tuple(
    (dy, dx) for dy, dx in product((0, 2, 4), (-4, -2, 0, 2, 4)) if (dy, dx) > (0, 0)
)
_MARGIN_PX = max(abs(dx) for _, dx in _NEAR_TAPS)
_FAR_OFF = 1e6  # the colour of a margin; unlike any, and far from where float32 overflows
_ALIKE = 14.0  # grey levels; more than the mark and JPEG 50 change, less than an edge of flat art
_ALIKE_TEXTURE = 2.0  # added for every grey level of texture, or textures would look like edges
_MIN_ALIKE_SHARE = 0.1  # of the neighbours; fewer and the pixel lies on an edge
_ROUNDING_VARIANCE = 1.5  # of what rounding and compression leave in a plain area


def at_reading_size(image_HWC: NDArray[np.uint8], num_tiles: float) -> Floats:
    """The picture with `num_tiles` tiles on its short side: float32, RGB, 0-255, laid on white."""
    planes = [image_HWC[..., c].astype(np.float32) for c in range(3)]
    if image_HWC.shape[2] == 4 and image_HWC[..., 3].min() < 255:
        alpha_HW = image_HWC[..., 3].astype(np.float32) / 255
        white_HW = _WHITE * (1 - alpha_HW)
        planes = [one * alpha_HW + white_HW for one in planes]
    height_px, width_px = reading_size(image_HWC.shape[0], image_HWC.shape[1], num_tiles)
    return np.stack([resized(one, height_px, width_px) for one in planes], axis=-1)


def reading_size(height_px: int, width_px: int, num_tiles: float) -> tuple[int, int]:
    """Height and width at reading size."""
    scale = num_tiles * TILE_PX / min(height_px, width_px)
    return max(1, round(height_px * scale)), max(1, round(width_px * scale))


def resized(pixels_HW: Floats, height_px: int, width_px: int) -> Floats:
    """Pixels at another size: means of areas when smaller, bicubic when larger."""
    if pixels_HW.shape == (2 * height_px, 2 * width_px):
        return _halved(pixels_HW)
    is_smaller = height_px <= pixels_HW.shape[0] and width_px <= pixels_HW.shape[1]
    how = PillowImage.Resampling.BOX if is_smaller else PillowImage.Resampling.BICUBIC
    picture = PillowImage.fromarray(np.ascontiguousarray(pixels_HW))
    return np.asarray(picture.resize((width_px, height_px), how))


def _halved(pixels_HW: Floats) -> Floats:
    """Means of two by two, in a fifth of the time Pillow takes; our own common case."""
    pairs_HW = pixels_HW[:, ::2] + pixels_HW[:, 1::2]
    return (pairs_HW[::2] + pairs_HW[1::2]) * np.float32(0.25)


def texture_of(small_HWC: Floats) -> Floats:
    """Grey levels of texture around every pixel, 0 - MAX_TEXTURE; edges between plain areas have 0.

    The standard deviation of 3 x 3 pixels, then its least value within three pixels.
    """
    luma_HW = small_HWC @ LUMA_C
    mean_HW = _box(luma_HW, 1)
    spread_HW = np.sqrt(np.maximum(_box(luma_HW * luma_HW, 1) - mean_HW * mean_HW, 0))
    return np.minimum(_least_within(spread_HW, 3), np.float32(MAX_TEXTURE))


def evidence_of(small_HWC: Floats) -> Floats:
    """For every pixel, how much it speaks for a brighter mark there: float32 `[H, W]`.

    Residual times expected strength over variance, which is the best weighting of independent
    observations; 0 on edges.
    """
    texture_HW = texture_of(small_HWC)
    residual_HW, share_HW = _beside_alike(small_HWC, _ALIKE + _ALIKE_TEXTURE * texture_HW)
    variance_HW = _ROUNDING_VARIANCE + _box(residual_HW * residual_HW, 2)
    weight_HW = (1 + TEXTURE_GAIN * texture_HW) / variance_HW
    return np.where(share_HW > _MIN_ALIKE_SHARE, weight_HW * residual_HW, np.float32(0))


def folded(evidence_HW: Floats) -> Floats:
    """The tiles of a picture on top of each other: float32 `[T, T]`."""
    height_px, width_px = evidence_HW.shape
    down, right = -(-height_px // TILE_PX), -(-width_px // TILE_PX)
    padded_HW = np.zeros((down * TILE_PX, right * TILE_PX), np.float32)
    padded_HW[:height_px, :width_px] = evidence_HW
    return padded_HW.reshape(down, TILE_PX, right, TILE_PX).sum(axis=(0, 2))


def _beside_alike(small_HWC: Floats, tolerance_HW: Floats) -> tuple[Floats, Floats]:
    """Luma less the mean luma of neighbours of like colour, and the share of those that are alike.

    A sigma filter (Lee 1983) over a sparse window of 9 x 9: unlike a blur it does not carry an
    edge into the plain area beside it. Each pair of pixels is compared once, in rows that lie one
    behind the other with a margin between them: slices of one dimension take half the time.
    """
    height_px, width_px = tolerance_HW.shape
    luma_HW = small_HWC @ LUMA_C
    pitch_px = width_px + _MARGIN_PX
    colours_CN = np.stack([_in_one_row(one, _FAR_OFF) for one in np.moveaxis(small_HWC, 2, 0)])
    luma_N, tolerance_N = _in_one_row(luma_HW, 0), _in_one_row(tolerance_HW, -1)
    sum_N, count_N = luma_N.copy(), np.ones_like(luma_N)
    for dy, dx in _NEAR_TAPS:
        step = dy * pitch_px + dx
        here, there = slice(0, -step), slice(step, None)
        apart_CN = colours_CN[:, here] - colours_CN[:, there]
        np.abs(apart_CN, out=apart_CN)
        apart_N = np.maximum(np.maximum(apart_CN[0], apart_CN[1]), apart_CN[2])
        is_alike_N = (apart_N < tolerance_N[here]).astype(np.float32)
        sum_N[here] += is_alike_N * luma_N[there]
        sum_N[there] += is_alike_N * luma_N[here]
        count_N[here] += is_alike_N
        count_N[there] += is_alike_N
    sum_HW, count_HW = (one.reshape(height_px, pitch_px)[:, :width_px] for one in (sum_N, count_N))
    return luma_HW - sum_HW / count_HW, count_HW / (2 * len(_NEAR_TAPS) + 1)


def _in_one_row(pixels_HW: Floats, margin: float) -> Floats:
    """Rows one behind the other, each with a margin of this value at its end."""
    height_px, width_px = pixels_HW.shape
    rows_HW = np.full((height_px, width_px + _MARGIN_PX), margin, np.float32)
    rows_HW[:, :width_px] = pixels_HW
    return rows_HW.reshape(-1)


def _box(pixels_HW: Floats, radius_px: int) -> Floats:
    """Mean over a square; edges are repeated outwards."""
    padded_HW, side = _edged(pixels_HW, radius_px), 2 * radius_px + 1
    rows_HW = padded_HW[: len(pixels_HW)].copy()
    for k in range(1, side):
        rows_HW += padded_HW[k : k + len(pixels_HW)]
    sums_HW = rows_HW[:, : pixels_HW.shape[1]].copy()
    for k in range(1, side):
        sums_HW += rows_HW[:, k : k + pixels_HW.shape[1]]
    sums_HW /= np.float32(side * side)
    return sums_HW


def _least_within(pixels_HW: Floats, radius_px: int) -> Floats:
    padded_HW, side = _edged(pixels_HW, radius_px), 2 * radius_px + 1
    rows_HW = np.minimum.reduce([padded_HW[k : k + pixels_HW.shape[0]] for k in range(side)])
    return np.minimum.reduce([rows_HW[:, k : k + pixels_HW.shape[1]] for k in range(side)])


def _edged(pixels_HW: Floats, radius_px: int) -> Floats:
    """With edges repeated outwards: `numpy.pad`, which takes five times as long for this."""
    height_px, width_px = pixels_HW.shape
    edged_HW = np.empty((height_px + 2 * radius_px, width_px + 2 * radius_px), pixels_HW.dtype)
    within = edged_HW[:, radius_px:-radius_px]
    within[radius_px:-radius_px] = pixels_HW
    within[:radius_px], within[-radius_px:] = pixels_HW[0], pixels_HW[-1]
    edged_HW[:, :radius_px] = within[:, :1]
    edged_HW[:, -radius_px:] = within[:, -1:]
    return edged_HW
