"""Two samples of numbers or of kinds: how surprising their difference would be without a change.

Shapes: N reference, M window, C kinds. Everything is numpy; p is two-sided unless said.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

MAX_DRAWS = 200_000
NUM_EXCEEDING = 30  # of drawn statistics; by then p is known well enough and no alarm


_Draw: TypeAlias = Callable[[int], NDArray[np.float64]]


class Compared(NamedTuple):
    """What came of a comparison.

    Attributes:
        statistic: in the test's own unit; larger is more different.
        p: probability of so much or more if nothing changed; never 0.
    """

    statistic: float
    p: float


def kolmogorov_smirnov(reference_N: NDArray[np.float64], window_M: NDArray[np.float64]) -> Compared:
    """The largest distance of two distribution functions; ties make p larger, never smaller.

    Args:
        reference_N: finite; at least 8 values, where the approximation of p holds.
        window_M: likewise.

    Source: Kolmogorov's limit with Stephens' correction (1970), Press et al., Numerical Recipes,
    section 14.3.
    """
    at = np.concatenate([reference_N, window_M])
    below_N = np.searchsorted(np.sort(reference_N), at, side="right") / len(reference_N)
    below_M = np.searchsorted(np.sort(window_M), at, side="right") / len(window_M)
    distance = float(np.abs(below_N - below_M).max())
    root = math.sqrt(len(reference_N) * len(window_M) / (len(reference_N) + len(window_M)))
    return Compared(distance, _kolmogorov_tail((root + 0.12 + 0.11 / root) * distance))


def chi_square(
    counts_2C: NDArray[np.int64], rng: np.random.Generator, num_draws: int = 20_000
) -> Compared:
    """Whether two samples have the same mix of kinds; p by drawing, so that rare kinds do no harm.

    Tables with the same sums are drawn, as if the window were any other part of both samples.

    Args:
        counts_2C: how often each kind is in the reference and in the window.
        rng: draws the tables.
        num_draws: at most; fewer where p is soon seen to be large.
    """
    kinds_C = counts_2C.sum(axis=0)
    counts_2C, kinds_C = counts_2C[:, kinds_C > 0], kinds_C[kinds_C > 0]
    num_reference, num_window = (int(one) for one in counts_2C.sum(axis=1))
    expected_C = kinds_C * (num_window / (num_reference + num_window))

    def statistic(window_DC: NDArray[np.int64]) -> NDArray[np.float64]:
        return ((window_DC - expected_C) ** 2 / expected_C).sum(axis=-1)

    seen = statistic(counts_2C[1])

    def draw(num: int) -> NDArray[np.float64]:
        return statistic(
            rng.multivariate_hypergeometric(kinds_C, num_window, num, method="marginals")
        )

    return Compared(float(seen), drawn_p(float(seen), draw, num_draws))


def mean_difference(
    reference_N: NDArray[np.float64],
    window_M: NDArray[np.float64],
    rng: np.random.Generator,
    num_draws: int = 20_000,
) -> Compared:
    """By how much the window's mean is higher; p one-sided, by permutation."""
    pooled, size = np.concatenate([reference_N, window_M]), len(window_M)
    seen = float(window_M.mean())

    def draw(num: int) -> NDArray[np.float64]:
        order = rng.random((num, len(pooled))).argpartition(size, axis=1)[:, :size]
        return pooled[order].mean(axis=1)

    p = drawn_p(seen, draw, num_draws)
    return Compared(seen - float(reference_N.mean()), p)


def drawn_p(seen: float, draw: _Draw, num_draws: int) -> float:
    """Share of drawn statistics as large as the one that was seen; stops when it is clearly large.

    Args:
        seen: the statistic.
        draw: so many statistics of no change.
        num_draws: at most.

    Source: Besag and Clifford 1991, Sequential Monte Carlo p-values, doi:10.1093/biomet/78.2.301.
    """
    num_drawn = num_exceeding = 0
    num_draws = min(num_draws, MAX_DRAWS)
    while num_drawn < num_draws:
        group = draw(min(500, num_draws - num_drawn))
        exceeds = group >= seen - 1e-12
        if num_exceeding + int(exceeds.sum()) >= NUM_EXCEEDING:
            at = int(np.flatnonzero(exceeds)[NUM_EXCEEDING - num_exceeding - 1])
            return NUM_EXCEEDING / (num_drawn + at + 1)
        num_exceeding += int(exceeds.sum())
        num_drawn += len(group)
    return (num_exceeding + 1) / (num_drawn + 1)


def num_draws_for(level: float, num_tests: int) -> int:
    """Draws after which p can be small enough to count among so many tests."""
    return min(math.ceil(4 * num_tests / level), MAX_DRAWS)


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's corrected p: one of them at or below a level has that probability without a change.

    Source: Holm 1979, A simple sequentially rejective multiple test procedure.
    """
    order = sorted(range(len(p_values)), key=lambda k: p_values[k])
    corrected, largest = [1.0] * len(p_values), 0.0
    for rank, k in enumerate(order):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[k]))
        corrected[k] = largest
    return corrected


def _kolmogorov_tail(scaled: float) -> float:
    """Probability that the limit of the scaled distance is larger."""
    if scaled < 0.2:
        return 1.0
    terms = (2 * (-1) ** (k - 1) * math.exp(-2 * (k * scaled) ** 2) for k in range(1, 101))
    return min(max(sum(terms), 1e-300), 1.0)
