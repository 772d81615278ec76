"""Taking a plain background away by its colour, for models that draw opaque pictures only.

It is a colour key and is called so: it knows nothing of what the picture shows. What has the
background's colour and touches the border through that colour goes, what is inside stays, and a
background that is not plain is left as it is.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

# Shapes: H height, W width, C channels (RGBA, straight alpha), L pixels of a border.

TOLERANCE = 24  # of 255, largest difference of a channel that still is the background's colour
SOFT = 96.0  # distance, 0-255, from which a pixel beside the background is wholly the subject's
PLAIN_SHARE = 0.9  # of the border that must have one colour


class Keyed(NamedTuple):
    """What a colour key made of a picture.

    Attributes:
        image_HWC: uint8, RGBA.
        told: what was done, or why nothing was, in one sentence.
    """

    image_HWC: NDArray[np.uint8]
    told: str


def key_out(image_HWC: NDArray[np.uint8]) -> Keyed:
    """Make a plain background transparent.

    Args:
        image_HWC: uint8, RGBA, opaque; one with transparency is given back as it is.

    Source: our own; edges are unmixed as in Porter and Duff 1984, "Compositing digital images".
    """
    if image_HWC[..., 3].min() < 255:
        return Keyed(image_HWC, "The picture came out with transparency, so no colour was keyed.")
    border_LC = np.concatenate(
        [image_HWC[0], image_HWC[-1], image_HWC[:, 0], image_HWC[:, -1]], axis=0
    )[:, :3]
    key_C = np.median(border_LC, axis=0)
    share = float((_distance(border_LC, key_C) <= TOLERANCE).mean())
    if share < PLAIN_SHARE:
        return Keyed(
            image_HWC,
            f"The background is not plain ({100 * share:.0f} % of the border has one colour), so "
            "it was not keyed out.",
        )
    distance_HW = _distance(image_HWC[..., :3], key_C)
    ground_HW = reached_from_border(distance_HW <= TOLERANCE)
    keyed_HWC = _unmixed(image_HWC, key_C, distance_HW, ground_HW)
    colour = "#{:02x}{:02x}{:02x}".format(*(round(float(one)) for one in key_C))
    return Keyed(
        keyed_HWC, f"A plain background was taken away by a colour key of {colour}, nothing else."
    )


def reached_from_border(open_HW: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which open pixels are joined to the border by open pixels, side by side."""
    reached_HW = np.zeros_like(open_HW)
    for edge in (np.s_[0], np.s_[-1], np.s_[:, 0], np.s_[:, -1]):
        reached_HW[edge] = open_HW[edge]
    rows_HW, columns_WH = _runs(open_HW), _runs(open_HW.T)
    while True:
        before = int(reached_HW.sum())
        reached_HW = open_HW & _spread(reached_HW, rows_HW)
        reached_HW = open_HW & _spread(reached_HW.T, columns_WH).T
        if int(reached_HW.sum()) == before:
            return reached_HW


def _runs(open_HW: NDArray[np.bool_]) -> NDArray[np.int64]:
    """A number for every run of equal pixels along the rows."""
    starts_HW = np.ones(open_HW.shape, np.int64)
    starts_HW[:, 1:] = open_HW[:, 1:] != open_HW[:, :-1]
    return np.cumsum(starts_HW).reshape(open_HW.shape) - 1


def _spread(reached_HW: NDArray[np.bool_], runs_HW: NDArray[np.int64]) -> NDArray[np.bool_]:
    """All of every run that has a reached pixel."""
    return (np.bincount(runs_HW.ravel(), reached_HW.ravel()) > 0)[runs_HW]


def _distance(colours: NDArray[np.uint8], key_C: NDArray[np.floating]) -> NDArray[np.float64]:
    return np.abs(colours.astype(np.float64) - key_C).max(axis=-1)


def _unmixed(
    image_HWC: NDArray[np.uint8],
    key_C: NDArray[np.floating],
    distance_HW: NDArray[np.float64],
    ground_HW: NDArray[np.bool_],
) -> NDArray[np.uint8]:
    """The ground transparent; pixels beside it are taken for mixtures, and the key taken out."""
    beside_HW = np.zeros_like(ground_HW)
    beside_HW[1:] |= ground_HW[:-1]
    beside_HW[:-1] |= ground_HW[1:]
    beside_HW[:, 1:] |= ground_HW[:, :-1]
    beside_HW[:, :-1] |= ground_HW[:, 1:]
    share_HW = np.where(beside_HW, np.clip(distance_HW / SOFT, 0, 1), 1.0)
    share_HW[ground_HW] = 0.0
    share_HW1 = share_HW[..., None]
    colour_HWC = (image_HWC[..., :3] - (1 - share_HW1) * key_C) / np.maximum(share_HW1, 1 / 255)
    colour_HWC = np.where(share_HW1 > 0, colour_HWC.clip(0, 255), 0)
    return np.rint(np.concatenate([colour_HWC, 255 * share_HW1], axis=2)).astype(np.uint8)
