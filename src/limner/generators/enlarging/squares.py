"""Enlarging a picture of any size with a network that reads squares of one size.

A picture is enlarged square by square, each with a margin that is cut off again, so that no seam
shows; in as many passes as the factor takes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

# Shapes: N squares, H height, W width, C channels (RGBA, straight alpha).

SQUARES_TOGETHER = 4

OnPart = Callable[[int, int], None]
"""Told before each part how many are done, and of how many; stops the enlarging by raising."""


def untold(_num_done: int, _num_parts: int) -> None:
    """For who need not be told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Squares:
    """How a network enlarges.

    Attributes:
        side_px: of a square it reads.
        margin_px: of it that only gives the rest its surroundings.
        factor: by which it enlarges.
        enlarge: squares `[N, side, side, 4]`, uint8, RGBA, straight alpha, to larger ones.
    """

    side_px: int
    margin_px: int
    factor: int
    enlarge: Callable[[NDArray[np.uint8]], NDArray[np.uint8]]

    def num_parts(self, height_px: int, width_px: int) -> int:
        """How many times the network runs for a picture."""
        rows, columns = self._grid(height_px, width_px)
        return -(-rows * columns // SQUARES_TOGETHER)

    def _grid(self, height_px: int, width_px: int) -> tuple[int, int]:
        inner_px = self.side_px - 2 * self.margin_px
        return -(-height_px // inner_px), -(-width_px // inner_px)

    def one_pass(
        self, image_HWC: NDArray[np.uint8], before_part: Callable[[], None]
    ) -> NDArray[np.uint8]:
        """The picture (uint8, RGBA), larger by `factor`."""
        height_px, width_px = image_HWC.shape[:2]
        inner_px, margin_px = self.side_px - 2 * self.margin_px, self.margin_px
        rows, columns = self._grid(height_px, width_px)
        below_px = margin_px + rows * inner_px - height_px
        right_px = margin_px + columns * inner_px - width_px
        sides = ((margin_px, below_px), (margin_px, right_px), (0, 0))
        padded_HWC = np.pad(image_HWC, sides, mode="edge")
        large_px, cut_px = inner_px * self.factor, self.margin_px * self.factor
        large_HWC = np.empty((rows * large_px, columns * large_px, 4), np.uint8)
        corners = [
            (row * inner_px, column * inner_px)
            for row, column in product(range(rows), range(columns))
        ]
        for first in range(0, len(corners), SQUARES_TOGETHER):
            before_part()
            some = corners[first : first + SQUARES_TOGETHER]
            small_NHWC = np.stack(
                [
                    padded_HWC[top : top + self.side_px, left : left + self.side_px]
                    for top, left in some
                ]
            )
            for (top, left), square_HWC in zip(some, self.enlarge(small_NHWC), strict=True):
                inner_HWC = square_HWC[cut_px : cut_px + large_px, cut_px : cut_px + large_px]
                top_px, left_px = top * self.factor, left * self.factor
                large_HWC[top_px : top_px + large_px, left_px : left_px + large_px] = inner_HWC
        return large_HWC[: height_px * self.factor, : width_px * self.factor]


def enlarge_in_squares(
    image_HWC: NDArray[np.uint8], squares: Squares, factor: int, on_part: OnPart = untold
) -> NDArray[np.uint8]:
    """A picture (uint8, RGBA) enlarged by a power of the network's own factor."""
    height_px, width_px = image_HWC.shape[:2]
    reached, num_parts, num_done = 1, 0, 0
    while reached < factor:
        num_parts += squares.num_parts(height_px * reached, width_px * reached)
        reached *= squares.factor
    assert reached == factor, "the card offers powers of the network's factor only"

    def before_part() -> None:
        nonlocal num_done
        on_part(num_done, num_parts)
        num_done += 1

    while reached > 1:
        image_HWC = squares.one_pass(image_HWC, before_part)
        reached //= squares.factor
    return image_HWC
