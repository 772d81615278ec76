"""Certified thresholds: where to lay a check's limits so that a promise holds, or that none can be.

Learn then Test (Angelopoulos et al. 2021, arXiv:2110.01052): thresholds are tested one after the
other, from the strictest to the most lenient, each against "the promise is broken here", and the
walk ends at the first that is not rejected. The last one rejected is certified: the probability
that its promise is broken is at most delta. The order is set by ranks of scores alone, never by
labels, so the walk needs no correction for the number of thresholds. Every single test is exact;
the choice of the first needs that a better score is never the more likely bad one (the benchmark
``certified-thresholds`` measures data where it is, too).

What it rests on: the labels were drawn from the pictures the promise is about, each with the chance
that stands beside it. Where they were not, no statistics helps.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from limner.core.criteria import Target
from limner.core.judging import Better
from limner.evals.mistakes import mistakes_bound, mistakes_p_value, rows_needed

# Shapes: U units (labelled pictures), in the order of the walk where a name says sorted.

NUM_THRESHOLDS = 50
_NUM_STARTS = 200


class Shortfall(StrEnum):
    """Why a threshold is not certified."""

    TOO_FEW_LABELS = "too_few_labels"
    TOO_FEW_BAD = "too_few_bad"
    NOT_SHOWN = "not_shown"
    OVERLAPS = "overlaps"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Labels:
    """Scores of one check, with what people said.

    Attributes:
        score_U: finite.
        is_good_U: people's answer to the check's question was yes.
        is_known_U: there is an answer; a picture that was chosen and not answered yet counts as
            whatever is worse for the promise.
        probability_U: with which each was to be looked at, above 0 and at most 1.
    """

    score_U: NDArray[np.float64]
    is_good_U: NDArray[np.bool_]
    is_known_U: NDArray[np.bool_]
    probability_U: NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One threshold of a walk.

    Attributes:
        threshold: as good as this passes, or as bad as this fails.
        num: labelled pictures on its side.
        num_wrong: of them, those that do not belong there.
        coverage: estimated share of all pictures on its side, 0-1.
        precision: estimated share that belongs there, 0-1.
        recall: estimated share of bad pictures that do not pass; ``None`` where not asked.
        p_value: of "the promise is broken here".
    """

    threshold: float
    num: int
    num_wrong: int
    coverage: float
    precision: float
    recall: float | None
    p_value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """What could be certified on one side, passing or failing.

    Attributes:
        delta: largest p-value that certifies.
        steps: those that were tested, strictest first; the last may be the one that failed.
        certified: the step whose threshold is certified; ``None`` when none is.
        precision_low, recall_low: lower bounds there, for that threshold taken by itself.
        shortfall: why none is certified; ``None`` otherwise.
        num_more: labels that would probably do, drawn as these were; ``None`` when none is
            missing, or when more will not help as far as these labels tell.
    """

    delta: float
    steps: tuple[Step, ...]
    certified: Step | None = None
    precision_low: float | None = None
    recall_low: float | None = None
    shortfall: Shortfall | None = None
    num_more: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Certification:
    """The answer for one check.

    Attributes:
        passing: the threshold that passes.
        failing: the threshold that fails; ``None`` where the target asks nothing of it.
        num, num_bad, num_unknown: labelled pictures, those that are bad, those not answered yet.
        is_weighted: chances of being looked at differ, so betting tests were taken.
    """

    passing: Side
    failing: Side | None
    num: int
    num_bad: int
    num_unknown: int
    is_weighted: bool


def certify(labels: Labels, target: Target, better: Better) -> Certification:
    """The most lenient thresholds that keep a target's promises.

    Where the failing side is asked for as well, each side gets half of delta, so that all promises
    hold together with the target's confidence.

    Args:
        labels: at least one; both kinds.
        target: confidence above 0 and below 1.
        better: which end of the score is good.
    """
    delta = _complement(target.confidence) / (1 if target.fail_precision is None else 2)
    goodness_U = labels.score_U if better is Better.HIGHER else -labels.score_U
    is_good_U = labels.is_good_U & labels.is_known_U
    is_bad_U = ~labels.is_good_U & labels.is_known_U
    recall_limit = None if target.recall is None else _complement(target.recall)
    weight_U = labels.probability_U.min() / labels.probability_U
    passing = _Walk(goodness_U, ~is_good_U, is_bad_U, weight_U).side(
        _Promise(_complement(target.precision), recall_limit, delta)
    )
    failing = None
    if target.fail_precision is not None:
        least = -np.inf if passing.certified is None else -passing.certified.threshold
        failing = _Walk(-goodness_U, ~is_bad_U, is_bad_U, weight_U).side(
            _Promise(_complement(target.fail_precision), None, delta), least
        )
    if better is Better.LOWER:
        passing = _turned(passing)
    elif failing is not None:
        failing = _turned(failing)
    return Certification(
        passing=passing,
        failing=failing,
        num=len(labels.score_U),
        num_bad=int(is_bad_U.sum()),
        num_unknown=int((~labels.is_known_U).sum()),
        is_weighted=bool(np.ptp(weight_U) > 0),
    )


