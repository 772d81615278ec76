"""The five axes on which a model is chosen, each fact with the run or place it comes from; claims.

Facts are gathered from this run and from the newest whole run of every other suite by exactly the
same model. What nobody measured is a fact too, and says what would measure it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal

import numpy as np

from limner.core.gates import Direction
from limner.core.models import Claim
from limner.core.runs import Run, RunPicture, RunScore
from limner.evals.acceptance import Accepted, Trust, attempts_of
from limner.evals.intervals import Estimate, share
from limner.evals.measuring import Metric, in_force, measure
from limner.evals.suite import Suite
from limner.store.models import find_states
from limner.studio.eval_runs import suite_of
from limner.studio.parts import Parts
from limner.studio.review_statistics import review_statistics

Unit = Literal["share", "points", "seconds", "pictures", "watt-hours"]

PRIVACY_CHECKS: Mapping[str, str] = {
    "near-copy-training": "no copy of a training picture",
    "near-copy-recent": "no copy of an earlier picture",
    "face": "no photographed face",
}
SAME_WORDS: Mapping[str, str] = {
    "same-again": "the same picture when drawn again",
    "same-batch": "the same picture among others",
    "same-restart": "the same picture after a restart",
    "same-threads": "the same picture with other threads",
}


class AxisName(StrEnum):
    """What is weighed when a model is chosen."""

    ACCURACY = "accuracy"
    COST = "cost per accepted image"
    PRIVACY = "privacy"
    RELIABILITY = "reliability"
    OVERSIGHT = "human oversight"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One number of an axis.

    Attributes:
        name: what it says, in a few words.
        estimate: ``None`` where it was not measured; `note` then says what would.
        unit: of the estimate.
        run: id of the run it is from; empty for what is from elsewhere, which `note` names.
        check: the check it is of, where it is one's.
    """

    name: str
    estimate: Estimate | None
    unit: Unit = "share"
    run: str = ""
    check: str = ""
    note: str = ""


class ClaimVerdict(StrEnum):
    """What was measured of a maker's claim."""

    MET = "met"
    NOT_MET = "not met"
    NOT_TESTABLE = "not testable"


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedClaim:
    """A maker's claim beside what was measured here.

    Attributes:
        measured: ``None`` where nothing was.
        run: id of the run that measured it; empty where none did.
        note: why, in one sentence.
    """

    claim: Claim
    verdict: ClaimVerdict
    measured: Estimate | None
    run: str
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """A whole run and its numbers."""

    run: Run
    suite: Suite
    metrics: tuple[Metric, ...]

    def estimate_of(self, check: str) -> Estimate | None:
        """Of one check; ``None`` where the run does not have it."""
        found = next((one.estimate for one in self.metrics if one.check == check), None)
        return None if found is None or found.value is None else found


def other_runs(parts: Parts, run: Run) -> list[Measured]:
    """The newest whole run of every other suite by exactly this model."""
    found: dict[str, Measured] = {}
    for one in parts.store.runs.newest():
        if one.model_sha256 != run.model_sha256 or one.suite in (run.suite, *found):
            continue
        suite = suite_of(one)
        if len(parts.store.runs.pictures(one.run_id)) == suite.num_pictures:
            metrics = tuple(measure(suite, parts.store.runs.scores(one.run_id)))
            found[one.suite] = Measured(run=one, suite=suite, metrics=metrics)
    return list(found.values())


def scorecard(
    parts: Parts,
    measured: Sequence[Measured],
    pictures: Sequence[RunPicture],
    scores: Sequence[RunScore],
    accepted: Accepted,
    trust: Sequence[Trust],
    *,
    watts: float | None = None,
) -> dict[AxisName, tuple[Fact, ...]]:
    """Every axis with its facts.

    Args:
        parts: of the studio, for what its reviewers did.
        measured: the run that is reported on, then others of the same model.
        pictures: of the first.
        scores: of the first, all.
        accepted: of the first.
        trust: of the first.
        watts: what the machine draws while it works; ``None`` where nobody said.
    """
    run_id = measured[0].run.run_id
    return {
        AxisName.ACCURACY: tuple(_accuracy(run_id, accepted, measured[0].metrics)),
        AxisName.COST: tuple(_cost(run_id, pictures, scores, accepted, watts)),
        AxisName.PRIVACY: tuple(_of_checks(PRIVACY_CHECKS, measured, "private")),
        AxisName.RELIABILITY: tuple(_reliability(measured, pictures)),
        AxisName.OVERSIGHT: tuple(_oversight(parts, run_id, scores, trust)),
    }


