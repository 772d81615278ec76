"""Certified bounds that need examples of one kind only: how few of its kind lie past them.

Learn then Test as in `certify`, with the kind's own scores in the order of their ranks: the test
of a bound is exact, and how many of the kind there are among all pictures plays no part. It rests
on examples that were drawn as the pictures of their kind will be.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from limner.evals.mistakes import binomial_tail, rows_needed

# Shapes: U units (examples of one kind).


class RankBound(NamedTuple):
    """A bound, or why there is none.

    Attributes:
        at: the score; ``None`` where none is certified.
        num, num_past: examples, and those of them above `at`.
        num_needed: examples with which a bound is certified where none lies past it.
    """

    at: float | None
    num: int
    num_past: int
    num_needed: int


def lowest_bound(score_U: NDArray[np.float64], limit: float, delta: float) -> RankBound:
    """The lowest of the scores that at most `limit` of the kind lie above.

    Args:
        score_U: of examples the scores were not learnt on; finite.
        limit: largest share past the bound, above 0 and below 1.
        delta: probability that more are past it all the same.
    """
    num = len(score_U)
    needed = rows_needed(limit, delta) or 1
    past = -1
    while past + 1 < num and binomial_tail(past + 1, num, limit) <= delta:
        past += 1
    if past < 0:
        return RankBound(None, num, 0, needed)
    at = float(np.sort(score_U)[::-1][past])
    return RankBound(at, num, int((score_U > at).sum()), needed)
