"""Rates of decisions with their intervals as small plots, group under group. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from limner.evals.intervals import Estimate
from limner.studio.watch.rates import ALL, GroupRates

WIDTH = 100  # of the plot's own units: percent


@dataclass(frozen=True, slots=True, kw_only=True)
class RateShown:
    """One rate as the page shows it.

    Attributes:
        at, low, high: where estimate and interval lie, 0 to `WIDTH`; ``None`` where not known.
        words: the same in words; empty where not known.
        num: answers it rests on.
    """

    at: float | None
    low: float | None
    high: float | None
    words: str
    num: int


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupShown:
    """One month or part of a slice, or all decisions (`by` and `value` as of the group)."""

    by: str
    value: str
    precision: RateShown
    recall: RateShown


def show_rates(groups: Sequence[GroupRates]) -> tuple[GroupShown, ...]:
    """Every group in its order: all, then months, then slices."""
    return tuple(
        GroupShown(
            by=one.name,
            value="" if one.name == ALL else one.value,
            precision=_shown(one.rates.precision),
            recall=_shown(one.rates.recall),
        )
        for one in groups
    )


def _shown(rate: Estimate) -> RateShown:
    if rate.value is None:
        return RateShown(at=None, low=None, high=None, words="", num=rate.num)
    at = round(100 * rate.value, 1)
    if rate.low is None or rate.high is None:
        return RateShown(at=at, low=None, high=None, words=f"{at:.1f} %", num=rate.num)
    low, high = round(100 * rate.low, 1), round(100 * rate.high, 1)
    words = f"{at:.1f} % ({low:.1f} to {high:.1f})"
    return RateShown(at=at, low=low, high=high, words=words, num=rate.num)
