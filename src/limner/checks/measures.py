"""What can be read off a picture's pixels: background colour, object colour, number of things.

Plain functions over uint8 RGBA pictures with straight alpha. None of them knows what was asked.
"""

# Shapes: H height, W width, C channels (RGBA, straight alpha), N colours, M different ones,
# P background words.

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage

from limner.checks import colours

Bytes = NDArray[np.uint8]
Bools = NDArray[np.bool_]

OPAQUE = 128
WORKING_PX = 128
RIM_SHARE = 0.04
LEAST_PART = 0.2


class Box(NamedTuple):
    """Rows and columns of a part, ends not included."""

    top: int
    bottom: int
    left: int
    right: int


def small(image_HWC: Bytes, side_px: int = WORKING_PX) -> Bytes:
    """The picture at `side_px` squared, averaged with the weight of alpha."""
    if image_HWC.shape[:2] == (side_px, side_px):
        return image_HWC
    return scaled(weighted(image_HWC), side_px)


def weighted(image_HWC: Bytes) -> PillowImage.Image:
    """A picture with alpha multiplied in, where any of it is transparent; for `scaled`."""
    picture = as_pillow(image_HWC)
    return picture.convert("RGBa") if picture.mode == "RGBA" else picture


def scaled(picture: PillowImage.Image, side_px: int) -> Bytes:
    """What `weighted` gave at `side_px` squared; uint8, RGBA, straight alpha."""
    small_picture = picture.resize((side_px, side_px), PillowImage.Resampling.BOX)
    if small_picture.mode == "RGBa":
        small_picture = small_picture.convert("RGBA")
    return np.asarray(small_picture)


def as_pillow(image_HWC: Bytes) -> PillowImage.Image:
    """A picture for Pillow to resize; what it gives back has four channels too.

    Where nothing is transparent alpha weighs all the same, and need not be multiplied in and out.
    """
    height_px, width_px, _ = image_HWC.shape
    mode = "RGBX" if image_HWC[..., 3].min() == 255 else "RGBA"
    return PillowImage.frombytes(mode, (width_px, height_px), image_HWC.tobytes())


def rim_pixels(image_HWC: Bytes) -> Bytes:
    """The pixels of the outermost 4 % of each side, uint8 `[N, 4]`."""
    height, width = image_HWC.shape[:2]
    depth = max(1, round(RIM_SHARE * min(height, width)))
    is_rim_HW = np.ones((height, width), np.bool_)
    is_rim_HW[depth:-depth, depth:-depth] = False
    return image_HWC[is_rim_HW]


def nearest_word(rgb_NC: Bytes) -> NDArray[np.str_]:
    """The background word whose colour is nearest in OKLab to each colour."""
    # A plain ground is one colour many times over.
    packed_N = rgb_NC @ np.array([1 << 16, 1 << 8, 1], np.int32)
    _, first_M, place_N = np.unique(packed_N, return_index=True, return_inverse=True)
    apart_MPC = colours.bytes_to_oklab(rgb_NC[first_M])[:, None] - _background_colours()[None]
    nearest_M = np.square(apart_MPC).sum(axis=2).argmin(axis=1)
    return np.array(colours.background_words())[nearest_M[place_N]]


def background_word(image_HWC: Bytes) -> str | None:
    """The word of most of the rim, or None when the rim is see-through or no word has half of it.

    Source: our own; its accuracy on painted grounds is printed by the figure that uses it.
    """
    rim_NC = rim_pixels(image_HWC)
    solid_NC = rim_NC[rim_NC[:, 3] >= OPAQUE]
    if len(solid_NC) < len(rim_NC) / 2:
        return None
    words, counts = np.unique(nearest_word(solid_NC[:, :3]), return_counts=True)
    best = int(counts.argmax())
    return str(words[best]) if counts[best] >= len(rim_NC) / 2 else None


def subject_mask(image_HWC: Bytes, least_distance: float = 0.09) -> Bools:
    """Where the subject is: alpha, or what differs from the rim's colour when the rim is solid.

    Args:
        image_HWC: uint8, RGBA.
        least_distance: in OKLab, from the rim's median colour.
    """
    rim_NC = rim_pixels(image_HWC)
    solid_NC = rim_NC[rim_NC[:, 3] >= OPAQUE]
    is_solid_HW = image_HWC[..., 3] >= OPAQUE
    if len(solid_NC) < len(rim_NC) / 2:
        return is_solid_HW
    ground_1C = _oklab(np.median(solid_NC[:, :3], axis=0)[None] / 255)
    apart_NC = colours.bytes_to_oklab(image_HWC[..., :3].reshape(-1, 3)) - ground_1C
    distance_N = np.sqrt(np.einsum("nc,nc->n", apart_NC, apart_NC))
    return is_solid_HW & (distance_N.reshape(is_solid_HW.shape) >= least_distance)


def subject_colour(image_HWC: Bytes) -> str | None:
    """The plain colour word the subject is called by, or None when no word names enough of it."""
    mask_HW1 = subject_mask(image_HWC)[..., None]
    solid_HWC = np.concatenate([image_HWC[..., :3] / 255 * mask_HW1, mask_HW1], axis=2)
    words = colours.dominant_words(solid_HWC.astype(np.float32))
    return words[0] if words else None