class _Promise(NamedTuple):
    """What is held on one side: shares of mistakes to stay below, with delta."""

    limit: float
    recall_limit: float | None
    delta: float


class _Walk:
    """A walk over thresholds, from the highest order down.

    Args:
        order_U: high ones come first.
        is_wrong_U: does not belong on this side.
        is_bad_U: known to be bad; those that are wrong and not bad count as missed if they pass.
        weight_U: as `mistakes_p_value`.
    """

    def __init__(
        self,
        order_U: NDArray[np.float64],
        is_wrong_U: NDArray[np.bool_],
        is_bad_U: NDArray[np.bool_],
        weight_U: NDArray[np.float64],
    ) -> None:
        sorting_U = np.argsort(-order_U, kind="stable")
        self.sorted_U = order_U[sorting_U]
        self.is_wrong_U = is_wrong_U[sorting_U]
        self.is_bad_U = is_bad_U[sorting_U]
        self.weight_U = weight_U[sorting_U]
        self.num = len(order_U)
        self.is_equal = bool(np.ptp(weight_U) == 0)

    def side(self, promise: _Promise, least: float = -np.inf) -> Side:
        """Walk until a threshold is not rejected, or is no longer above `least`.

        Every threshold before the last rejected one is certified with it, so stopping is allowed.
        """
        if not self._can_show_recall(promise):
            return self._short(Shortfall.TOO_FEW_BAD, (), promise)
        ranks = self._ranks(promise)
        if not ranks:
            return self._short(Shortfall.TOO_FEW_LABELS, (), promise)
        ranks = [one for one in ranks if self.sorted_U[one - 1] > least]
        if not ranks:
            return Side(delta=promise.delta, steps=(), shortfall=Shortfall.OVERLAPS)
        steps: list[Step] = []
        for rank in ranks:
            steps.append(self._step(rank, promise))
            if steps[-1].p_value > promise.delta:
                break
        rejected = [one for one in steps if one.p_value <= promise.delta]
        if not rejected:
            return self._short(Shortfall.NOT_SHOWN, tuple(steps), promise)
        return self._certified(rejected[-1], tuple(steps), promise)

    def _certified(self, step: Step, steps: tuple[Step, ...], promise: _Promise) -> Side:
        is_wrong, weight, is_equal = self._wrong(step.num)
        recall_low = None
        if promise.recall_limit is not None:
            is_missed, missed_weight = self._missed(step.num)
            recall_low = 1 - mistakes_bound(
                is_missed, missed_weight, promise.delta, is_equal=self.is_equal
            )
        return Side(
            delta=promise.delta,
            steps=steps,
            certified=step,
            precision_low=1 - mistakes_bound(is_wrong, weight, promise.delta, is_equal=is_equal),
            recall_low=recall_low,
        )

    def _ranks(self, promise: _Promise) -> list[int]:
        """How many pictures each threshold takes in; none where no number of good ones would do.

        The first has twice the pictures with which a certificate is possible at all: a walk that
        starts where one mistake ends it seldom gets anywhere.
        """
        tried = np.unique(np.linspace(1, self.num, _NUM_STARTS).astype(int))
        first = next((one for one in tried if self._is_possible(one, promise)), None)
        if first is None:
            return []
        start = min(2 * int(first), self.num)
        ranks = np.linspace(start, self.num, NUM_THRESHOLDS).astype(int)
        # Equal scores pass together.
        last = np.searchsorted(-self.sorted_U, -self.sorted_U[ranks - 1], side="right")
        return [int(one) for one in np.unique(last)]

    def _is_possible(self, rank: int, promise: _Promise) -> bool:
        _, weight, is_equal = self._wrong(rank)
        none_wrong = np.zeros(rank, dtype=bool)
        p_value = mistakes_p_value(none_wrong, weight, promise.limit, is_equal=is_equal)
        return p_value <= promise.delta

    def _can_show_recall(self, promise: _Promise) -> bool:
        if promise.recall_limit is None:
            return True
        weight = self.weight_U[self.is_bad_U]
        none_missed = np.zeros(len(weight), dtype=bool)
        p_value = mistakes_p_value(
            none_missed, weight, promise.recall_limit, is_equal=self.is_equal
        )
        return p_value <= promise.delta

    def _wrong(self, rank: int) -> tuple[NDArray[np.bool_], NDArray[np.float64], bool]:
        weight = self.weight_U[:rank]
        return self.is_wrong_U[:rank], weight, bool(np.ptp(weight) == 0)

    def _missed(self, rank: int) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
        """Of the bad pictures, those that pass; one without an answer is bad if it passes."""
        passes_U = np.arange(self.num) < rank
        counted_U = self.is_bad_U | (self.is_wrong_U & passes_U)
        return passes_U[counted_U], self.weight_U[counted_U]

    def _step(self, rank: int, promise: _Promise) -> Step:
        is_wrong, weight, is_equal = self._wrong(rank)
        p_value = mistakes_p_value(is_wrong, weight, promise.limit, is_equal=is_equal)
        recall = None
        if promise.recall_limit is not None:
            is_missed, missed_weight = self._missed(rank)
            # Both promises must be kept; rejecting each at delta does it without splitting delta.
            missed_p_value = mistakes_p_value(
                is_missed, missed_weight, promise.recall_limit, is_equal=self.is_equal
            )
            p_value = max(p_value, missed_p_value)
            recall = 1 - _share(is_missed, missed_weight)
        return Step(
            threshold=float(self.sorted_U[rank - 1]),
            num=rank,
            num_wrong=int(is_wrong.sum()),
            coverage=float(weight.sum() / self.weight_U.sum()),
            precision=1 - _share(is_wrong, weight),
            recall=recall,
            p_value=p_value,
        )

    def _short(self, shortfall: Shortfall, steps: tuple[Step, ...], promise: _Promise) -> Side:
        ranks = np.unique(np.linspace(1, self.num, NUM_THRESHOLDS).astype(int))
        totals = [self._total_needed(int(one), promise) for one in ranks]
        known = [one for one in totals if one is not None]
        missing = [one - self.num for one in known if one > self.num]
        # A threshold that should have been shown and was not is bad luck: as many labels again.
        more = min(missing, default=self.num if known else None)
        return Side(delta=promise.delta, steps=steps, shortfall=shortfall, num_more=more)

    def _total_needed(self, rank: int, promise: _Promise) -> int | None:
        """Labels with which this threshold would probably be certified."""
        is_wrong, weight, _ = self._wrong(rank)
        totals = [self._total_for(is_wrong, weight, promise.limit, promise.delta)]
        if promise.recall_limit is not None:
            totals.append(self._total_for(*self._missed(rank), promise.recall_limit, promise.delta))
        known = [one for one in totals if one is not None]
        return max(known) if len(known) == len(totals) else None

    def _total_for(
        self,
        is_wrong: NDArray[np.bool_],
        weight: NDArray[np.float64],
        limit: float,
        delta: float,
    ) -> int | None:
        num = len(weight)
        if num == 0:
            return None
        # Half a mistake more than was seen: none in a few is no promise of none ever. None in too
        # few to tell is taken as half a mistake in the fewest that could.
        mistakes = _share(is_wrong, weight) * num
        least = (rows_needed(limit, delta) or 1) if mistakes == 0 else 0
        needed = rows_needed(limit, delta, (mistakes + 0.5) / max(num + 1, least))
        if needed is None:
            return None
        worth = float(weight.sum() ** 2 / (weight**2).sum())  # in equal rows; Kish 1965
        return int(np.ceil(needed / worth * self.num))


def _share(is_wrong: NDArray[np.bool_], weight: NDArray[np.float64]) -> float:
    return float(weight[is_wrong].sum() / weight.sum()) if len(weight) else 0.0


def _complement(share: float) -> float:
    return round(1 - share, 12)  # 1 - 0.95 is not 0.05


def _turned(side: Side) -> Side:
    """The same with thresholds of the other sign, as the walk went over negated scores."""
    steps = tuple(replace(one, threshold=-one.threshold) for one in side.steps)
    certified = side.certified
    if certified is not None:
        certified = replace(certified, threshold=-certified.threshold)
    return replace(side, steps=steps, certified=certified)
