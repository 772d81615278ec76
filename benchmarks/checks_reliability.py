"""What a calibrated check is worth: precision and recall with intervals, calibration with its band.

Expected calibration error is biased upward in small samples, so it is held against the error that
perfectly calibrated probabilities would show on as many cases.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks.quality.intervals import share_with_interval

Floats = NDArray[np.float64]

NUM_BINS = 10
RESAMPLES = 2000


class Calibration(NamedTuple):
    """How far probabilities are from truth.

    Attributes:
        error: expected calibration error, 0-1.
        band: 95 % of perfectly calibrated samples have a smaller error.
        brier: mean squared difference of probability and truth.
    """

    error: float
    band: float
    brier: float


class Sorted(NamedTuple):
    """One share, 0-1, its 95 % interval over groups, and how many cases it is of."""

    share: float
    interval: tuple[float, float]
    num_cases: int


def calibration(
    chances_N: Floats, truths_N: NDArray[np.bool_], rng: np.random.Generator
) -> Calibration:
    """Adaptive calibration error, in bins of equal mass, and its consistency band.

    Source: Nguyen and O'Connor 2015 (equal mass); Bröcker and Smith 2007 (consistency).
    """
    order = np.argsort(chances_N, kind="stable")
    drawn_RN = rng.random((RESAMPLES, len(order))) < chances_N[order]
    band = np.quantile([_error(chances_N[order], truths_N) for truths_N in drawn_RN], 0.95)
    return Calibration(
        error=_error(chances_N[order], truths_N[order]),
        band=float(band),
        brier=float(np.mean((chances_N - truths_N) ** 2)),
    )


def _error(chances_N: Floats, truths_N: NDArray[np.bool_]) -> float:
    bins = zip(np.array_split(chances_N, NUM_BINS), np.array_split(truths_N, NUM_BINS), strict=True)
    gaps = [abs(float(chances.mean() - truths.mean())) * len(chances) for chances, truths in bins]
    return sum(gaps) / len(chances_N)


def share_of(hits: Sequence[bool], groups: Sequence[str], rng: np.random.Generator) -> Sorted:
    """Share of hits with an interval over groups, such as what the pictures show."""
    by_group: dict[str, list[float]] = {}
    for hit, group in zip(hits, groups, strict=True):
        by_group.setdefault(group, []).append(float(hit))
    if not by_group:
        return Sorted(float("nan"), (float("nan"), float("nan")), 0)
    share, interval = share_with_interval(list(by_group.values()), rng)
    return Sorted(share, interval, len(hits))