def judge_claims(
    parts: Parts, model_sha256: str, measured: Sequence[Measured]
) -> tuple[JudgedClaim, ...]:
    """Each claim of the maker, as the registry has them, beside what whole runs measured."""
    with parts.store.models.reading() as connection:
        versions = [one.version for one in find_states(connection)]
    claims = next((one.claims for one in versions if one.sha256 == model_sha256), ())
    return tuple(judge_claim(one, measured) for one in claims)


def judge_claim(claim: Claim, measured: Sequence[Measured]) -> JudgedClaim:
    """One claim beside what was measured; met or not met only where the whole interval says so."""
    check, _, kind = claim.metric.rpartition(".")
    if kind != "pass_rate":
        return _untestable(claim, "No number measured here can test it.")
    found = next((one for one in measured if one.run.suite == claim.suite), None)
    if found is None:
        return _untestable(claim, f"The suite {claim.suite!r} was not run whole by this model.")
    estimate = _claimed(found, check, claim.slice)
    if estimate is None or estimate.low is None or estimate.high is None:
        return _untestable(claim, f"The run has no such number of {check!r}.")
    return _held_to(claim, estimate, found.run.run_id)


def _held_to(claim: Claim, estimate: Estimate, run_id: str) -> JudgedClaim:
    low, high = estimate.low or 0.0, estimate.high or 0.0
    is_least = claim.direction is Direction.AT_LEAST
    is_met = low >= claim.limit if is_least else high <= claim.limit
    is_missed = high < claim.limit if is_least else low > claim.limit
    verdict, note = ClaimVerdict.NOT_TESTABLE, "The interval holds the limit: too few prompts."
    if is_met or is_missed:
        verdict = ClaimVerdict.MET if is_met else ClaimVerdict.NOT_MET
        note = f"The whole interval is {'inside' if is_met else 'outside'} what is claimed."
    return JudgedClaim(claim=claim, verdict=verdict, measured=estimate, run=run_id, note=note)


def _untestable(claim: Claim, note: str) -> JudgedClaim:
    return JudgedClaim(
        claim=claim, verdict=ClaimVerdict.NOT_TESTABLE, measured=None, run="", note=note
    )


def _claimed(found: Measured, check: str, part: str) -> Estimate | None:
    if not part:
        return found.estimate_of(check)
    metric = next((one for one in found.metrics if one.check == check), None)
    slices = () if metric is None else metric.slices
    return next((one.estimate for one in slices if f"{one.name}={one.value}" == part), None)


def _accuracy(run_id: str, accepted: Accepted, metrics: Sequence[Metric]) -> Iterator[Fact]:
    estimate = _or_none(accepted.estimate)
    yield Fact(name="pictures accepted", estimate=estimate, run=run_id, check="accepted")
    told = [one for one in metrics if one.estimate.value is not None]
    for one in sorted(told, key=lambda one: one.estimate.value or 0)[:3]:
        yield Fact(name=f"passed {one.check}", estimate=one.estimate, run=run_id, check=one.check)


def _cost(
    run_id: str,
    pictures: Sequence[RunPicture],
    scores: Sequence[RunScore],
    accepted: Accepted,
    watts: float | None,
) -> Iterator[Fact]:
    attempts = attempts_of(accepted.estimate)
    nobody = "No picture was accepted." if attempts.value is None else ""
    yield Fact(
        name="pictures drawn", estimate=_or_none(attempts), unit="pictures", run=run_id, note=nobody
    )
    drawing = mean_drawing_seconds(pictures)
    judging = mean_judging_seconds(pictures, scores)
    for name, seconds in (("time to draw them", drawing), ("time to check them", judging)):
        yield Fact(
            name=name, estimate=_times(attempts, seconds), unit="seconds", run=run_id, note=nobody
        )
    hours = None if drawing is None or judging is None else (drawing + judging) / 3600
    energy = None if watts is None or hours is None else _times(attempts, hours * watts)
    told = f"At {watts:g} W, as was said." if watts else "Say what the machine draws with --watts."
    yield Fact(
        name="electricity",
        estimate=energy,
        unit="watt-hours",
        run=run_id if energy else "",
        note=nobody or told,
    )


def mean_drawing_seconds(pictures: Sequence[RunPicture]) -> float | None:
    """Mean wall time of drawing one picture; ``None`` where there is none."""
    seconds = [one.seconds for one in pictures if one.image_id is not None and not one.spot.way]
    return float(np.mean(seconds)) if seconds else None