def parts(mask_HW: Bools, least_share: float = LEAST_PART) -> list[Bools]:
    """Connected parts of a mask, largest first, without those small against the largest.

    Pixels touch along sides and corners. Gaps of up to two pixels count as touching.

    Args:
        mask_HW: at most about 128 px, for speed.
        least_share: parts smaller than this share of the largest are specks.
    """
    bridged_HW = _closed(mask_HW)
    labels_HW = np.where(bridged_HW, np.arange(1, mask_HW.size + 1).reshape(mask_HW.shape), 0)
    while True:
        spread_HW = np.where(bridged_HW, _neighbourhood(labels_HW).max(axis=0), 0)
        # A label is the number of a pixel; taking that pixel's own label crosses large parts fast.
        jumped_HW = np.append(0, spread_HW)[spread_HW]
        if np.array_equal(jumped_HW, labels_HW):
            break
        labels_HW = jumped_HW
    names, areas = np.unique(labels_HW[mask_HW & (labels_HW > 0)], return_counts=True)
    order = np.argsort(-areas, kind="stable")
    kept = [names[at] for at in order if areas[at] >= least_share * areas.max()]
    return [(labels_HW == name) & mask_HW for name in kept]


def count_things(image_HWC: Bytes) -> int:
    """How many separate things the picture shows; 0 when it is empty."""
    mask_HW = subject_mask(small(image_HWC))
    return len(parts(mask_HW)) if mask_HW.any() else 0


def halves(image_HWC: Bytes, *, is_across: bool) -> tuple[Bytes, Bytes] | None:
    """The two things of a picture, cut where least of them is in the way.

    Args:
        image_HWC: uint8, RGBA.
        is_across: cut into left and right, else into top and bottom.

    Returns:
        Both as squares with the rest of the picture transparent; None when a side is empty.
    """
    picture_HWC = small(image_HWC)
    mask_HW = subject_mask(picture_HWC)
    if not is_across:
        swapped = halves(np.swapaxes(picture_HWC, 0, 1), is_across=True)
        return swapped and (np.swapaxes(swapped[0], 0, 1), np.swapaxes(swapped[1], 0, 1))
    area_W = mask_HW.sum(axis=0)
    if area_W.sum() == 0:
        return None
    done_W = np.cumsum(area_W) / area_W.sum()
    allowed = np.flatnonzero((done_W >= 0.2) & (done_W <= 0.8))
    if not len(allowed):
        return None
    cut = int(allowed[area_W[allowed].argmin()]) + 1
    is_left_W = np.arange(mask_HW.shape[1], dtype=np.int64) < np.int64(cut)
    return alone(picture_HWC, mask_HW & is_left_W), alone(picture_HWC, mask_HW & ~is_left_W)


def alone(image_HWC: Bytes, mask_HW: Bools) -> Bytes:
    """What the mask shows, in the middle of a square with a small margin; clear if nothing."""
    if not mask_HW.any():
        return np.zeros((1, 1, 4), np.uint8)
    rows, columns = np.flatnonzero(mask_HW.any(axis=1)), np.flatnonzero(mask_HW.any(axis=0))
    box = Box(rows[0], rows[-1] + 1, columns[0], columns[-1] + 1)
    tall, wide = box.bottom - box.top, box.right - box.left
    side = int(np.ceil(max(tall, wide) * 1.1))
    square_HWC = np.zeros((side, side, 4), np.uint8)
    top, left = (side - tall) // 2, (side - wide) // 2
    cut_HWC = image_HWC * mask_HW[..., None]
    square_HWC[top : top + tall, left : left + wide] = cut_HWC[
        box.top : box.bottom, box.left : box.right
    ]
    return square_HWC


@cache
def _background_colours() -> NDArray[np.float32]:
    """OKLab of the background words `[P, 3]`."""
    return _oklab(np.array([colours.prototype(word) for word in colours.background_words()]))


def _oklab(rgb_NC: NDArray[np.floating]) -> NDArray[np.float32]:
    light_N, chroma_N, hue_N = colours.to_oklch(rgb_NC).T
    angle_N = np.radians(hue_N)
    return np.stack([light_N, chroma_N * np.cos(angle_N), chroma_N * np.sin(angle_N)], axis=1)


def _neighbourhood(values_HW: NDArray[np.generic]) -> NDArray[np.generic]:
    """Each pixel and its eight neighbours, `[9, H, W]`; zero beyond the edge."""
    height, width = values_HW.shape
    padded_HW = np.pad(values_HW, 1)
    return np.stack([padded_HW[y : y + height, x : x + width] for y in range(3) for x in range(3)])


def _closed(mask_HW: Bools) -> Bools:
    """The mask with gaps of one pixel filled."""
    grown_HW: Bools = np.asarray(_neighbourhood(np.pad(mask_HW, 1)).any(axis=0))
    shrunk_HW: Bools = np.asarray(_neighbourhood(grown_HW).all(axis=0))
    return shrunk_HW[1:-1, 1:-1] | mask_HW
