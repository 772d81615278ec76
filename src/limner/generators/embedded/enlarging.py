"""Enlarging any picture with the head that enlarges what the model draws.

The head was trained on the model's own pictures, icons and stickers; on photographs it is not known
to be better than plain resampling.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from limner.core.errors import PictureBroken
from limner.generators.embedded.canvas import are_finite, to_premultiplied, to_straight
from limner.generators.embedded.networks import open_networks
from limner.generators.embedded.weights import Weights
from limner.generators.enlarging.generator import (
    FACTORS,
    EnlargingGenerator,
    Facts,
    enlarging_card,
)
from limner.generators.enlarging.squares import OnPart, Squares, enlarge_in_squares

# Shapes: N squares, H height, W width, C channels (RGBA, straight alpha).

NAME = "enlarge-head"
FILES = ("enlarge.xml", "enlarge.bin")


class Head:
    """The head of a set of weights. Making one loads nothing.

    Args:
        weights: whose head it is.
        num_threads: 0 takes every core the process may use.
    """

    def __init__(self, weights: Weights, num_threads: int) -> None:
        self._weights = weights
        self._num_threads = num_threads

    @property
    def facts(self) -> Facts:
        """What the network runs on."""
        facts = open_networks(self._weights, self._num_threads).graphs.facts_of("enlarge")
        return Facts(facts.device, facts.precision, facts.num_threads, {"openvino": facts.version})

    @property
    def squares(self) -> Squares:
        """How it enlarges."""
        side_px = self._weights.card.picture_px
        return Squares(
            side_px=side_px,
            margin_px=side_px // 8,
            factor=self._weights.card.output_px // side_px,
            enlarge=self._enlarge_squares,
        )

    def enlarge(
        self, image_HWC: NDArray[np.uint8], factor: int, on_part: OnPart
    ) -> NDArray[np.uint8]:
        """See `Enlarger.enlarge`."""
        return enlarge_in_squares(image_HWC, self.squares, factor, on_part)

    def _enlarge_squares(self, small_NHWC: NDArray[np.uint8]) -> NDArray[np.uint8]:
        networks = open_networks(self._weights, self._num_threads)
        large_NCHW = networks.enlarge(np.stack([to_premultiplied(one) for one in small_NHWC]))
        if not are_finite(large_NCHW).all():
            raise PictureBroken("The enlarged picture holds what is not a number.")
        return to_straight(large_NCHW)


def open_head(*, num_threads: int = 0, weights: Weights | None = None) -> EnlargingGenerator:
    """The head behind the port; loads with the first picture.

    Args:
        num_threads: 0 takes every core the process may use.
        weights: another set than the packaged one.
    """
    weights = weights or Weights()
    head = Head(weights, num_threads)
    factor = head.squares.factor
    card = enlarging_card(
        name=NAME,
        version=weights.card.version,
        engine="openvino",
        licence=weights.card.licence,
        ingredients={name: weights.ingredients[name] for name in FILES},
        factors=tuple(one for one in FACTORS if one in (factor, factor**2)),
        description=(
            "The network that enlarges what the shipped model draws, icons and stickers; on "
            "photographs it is not known to be better than plain resampling."
        ),
    )
    return EnlargingGenerator(card, head)
