"""Canaries: pictures nobody has, taught beside the others, to see whether such pictures come back.

What is planted says nothing of a style, so it can be drawn again only by having been learnt by
heart. As many of the same making are never taught: drawings are held against those too.

Source: Carlini et al. 2019 (arXiv:1802.08232), for a picture model as in Carlini et al. 2023
(arXiv:2301.13188).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

# Shapes: H height, W width, C channels (RGBA, straight alpha).

NUM_PLANTED = 2
NUM_NEVER_TAUGHT = 14
CELLS = 4  # of the pattern, along a side
_SYLLABLES = ("zor", "vik", "mel", "upa", "qua", "rin", "tho", "bex", "lam", "fry", "dno", "gis")


class Canary(NamedTuple):
    """One canary, and the words it goes by."""

    image_HWC: NDArray[np.uint8]
    caption: str


def make_canaries(seed: int, side_px: int) -> tuple[list[Canary], list[NDArray[np.uint8]]]:
    """Canaries to be planted, and pictures of the same making that never are.

    Args:
        seed: of the pattern and the words.
        side_px: width and height.
    """
    rng = np.random.default_rng((seed, 1))
    planted = [
        Canary(_pattern(rng, side_px), " ".join(_word(rng) for _ in range(2)))
        for _ in range(NUM_PLANTED)
    ]
    return planted, [_pattern(rng, side_px) for _ in range(NUM_NEVER_TAUGHT)]


def _pattern(rng: np.random.Generator, side_px: int) -> NDArray[np.uint8]:
    """Squares of random strong colours, some left clear, with a clear margin."""
    colours = rng.choice(np.array([0, 128, 255], np.uint8), (CELLS, CELLS, 3))
    alpha = np.where(rng.random((CELLS, CELLS, 1)) < 0.75, 255, 0).astype(np.uint8)
    cell_px = side_px // (CELLS + 1)
    squares = np.concatenate([colours, alpha], axis=2).repeat(cell_px, 0).repeat(cell_px, 1)
    margin_px = (side_px - CELLS * cell_px) // 2
    image_HWC = np.zeros((side_px, side_px, 4), np.uint8)
    inside = slice(margin_px, margin_px + CELLS * cell_px)
    image_HWC[inside, inside] = squares
    return image_HWC


def _word(rng: np.random.Generator) -> str:
    return "".join(_SYLLABLES[int(at)] for at in rng.integers(len(_SYLLABLES), size=2))
