"""Precision and recall of automatic decisions, without bias, from those that people audited.

Each decision was audited with a known probability above 0; weighting by its inverse makes the
audited ones stand for all. Without that, rates from reviewed images alone are wrong (verification
bias; Begg and Greenes 1983, doi:10.2307/2530820).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from limner.evals.intervals import Estimate, bootstrapped, wilson


@dataclass(frozen=True, slots=True, kw_only=True)
class Audited:
    """One decision that people looked at.

    Attributes:
        is_stopped: it was not released by rule: held or refused.
        is_bad: what people found.
        probability: with which it was to be audited, above 0 and at most 1.
    """

    is_stopped: bool
    is_bad: bool
    probability: float


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionRates:
    """How good decisions by rule are.

    Attributes:
        precision: share of good images among those released by rule.
        recall: share of the bad images that were stopped.
    """

    precision: Estimate
    recall: Estimate


def decision_rates(audited: Sequence[Audited], rng: np.random.Generator) -> DecisionRates:
    """Hajek's estimates with bootstrap intervals.

    An estimate's `num` counts the decisions it rests on: for precision the released ones that were
    audited, for recall the bad ones that were found.

    Args:
        audited: every decision with an answer; probabilities above 0.
        rng: draws the resamples.

    Source: Hajek 1971; Sarndal, Swensson and Wretman 1992, Model Assisted Survey Sampling, 5.7.
    """
    assert all(0 < one.probability <= 1 for one in audited)
    weight_U = np.array([1 / one.probability for one in audited])
    is_stopped_U = np.array([one.is_stopped for one in audited], dtype=bool)
    is_bad_U = np.array([one.is_bad for one in audited], dtype=bool)
    return DecisionRates(
        precision=_weighted_share(~is_bad_U, ~is_stopped_U, weight_U, rng),
        recall=_weighted_share(is_stopped_U, is_bad_U, weight_U, rng),
    )


def _weighted_share(
    counted_U: NDArray[np.bool_],
    among_U: NDArray[np.bool_],
    weight_U: NDArray[np.float64],
    rng: np.random.Generator,
) -> Estimate:
    """Weighted share of what is counted among some; units are resampled among those alone.

    Where all or none are counted, resampling shows no spread; then Wilson's interval is taken with
    as many equal observations as the weighted ones are worth (Kish 1965).
    """
    counted, weight = counted_U[among_U], weight_U[among_U]
    if len(weight) and counted.all() == counted.any():
        rate, worth = float(counted.all()), float(weight.sum() ** 2 / (weight**2).sum())
        low, high = wilson(rate, worth)
        return Estimate(value=rate, low=low, high=high, num=len(weight))

    def estimate(rows: NDArray[np.intp]) -> float:
        return float((weight[rows] * counted[rows]).sum() / weight[rows].sum())

    return bootstrapped(estimate, len(weight), rng)