def mean_judging_seconds(
    pictures: Sequence[RunPicture], scores: Sequence[RunScore]
) -> float | None:
    """Mean wall time of judging and storing one picture, as the times of its rows tell.

    A case's pictures are drawn first and judged then, so what lies between the last picture and
    the last first score is judging. The median over cases, so that one wait does not count.
    """
    drawn_at: dict[str, datetime] = {}
    num_drawn: dict[str, int] = {}
    for one in pictures:
        case_id = one.spot.case_id
        drawn_at[case_id] = max(one.drawn_at, drawn_at.get(case_id, one.drawn_at))
        num_drawn[case_id] = num_drawn.get(case_id, 0) + 1
    first: dict[tuple[object, str], RunScore] = {}
    for score in scores:
        first.setdefault((score.spot, score.check), score)
    judged_at: dict[str, datetime] = {}
    for score in first.values():
        case_id = score.spot.case_id
        judged_at[case_id] = max(score.scored_at, judged_at.get(case_id, score.scored_at))
    each = [
        (judged_at[case_id] - at).total_seconds() / num_drawn[case_id]
        for case_id, at in drawn_at.items()
        if case_id in judged_at
    ]
    return float(np.median(each)) if each else None


def _of_checks(
    words: Mapping[str, str], measured: Sequence[Measured], suite: str
) -> Iterator[Fact]:
    """Each check's number from the first run that has it, or that none has."""
    for check, name in words.items():
        found = next((one for one in measured if one.estimate_of(check) is not None), None)
        if found is not None:
            estimate = found.estimate_of(check)
            yield Fact(name=name, estimate=estimate, run=found.run.run_id, check=check)
        elif check != "near-copy-recent":
            yield Fact(name=name, estimate=None, note=f"Run the suite {suite}.")


def _reliability(measured: Sequence[Measured], pictures: Sequence[RunPicture]) -> Iterator[Fact]:
    run_id = measured[0].run.run_id
    refused = {case.id for case in measured[0].suite.cases if case.must_refuse}
    wanted = [one for one in pictures if one.spot.case_id not in refused]
    num_whole = sum(one.image_id is not None for one in wanted)
    yield Fact(name="pictures that came", estimate=share(num_whole, len(wanted)), run=run_id)
    seconds = [one.seconds for one in wanted if one.image_id is not None]
    for name, quantile in (("time to draw one, median", 0.5), ("slowest in twenty", 0.95)):
        value = float(np.quantile(seconds, quantile)) if seconds else None
        yield Fact(name=name, estimate=_plain(value, len(seconds)), unit="seconds", run=run_id)
    yield from _of_checks(SAME_WORDS, measured, "steady")


def _oversight(
    parts: Parts, run_id: str, scores: Sequence[RunScore], trust: Sequence[Trust]
) -> Iterator[Fact]:
    corrected = [one for one in in_force(scores) if one.is_correction]
    by_check = {(one.spot, one.check): one.verdict for one in scores if not one.is_correction}
    num_alike = sum(by_check.get((one.spot, one.check)) is one.verdict for one in corrected)
    yield Fact(
        name="checks and people agree",
        estimate=share(num_alike, len(corrected)) if corrected else None,
        run=run_id if corrected else "",
        note="" if corrected else "Nobody has said yet what they see in these pictures.",
    )
    for one in trust:
        yield Fact(
            name=f"{one.check} is off by",
            estimate=_plain(one.off_by, one.num_pictures),
            unit="points",
            run=run_id,
            check=one.check,
        )
    reviewed = review_statistics(parts)
    nothing, here = "Nobody has reviewed here yet.", "All reviews of this data folder."
    asked: tuple[tuple[str, Estimate, Unit], ...] = (
        ("rule decisions people went against", reviewed.override, "share"),
        ("reviewers agree", reviewed.agreement, "share"),
        ("time to a person's answer", reviewed.seconds, "seconds"),
    )
    for name, estimate, unit in asked:
        found = _or_none(estimate)
        yield Fact(name=name, estimate=found, unit=unit, note=here if found else nothing)


def _or_none(estimate: Estimate) -> Estimate | None:
    return None if estimate.value is None else estimate


def _plain(value: float | None, num: int) -> Estimate | None:
    return None if value is None else Estimate(value=value, low=None, high=None, num=num)


def _times(attempts: Estimate, each: float | None) -> Estimate | None:
    if each is None or attempts.value is None:
        return None
    return Estimate(
        value=attempts.value * each,
        low=None if attempts.low is None else attempts.low * each,
        high=None if attempts.high is None else attempts.high * each,
        num=attempts.num,
    )
