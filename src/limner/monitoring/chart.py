"""A control chart of audits: whether people find more mistakes among decisions than before.

What the reference's answers leave open about the rate is part of the limit: with few answers the
limit is wide. Only more mistakes raise an alarm; fewer are welcome.

Source: beta-binomial predictive distribution with Jeffreys' prior; Bayarri and Garcia-Donato 2005,
A Bayesian sequential look at u-control charts, doi:10.1198/004017004000000635.
"""

from __future__ import annotations

import math
from typing import NamedTuple

PRIOR = 0.5


class Answers(NamedTuple):
    """How many decisions people looked at, and how many of them they found wrong."""

    num_wrong: int
    num: int

    @property
    def share(self) -> float:
        """Share found wrong; 0 of none."""
        return self.num_wrong / self.num if self.num else 0.0


def upper_tail(before: Answers, after: Answers) -> float:
    """Probability of so many mistakes or more, if the rate is the reference's."""
    wrong, right = before.num_wrong + PRIOR, before.num - before.num_wrong + PRIOR
    terms = (
        _predictive(one, after.num, wrong, right) for one in range(after.num_wrong, after.num + 1)
    )
    return min(math.fsum(terms), 1.0)


def limit(before: Answers, num: int, level: float) -> float:
    """Smallest share of mistakes among so many answers that is an alarm; above 1 if none is."""
    tail, wrong, right = 0.0, before.num_wrong + PRIOR, before.num - before.num_wrong + PRIOR
    for one in range(num, -1, -1):
        tail += _predictive(one, num, wrong, right)
        if tail > level:
            return (one + 1) / num
    return 0.0


def _predictive(num_wrong: int, num: int, wrong: float, right: float) -> float:
    choose = math.lgamma(num + 1) - math.lgamma(num_wrong + 1) - math.lgamma(num - num_wrong + 1)
    return math.exp(
        choose + _log_beta(num_wrong + wrong, num - num_wrong + right) - _log_beta(wrong, right)
    )


def _log_beta(a: float, b: float) -> float:
    return math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)
