"""Judging pictures: each judge says of one picture whether it shows what was asked.

What looks is the product's own, as its suites use it; here it only gets the form of a judge.
"""

# Shapes: H height, W width, C channels (RGBA, straight alpha).

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from limner.evals.specification import Asked
from limner.studio import suite_checks
from limner.studio.suite_checks import has_colour, has_count, has_ground

__all__ = ["Eye", "Judge", "has_colour", "has_count", "has_ground"]

Bytes = NDArray[np.uint8]
Judge = Callable[[Bytes, Asked], bool]


class Eye(suite_checks.Eye):
    """The referee with the names of all concepts at hand."""

    def is_among(self, best: int) -> Judge:
        """Whether the concept asked is among the `best` of all concepts."""
        return lambda image_HWC, asked: self.rank(image_HWC, asked.concept) < best

    def has_style(self, image_HWC: Bytes, asked: Asked) -> bool:
        """Whether the style asked is the likeliest of all styles."""
        return self.style_rank(image_HWC, asked.style) == 0
