"""From the scores of a run to its numbers: shares with intervals, slices, aspects, worst cases.

The same scores always give the same numbers: nothing here is drawn by chance.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from limner.core.judging import Cause, Verdict
from limner.core.runs import RunScore, Spot
from limner.evals.comparison import clustered_share
from limner.evals.intervals import Estimate
from limner.evals.suite import Aspect, Suite

# Shapes: P prompts, S seeds.

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """A metric in one group of cases: ``colour`` is ``red``."""

    name: str
    value: str
    estimate: Estimate
    num_prompts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """What one check found in a run.

    Attributes:
        estimate: share of pictures that pass; `num` is pictures.
        num_prompts: that it was asked of.
        num_unjudged: pictures the check could not judge; they are in no share.
        labelled_by: who corrected scores that are in force; empty for a name that was erased.
        scored_until: UTC, of the newest score in force; ``None`` where there is none.
        slices: the same in every group of cases, those with the lowest upper end first.
    """

    check: str
    estimate: Estimate
    num_prompts: int
    num_unjudged: int
    labelled_by: tuple[str, ...]
    scored_until: datetime | None
    slices: tuple[Slice, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Worst:
    """A case that failed more than others.

    Attributes:
        num_failed: verdicts on its pictures that are no pass.
        num_judged: verdicts on its pictures.
        checks: names of those that failed, the most frequent first.
    """

    case_id: str
    num_failed: int
    num_judged: int
    checks: tuple[str, ...]


def in_force(scores: Sequence[RunScore]) -> list[RunScore]:
    """Of several scores about one picture by one check the last, in the order of pictures.

    A person's word holds against what the check says later.
    """
    last: dict[tuple[Spot, str], RunScore] = {}
    for one in scores:
        before = last.get((one.spot, one.check))
        if before is None or one.is_correction or not before.is_correction:
            last[one.spot, one.check] = one
    return [last[key] for key in sorted(last)]


def cards_by_check(scores: Sequence[RunScore]) -> dict[str, set[str]]:
    """Hashes of the cards that each check judged by; what people said has none of its own.

    Args:
        scores: of `in_force`.
    """
    cards: dict[str, set[str]] = defaultdict(set)
    for one in scores:
        if not one.is_correction:
            cards[one.check].add(one.card_sha256)
    return cards


def outcomes_of(suite: Suite, scores: Sequence[RunScore], check: str) -> Floats:
    """What one check said: 1 pass, 0 no pass, NaN not asked or not judged; `[P, S]`.

    A picture that is drawn again in several ways counts as right where all of its scores pass.

    Args:
        suite: gives the order of prompts and seeds.
        scores: of `in_force`.
        check: name.
    """
    outcomes_PS = np.full((len(suite.cases), len(suite.seeds)), np.nan)
    prompts = {case.id: at for at, case in enumerate(suite.cases)}
    seeds = {seed: at for at, seed in enumerate(suite.seeds)}
    for one in scores:
        if one.check == check and one.verdict is not Verdict.ERROR:
            place = prompts[one.spot.case_id], seeds[one.spot.seed]
            is_right = float(one.verdict is Verdict.PASS)
            outcomes_PS[place] = np.fmin(outcomes_PS[place], is_right)
    return outcomes_PS


def measure(suite: Suite, scores: Sequence[RunScore]) -> list[Metric]:
    """Every metric of a run, in the order of the suite's checks.

    Args:
        suite: that was run.
        scores: all of the run's, the oldest first.
    """
    held = in_force(scores)
    return [_metric(suite, held, check) for check in suite.checks]


def aspect_grid(
    suite: Suite, metrics: Sequence[Metric]
) -> dict[Aspect, tuple[tuple[str, Estimate], ...]]:
    """All twelve aspects and what measured them; none where an aspect was not measured.

    Aspects are neither averaged nor left out.
    """
    found = {one.check: one.estimate for one in metrics}
    return {
        aspect: tuple(
            (name, found[name])
            for name in suite.aspects.get(aspect, ())
            if found[name].value is not None
        )
        for aspect in Aspect
    }


def worst_cases(suite: Suite, scores: Sequence[RunScore], limit: int = 12) -> list[Worst]:
    """Cases by the share of verdicts on them that are no pass, the worst first.

    Args:
        suite: that was run.
        scores: all of the run's.
        limit: most to give.
    """
    failed: dict[str, dict[str, int]] = {case.id: {} for case in suite.cases}
    num_judged = dict.fromkeys(failed, 0)
    for one in in_force(scores):
        if one.verdict is Verdict.ERROR:
            continue
        case_id = one.spot.case_id
        num_judged[case_id] += 1
        if one.verdict is not Verdict.PASS:
            failed[case_id][one.check] = failed[case_id].get(one.check, 0) + 1
    worst = [
        Worst(
            case_id=case_id,
            num_failed=sum(checks.values()),
            num_judged=num_judged[case_id],
            checks=tuple(sorted(checks, key=lambda name: (-checks[name], name))),
        )
        for case_id, checks in failed.items()
        if checks
    ]
    return sorted(worst, key=lambda one: (-one.num_failed / one.num_judged, one.case_id))[:limit]


def weakest_slices(metrics: Sequence[Metric], limit: int) -> list[tuple[str, Slice]]:
    """Of all checks the slices that are surely weakest, each with its check.

    Those with the lowest upper end come first; a slice that holds every prompt its check was asked
    of is none.
    """
    found = [
        (metric.check, part)
        for metric in metrics
        for part in metric.slices
        if part.num_prompts < metric.num_prompts
    ]
    return sorted(found, key=lambda one: one[1].estimate.high or 0)[:limit]


def _metric(suite: Suite, scores: Sequence[RunScore], check: str) -> Metric:
    outcomes_PS = outcomes_of(suite, scores, check)
    groups: dict[tuple[str, str], list[int]] = {}
    for at, case in enumerate(suite.cases):
        for group in case.groups.items():
            groups.setdefault(group, []).append(at)
    slices = [_slice(group, outcomes_PS[members]) for group, members in groups.items()]
    found = [one for one in scores if one.check == check]
    return Metric(
        check=check,
        estimate=clustered_share(outcomes_PS),
        num_prompts=_num_prompts(outcomes_PS),
        num_unjudged=_num_unjudged(found),
        labelled_by=tuple(sorted({one.author for one in found if one.is_correction})),
        scored_until=max((one.scored_at for one in found), default=None),
        slices=tuple(
            sorted(
                (one for one in slices if one.estimate.value is not None),
                key=lambda one: (one.estimate.high or 0, one.name, one.value),
            )
        ),
    )


def _slice(group: tuple[str, str], outcomes_PS: Floats) -> Slice:
    return Slice(
        name=group[0],
        value=group[1],
        estimate=clustered_share(outcomes_PS),
        num_prompts=_num_prompts(outcomes_PS),
    )


def _num_prompts(outcomes_PS: Floats) -> int:
    return int(np.isfinite(outcomes_PS).any(axis=1).sum())


def _num_unjudged(scores: Sequence[RunScore]) -> int:
    return sum(one.verdict is Verdict.ERROR and one.cause != Cause.NOT_APPLICABLE for one in scores)


def results_document(metrics: Sequence[Metric]) -> Mapping[str, object]:
    """The numbers of a run as JSON; hashed, two runs agree exactly where their hashes do."""
    return {
        one.check: {
            "share": one.estimate.value,
            "low": one.estimate.low,
            "high": one.estimate.high,
            "num_pictures": one.estimate.num,
            "num_prompts": one.num_prompts,
            "num_unjudged": one.num_unjudged,
            "slices": [
                {
                    "slice": part.name,
                    "value": part.value,
                    "share": part.estimate.value,
                    "low": part.estimate.low,
                    "high": part.estimate.high,
                    "num_pictures": part.estimate.num,
                    "num_prompts": part.num_prompts,
                }
                for part in one.slices
            ],
        }
        for one in metrics
    }
