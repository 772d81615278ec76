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
    chances_N: Floats,
    truths_N: NDArray[np.bool_],
    groups: Sequence[str],
    rng: np.random.Generator,
) -> Calibration:
    """Adaptive calibration error, in bins of equal mass, and its consistency band.

    Cases of one group, such as pictures of one thing, are right or wrong together, so that the
    band is of samples in which what is left of a group, once each bin is calibrated, is turned
    round as a whole or not.

    Source: Nguyen and O'Connor 2015 (equal mass); Bröcker and Smith 2007 (consistency); Cameron,
    Gelbach and Miller 2008, "Bootstrap-based improvements for inference with clustered errors".
    """
    order = np.argsort(chances_N, kind="stable")
    left_N = (truths_N - chances_N)[order]
    bins = np.array_split(np.arange(len(order)), NUM_BINS)
    calibrated_N = np.concatenate([left_N[one] - left_N[one].mean() for one in bins])
    _, group_N = np.unique(np.asarray(groups)[order], return_inverse=True)
    turned_RG = rng.choice((-1.0, 1.0), (RESAMPLES, group_N.max() + 1))
    errors = [_error(turned_G[group_N] * calibrated_N, bins) for turned_G in turned_RG]
    return Calibration(
        error=_error(left_N, bins),
        band=float(np.quantile(errors, 0.95)),
        brier=float(np.mean(left_N**2)),
    )


def _error(left_N: Floats, bins: Sequence[NDArray[np.int_]]) -> float:
    return sum(abs(float(left_N[one].sum())) for one in bins) / len(left_N)


def share_of(hits: Sequence[bool], groups: Sequence[str], rng: np.random.Generator) -> Sorted:
    """Share of hits with an interval over groups, such as what the pictures show."""
    by_group: dict[str, list[float]] = {}
    for hit, group in zip(hits, groups, strict=True):
        by_group.setdefault(group, []).append(float(hit))
    if not by_group:
        return Sorted(float("nan"), (float("nan"), float("nan")), 0)
    share, interval = share_with_interval(list(by_group.values()), rng)
    return Sorted(share, interval, len(hits))
