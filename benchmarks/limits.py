"""What the processor could do at best, measured beside a run: nothing but products of matrices.

Two limits: products of the drawing network's own shapes, one feeding the next (efficiency.py), and
one large product of 2048 by 2048 by 2048, both in bfloat16 where the processor has it.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import openvino

from benchmarks import efficiency
from limner.generators.embedded.weights import Weights

SIDE = 2048
NUM_RUNS = 3


class Limits(NamedTuple):
    """Seconds of products that a token of a forward stands for."""

    own_seconds: float
    large_seconds: float


class Products:
    """The products, ready to run."""

    def __init__(self) -> None:
        core = openvino.Core()
        self._counts = efficiency.products_of(efficiency.read_network())
        self._own = {
            one: efficiency.compiled(core, efficiency.reference_graph(one)) for one in self._counts
        }
        large = efficiency.Product(1, SIDE, SIDE, SIDE, has_weight=True)
        self._large = efficiency.compiled(core, efficiency.reference_graph(large, copies=1))
        _, height, width = Weights().card.canvas
        self._num_tokens = efficiency.NUM_ROWS * height * width
        flops = sum(count * one.flops for one, count in self._counts.items())
        self._share_of_large = flops / (2 * large.flops)  # the graph goes there and back

    def measure(self) -> Limits:
        """The limits at this moment."""
        own = [self._own_seconds() for _ in range(NUM_RUNS)]
        large = [efficiency.timed(self._large) * self._share_of_large for _ in range(NUM_RUNS)]
        return Limits(*(float(np.median(one)) / self._num_tokens for one in (own, large)))

    def _own_seconds(self) -> float:
        return sum(
            count * efficiency.timed(self._own[one]) / (2 * efficiency.COPIES)
            for one, count in self._counts.items()
        )
