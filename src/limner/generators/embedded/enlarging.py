"""Enlarging any picture with the head that enlarges what the model draws.

The head was trained on the model's own pictures, icons and stickers; on photographs it is not known
to be better than plain resampling. It reads squares of one size, so a picture is enlarged square by
square, each with a margin that is cut off again, so that no seam shows.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product

import numpy as np
from numpy.typing import NDArray

from limner.core.errors import PictureBroken
from limner.generators.embedded.canvas import are_finite, to_premultiplied, to_straight
from limner.generators.embedded.networks import open_networks
from limner.generators.embedded.weights import Weights

# Shapes: N squares, H height, W width, C channels (RGBA, straight alpha).

SQUARES_TOGETHER = 4


class Enlarger:
    """Enlarges with the head of a set of weights. Making one loads nothing.

    Args:
        num_threads: 0 takes every core the process may use.
        weights: another set than the packaged one.
    """

    def __init__(self, *, num_threads: int = 0, weights: Weights | None = None) -> None:
        self._weights = weights or Weights()
        self._num_threads = num_threads
        self._side_px = self._weights.card.picture_px
        self._margin_px = self._side_px // 8

    @property
    def factor(self) -> int:
        """By how much a pass enlarges."""
        return self._weights.card.output_px // self._side_px

    @property
    def ingredients(self) -> Mapping[str, str]:
        """Tagged hash of every file that decides the picture."""
        names = ("enlarge.xml", "enlarge.bin")
        return {name: self._weights.ingredients[name] for name in names}

    def enlarge(self, image_HWC: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """One pass: the picture, larger by `factor`.

        Args:
            image_HWC: uint8, RGBA, straight alpha, of any size.

        Raises:
            PictureBroken: the network gave what is not a number.
            GeneratorUnavailable: it cannot be loaded.
        """
        height_px, width_px = image_HWC.shape[:2]
        margin_px, factor = self._margin_px, self.factor
        inner_px = self._side_px - 2 * margin_px
        rows, columns = -(-height_px // inner_px), -(-width_px // inner_px)
        padded_HWC = np.pad(
            image_HWC,
            (
                (margin_px, margin_px + rows * inner_px - height_px),
                (margin_px, margin_px + columns * inner_px - width_px),
                (0, 0),
            ),
            mode="edge",
        )
        large_HWC = np.empty((rows * inner_px * factor, columns * inner_px * factor, 4), np.uint8)
        tops, lefts = (range(0, num * inner_px, inner_px) for num in (rows, columns))
        corners = list(product(tops, lefts))
        for first in range(0, len(corners), SQUARES_TOGETHER):
            some = corners[first : first + SQUARES_TOGETHER]
            for corner, square_HWC in zip(some, self._squares(padded_HWC, some), strict=True):
                top_px, left_px = (factor * one for one in corner)
                large_px = factor * inner_px
                large_HWC[top_px : top_px + large_px, left_px : left_px + large_px] = square_HWC
        return large_HWC[: height_px * factor, : width_px * factor]

    def _squares(
        self, padded_HWC: NDArray[np.uint8], corners: list[tuple[int, int]]
    ) -> list[NDArray[np.uint8]]:
        """Squares of a padded picture, enlarged, their margins cut off."""
        side_px = self._side_px
        small_NCHW = np.stack(
            [
                to_premultiplied(padded_HWC[top : top + side_px, left : left + side_px])
                for top, left in corners
            ]
        )
        networks = open_networks(self._weights, self._num_threads)
        large_NCHW = networks.enlarge(small_NCHW)
        if not are_finite(large_NCHW).all():
            raise PictureBroken("The enlarged picture holds what is not a number.")
        cut_px = self._margin_px * self.factor
        return [one[cut_px:-cut_px, cut_px:-cut_px] for one in to_straight(large_NCHW)]
