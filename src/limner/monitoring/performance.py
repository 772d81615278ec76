"""How good decisions are, estimated without labels from calibrated probabilities.

Of images with the probability 0.1 of being bad one in ten is bad, if the probabilities are right.
So they say how many of the released are bad, before anybody looks. They do not see it when the
probabilities themselves stop being right: only audits do (chart.py), and both are shown together.

Shapes: N images.

Source: confidence-based performance estimation, Kivimaki et al. 2025 (JAIR), as in NannyML.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Z = 1.959963984540054  # two-sided 95 %


@dataclass(frozen=True, slots=True, kw_only=True)
class Guessed:
    """A share by calibrated probabilities.

    Attributes:
        value: 0-1; ``None`` of nothing.
        low, high: 95 % interval of what labels would show, if the probabilities are right.
        num: images.
    """

    value: float | None
    low: float | None
    high: float | None
    num: int


@dataclass(frozen=True, slots=True, kw_only=True)
class GuessedRates:
    """What decisions are expected to be.

    Attributes:
        released_bad: share of bad images among the released.
        stopped_good: share of good images among the stopped.
        recall: share of the bad images that were stopped; without interval.
    """

    released_bad: Guessed
    stopped_good: Guessed
    recall: float | None


def guess_rates(
    probability_bad_N: NDArray[np.float64], is_released_N: NDArray[np.bool_]
) -> GuessedRates:
    """Expected shares of mistakes.

    Args:
        probability_bad_N: calibrated, 0-1.
        is_released_N: what was decided.
    """
    num_bad = float(probability_bad_N.sum())
    stopped = probability_bad_N[~is_released_N]
    return GuessedRates(
        released_bad=_share(probability_bad_N[is_released_N]),
        stopped_good=_share(1 - stopped),
        recall=float(stopped.sum()) / num_bad if num_bad > 0 else None,
    )


def _share(probability_N: NDArray[np.float64]) -> Guessed:
    num = len(probability_N)
    if num == 0:
        return Guessed(value=None, low=None, high=None, num=0)
    value = float(probability_N.mean())
    half = Z * math.sqrt(float((probability_N * (1 - probability_N)).sum())) / num
    return Guessed(value=value, low=max(value - half, 0.0), high=min(value + half, 1.0), num=num)
