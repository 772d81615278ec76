"""Pictures of a run that show what was asked, what one of them costs, and what guesses are worth.

A guess is a check's calibrated probability. It is held against what programs find on the
specification and what people said, so how far it can be gone by is measured, not believed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from limner.core.judging import Verdict
from limner.core.runs import RunScore, Spot
from limner.evals.comparison import clustered_share
from limner.evals.intervals import Estimate
from limner.evals.measuring import in_force
from limner.evals.suite import Case, Suite

# Shapes: P prompts, S seeds, N pictures, B bins.

NUM_BINS = 10
MOST_POINTS = 60
LEAST_KEPT = 5  # pictures; the share that is wrong among fewer is noise

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """Pictures on which nothing failed that was asked of them.

    Attributes:
        estimate: their share; `num` is pictures that could be told.
        num_prompts: that these are of.
        by_kind: the same by what was asked, such as ``concept, colour``; the lowest first.
    """

    estimate: Estimate
    num_prompts: int
    by_kind: Mapping[str, Estimate]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bin:
    """Pictures a guess gave about the same probability of being right.

    Attributes:
        said: mean probability, 0-1.
        found: share that was right, with its interval over prompts.
    """

    said: float
    found: Estimate


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """How far a check's probabilities can be gone by.

    Attributes:
        check: name.
        num_pictures: with a probability and a truth; `num_by_people` of them by a person's word.
        risk: pairs of coverage and risk, 0-1: of the pictures it is surest of, so many, the share
            that is wrong.
        bins: of its probabilities, from low to high; empty ones are left out.
        off_by: mean distance between what is said and what is found, weighted by pictures, 0-1.
    """

    check: str
    num_pictures: int
    num_by_people: int
    risk: tuple[tuple[float, float], ...]
    bins: tuple[Bin, ...]
    off_by: float


def accept(suite: Suite, scores: Sequence[RunScore]) -> Accepted:
    """Which share of the pictures is accepted.

    Args:
        suite: that was run.
        scores: all of the run's, the oldest first.
    """
    outcomes_PS = accepted_of(suite, scores)
    kinds: dict[str, list[int]] = {}
    for at, case in enumerate(suite.cases):
        kinds.setdefault(kind_of(case), []).append(at)
    found = {kind: clustered_share(outcomes_PS[at]) for kind, at in kinds.items()}
    told = {kind: one for kind, one in found.items() if one.value is not None}
    return Accepted(
        estimate=clustered_share(outcomes_PS),
        num_prompts=int(np.isfinite(outcomes_PS).any(axis=1).sum()),
        by_kind=dict(sorted(told.items(), key=lambda one: (one[1].value or 0, one[0]))),
    )


def accepted_of(suite: Suite, scores: Sequence[RunScore]) -> Floats:
    """1 where every verdict on a picture is pass, 0 where one is not, NaN where it is not known.

    Where a specification says what a picture must show, guesses have no say. A picture that must
    not be drawn is none that could be accepted.
    """
    guesses = guessing_checks(scores)
    cases = {case.id: at for at, case in enumerate(suite.cases)}
    seeds = {seed: at for at, seed in enumerate(suite.seeds)}
    right_PS = np.full((len(cases), len(seeds)), np.nan)
    is_unknown_PS = np.zeros(right_PS.shape, np.bool_)
    for one in in_force(scores):
        at = cases[one.spot.case_id], seeds[one.spot.seed]
        case = suite.cases[at[0]]
        if case.must_refuse or (one.check in guesses and case.asked.kinds):
            continue
        if one.verdict is Verdict.ERROR:
            is_unknown_PS[at] = True
        else:
            right_PS[at] = np.fmin(right_PS[at], float(one.verdict is Verdict.PASS))
    right_PS[is_unknown_PS & (right_PS != 0)] = np.nan
    return right_PS


def guessing_checks(scores: Sequence[RunScore]) -> set[str]:
    """Names of the checks that gave a probability."""
    return {one.check for one in scores if one.probability_bad is not None}


def kind_of(case: Case) -> str:
    """What is asked of a case, in one word or a few."""
    return ", ".join(case.asked.kinds) or "a prompt"


def attempts_of(accepted: Estimate) -> Estimate:
    """Pictures to draw for one that is accepted: 1 over the share, and so its interval.

    No value where none was accepted, and no upper end where it may be none.
    """
    if not accepted.value:
        low = None if not accepted.high else 1 / accepted.high
        return Estimate(value=None, low=low, high=None, num=accepted.num)
    return Estimate(
        value=1 / accepted.value,
        low=None if accepted.high is None else 1 / accepted.high,
        high=1 / accepted.low if accepted.low else None,
        num=accepted.num,
    )


def trust_in(suite: Suite, scores: Sequence[RunScore]) -> list[Trust]:
    """How far each guess of a run can be gone by, where there is a truth to hold it against.

    The truth is what a person said in place of the check; else, where there is a specification,
    what programs found on it.
    """
    truth_PS = accepted_of(suite, scores)
    for at, case in enumerate(suite.cases):
        if not case.asked.kinds:
            truth_PS[at] = np.nan
    found = (
        _trust(suite, scores, check, truth_PS)
        for check in suite.checks
        if check in guessing_checks(scores)
    )
    return [one for one in found if one is not None]


def risk_coverage(chances_N: Floats, is_bad_N: NDArray[np.bool_]) -> list[tuple[float, float]]:
    """Pairs of coverage and risk when the pictures with the least chance of being bad are kept.

    Pictures of equal chance are kept together. At most `MOST_POINTS` pairs, the first of at least
    `LEAST_KEPT` pictures, the last of all.

    Args:
        chances_N: probability of being bad, 0-1.
        is_bad_N: the truth.

    Source: El-Yaniv and Wiener 2010, "On the Foundations of Noise-free Selective Classification".
    """
    order_N = np.argsort(chances_N, kind="stable")
    chances_N, is_bad_N = chances_N[order_N], is_bad_N[order_N]
    ends = np.flatnonzero(np.append(np.diff(chances_N) > 0, True))
    ends = ends[ends + 1 >= min(LEAST_KEPT, len(chances_N))]
    risks = np.cumsum(is_bad_N)[ends] / (ends + 1)
    kept = np.unique(np.linspace(0, len(ends) - 1, min(len(ends), MOST_POINTS)).round().astype(int))
    return [(float((ends[k] + 1) / len(chances_N)), float(risks[k])) for k in kept]


def _trust(suite: Suite, scores: Sequence[RunScore], check: str, truth_PS: Floats) -> Trust | None:
    cases = {case.id: at for at, case in enumerate(suite.cases)}
    seeds = {seed: at for at, seed in enumerate(suite.seeds)}
    chances_PS, truth_PS = np.full(truth_PS.shape, np.nan), truth_PS.copy()
    people: set[Spot] = set()
    for one in (one for one in scores if one.check == check):
        at = cases[one.spot.case_id], seeds[one.spot.seed]
        if one.is_correction:
            truth_PS[at] = float(one.verdict is Verdict.PASS)
            people.add(one.spot)
        elif one.probability_bad is not None:
            chances_PS[at] = one.probability_bad
    is_known_PS = np.isfinite(chances_PS) & np.isfinite(truth_PS)
    if not is_known_PS.any():
        return None
    bins = _bins(1 - chances_PS, np.where(is_known_PS, truth_PS, np.nan))
    num = int(is_known_PS.sum())
    return Trust(
        check=check,
        num_pictures=num,
        num_by_people=len(people),
        risk=tuple(risk_coverage(chances_PS[is_known_PS], truth_PS[is_known_PS] == 0)),
        bins=tuple(bins),
        off_by=sum(abs(one.said - (one.found.value or 0)) * one.found.num for one in bins) / num,
    )


def _bins(said_PS: Floats, truth_PS: Floats) -> list[Bin]:
    places_PS = np.clip((np.nan_to_num(said_PS) * NUM_BINS).astype(int), 0, NUM_BINS - 1)
    bins: list[Bin] = []
    for number in range(NUM_BINS):
        is_here_PS = (places_PS == number) & np.isfinite(truth_PS) & np.isfinite(said_PS)
        if is_here_PS.any():
            found = clustered_share(np.where(is_here_PS, truth_PS, np.nan))
            bins.append(Bin(said=float(said_PS[is_here_PS].mean()), found=found))
    return bins
