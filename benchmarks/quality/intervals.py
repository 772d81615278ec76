"""Intervals of shares, where several pictures come from one prompt and so are not independent."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

RESAMPLES = 4000


def share_with_interval(
    outcomes: Sequence[Sequence[float]], rng: np.random.Generator
) -> tuple[float, tuple[float, float]]:
    """Mean of all outcomes and its 95 % interval, by resampling whole prompts.

    Args:
        outcomes: for each prompt the outcomes of its pictures, 0-1.
        rng: draws the resamples.

    Source: cluster bootstrap, percentile interval; Cameron, Gelbach and Miller 2008,
    "Bootstrap-based improvements for inference with clustered errors".
    """
    sums = np.array([sum(group) for group in outcomes], np.float64)
    counts = np.array([len(group) for group in outcomes], np.float64)
    drawn = rng.integers(len(sums), size=(RESAMPLES, len(sums)))
    shares = sums[drawn].sum(axis=1) / counts[drawn].sum(axis=1)
    low, high = np.quantile(shares, (0.025, 0.975))
    return float(sums.sum() / counts.sum()), (float(low), float(high))
