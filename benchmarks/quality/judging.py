"""Judging pictures: each judge says of one picture whether it shows what was asked."""

# Shapes: B pictures, N concepts, H height, W width, C channels (RGBA, straight alpha), V vector.

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from benchmarks.quality.specification import Asked, concepts, named
from limner.checks import measures
from limner.checks.referee import Referee
from limner.checks.views import flatten

Bytes = NDArray[np.uint8]
Floats = NDArray[np.float32]
Judge = Callable[[Bytes, Asked], bool]


class Eye:
    """The referee with the names of all concepts at hand."""

    def __init__(self, referee: Referee) -> None:
        self.referee = referee

    @cached_property
    def names_NV(self) -> Floats:
        """Unit vectors of the plain captions of all concepts."""
        return self.referee.text_vectors([named(concept) for concept in concepts()])

    def rank(self, image_HWC: Bytes, concept: str) -> int:
        """How many concepts fit the picture better than `concept`; 0 is the best."""
        fits_N = self.names_NV @ self._vector(image_HWC)
        return int((fits_N > fits_N[concepts().index(concept)]).sum())

    def is_among(self, best: int) -> Judge:
        """Whether the concept asked is among the `best` of all concepts."""
        return lambda image_HWC, asked: self.rank(image_HWC, asked.concept) < best

    def has_style(self, image_HWC: Bytes, asked: Asked) -> bool:
        """Whether the style asked is the likeliest of all styles."""
        chances_S = self.referee.style_probabilities(flatten(image_HWC)[None])[0]
        return self.referee.card.styles[int(chances_S.argmax())] == asked.style

    def is_placed(self, image_HWC: Bytes, asked: Asked) -> bool:
        """Whether the two things fit their sides better than each other's."""
        sides = measures.halves(image_HWC, is_across=asked.relation in ("left", "right"))
        if sides is None:
            return False
        first, second = sides if asked.relation in ("left", "above") else sides[::-1]
        fits_22 = np.stack([self._vector(first), self._vector(second)]) @ self._names(asked).T
        return bool(fits_22[0, 0] + fits_22[1, 1] > fits_22[0, 1] + fits_22[1, 0])

    def is_placed_and_known(self, image_HWC: Bytes, asked: Asked, best: int = 25) -> bool:
        """As `is_placed`, and each side shows its thing among the `best` of all concepts."""
        if not self.is_placed(image_HWC, asked):
            return False
        sides = measures.halves(image_HWC, is_across=asked.relation in ("left", "right"))
        if sides is None:
            return False
        first, second = sides if asked.relation in ("left", "above") else sides[::-1]
        return self.rank(first, asked.concept) < best and self.rank(second, asked.other) < best

    def _names(self, asked: Asked) -> Floats:
        return self.names_NV[[concepts().index(asked.concept), concepts().index(asked.other)]]

    def _vector(self, image_HWC: Bytes) -> Floats:
        return self.referee.image_vectors(flatten(image_HWC)[None])[0]


def has_ground(image_HWC: Bytes, asked: Asked) -> bool:
    """Whether the rim has the background colour asked."""
    return measures.background_word(image_HWC) == asked.ground


def has_colour(image_HWC: Bytes, asked: Asked) -> bool:
    """Whether the subject would be called by the colour asked."""
    return measures.subject_colour(image_HWC) == asked.colour


def has_count(image_HWC: Bytes, asked: Asked) -> bool:
    """Whether there are as many separate things as asked."""
    return measures.count_things(image_HWC) == asked.count
