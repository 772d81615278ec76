"""Estimates with their intervals: what every reported number is given as."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

CONFIDENCE = 0.95
NUM_RESAMPLES = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A number with its interval and how many observations it rests on.

    Attributes:
        value: ``None`` when it is not defined, such as a share of nothing.
        low, high: ends of the 95 % interval; ``None`` when there is none.
        num: observations.
    """

    value: float | None
    low: float | None
    high: float | None
    num: int


def share(num_hits: int, num: int) -> Estimate:
    """A share with Wilson's interval.

    Args:
        num_hits: 0 to `num`.
        num: observations.

    Source: Wilson 1927, doi:10.1080/01621459.1927.10502953; without continuity correction.
    """
    if num == 0:
        return Estimate(value=None, low=None, high=None, num=0)
    low, high = wilson(num_hits / num, num)
    return Estimate(value=num_hits / num, low=low, high=high, num=num)


def wilson(rate: float, num: float) -> tuple[float, float]:
    """Wilson's 95 % interval of a share.

    Args:
        rate: 0-1.
        num: observations, above 0; of weighted ones as many equal ones as they are worth.
    """
    z = NormalDist().inv_cdf((1 + CONFIDENCE) / 2)
    scale = 1 + z * z / num
    centre = (rate + z * z / (2 * num)) / scale
    half = z / scale * float(np.sqrt(rate * (1 - rate) / num + z * z / (4 * num * num)))
    return max(centre - half, 0.0), min(centre + half, 1.0)


def bootstrapped(
    statistic: Callable[[NDArray[np.intp]], float],
    num: int,
    rng: np.random.Generator,
    num_resamples: int = NUM_RESAMPLES,
) -> Estimate:
    """A statistic of `num` units with its percentile bootstrap interval.

    Args:
        statistic: of the units with these indices, some perhaps twice; NaN where not defined.
        num: units; at least 0.
        rng: draws the resamples.
        num_resamples: how many.

    Returns:
        No interval where fewer than two units are there, where all units are alike (resampling
        them shows no spread, which is no proof of none), or where more than 1 in 20 resamples
        leaves the statistic undefined.

    Source: Efron and Tibshirani 1993, chapter 13.
    """
    value = statistic(np.arange(num)) if num else float("nan")
    if not np.isfinite(value):
        return Estimate(value=None, low=None, high=None, num=num)
    drawn = np.array([statistic(rng.integers(0, num, num)) for _ in range(num_resamples)])
    defined = drawn[np.isfinite(drawn)]
    if num < 2 or len(defined) < 0.95 * num_resamples or np.ptp(defined) == 0:
        return Estimate(value=float(value), low=None, high=None, num=num)
    tail = (1 - CONFIDENCE) / 2
    low, high = (float(one) for one in np.quantile(defined, (tail, 1 - tail)))
    return Estimate(value=float(value), low=low, high=high, num=num)
