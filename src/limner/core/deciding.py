"""The one place where results become a decision.

Pure: results, criteria and circumstances in, decision out. Fails closed: no criteria, a missing
result, a result of other pixels or of another version, and an error never release an image.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from limner.core.criteria import (
    AlwaysReview,
    Certificate,
    Consequence,
    Costs,
    Criteria,
    Criterion,
)
from limner.core.judging import Cause, Result, Verdict
from limner.core.records import Operation

NO_CRITERIA = "criteria"  # sources of reasons
RIGHTS_WITHDRAWN = "rights-withdrawn"  # an image is blocked by an entry of the rights register
RIGHTS_LIKENESS = "rights-likeness"  # it is held as it looks like a picture of one
VOID = "What was certified about this check no longer holds; certify its limits again."


class Outcome(StrEnum):
    """Where an image goes; each is graver than the one before it."""

    RELEASED = "released"
    HELD = "held"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """What a decision depends on besides the results.

    Attributes:
        pixels_sha256: of the image to be decided; results of other pixels do not count. Empty
            before anything is drawn.
        request_sha256: of the request's text; ``None`` for an incoming image.
        impact: a tier of the criteria; ``None`` takes their default.
        operation: ``None`` for an incoming image, and before anything is drawn.
        chance: uniform 0-1, drawn for this image alone; decides whether it is audited.
    """

    pixels_sha256: str
    request_sha256: str | None
    impact: str | None
    operation: Operation | None
    chance: float

    @property
    def is_incoming(self) -> bool:
        """Nobody asked for the image here, so criteria about requests have nothing to judge."""
        return self.request_sha256 is None and self.operation is None

    @property
    def is_undrawn(self) -> bool:
        """There is a request and no image yet, so it is asked about the request alone."""
        return not self.pixels_sha256 and self.operation is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why, for one criterion or rule.

    Attributes:
        source: id of the criterion, or ``always-review``, ``criteria``, ``impact``.
        verdict: ``None`` where no result counted.
        note: one sentence for a person.
    """

    source: str
    verdict: Verdict | None
    consequence: Consequence
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What is done with one image, by rule.

    Attributes:
        reasons: of everything milder than a plain pass, gravest first; empty when all passed.
        criteria_sha256: hash of the criteria in force; ``None`` when there were none.
        audit_probability: with which this automatic decision was to be audited, 0-1; 1 when held.
        is_audited: a person looks at it afterwards although a rule decided.
        needs_second: two people must agree.
    """

    outcome: Outcome
    reasons: tuple[Reason, ...]
    criteria_sha256: str | None
    impact: str | None
    audit_probability: float
    is_audited: bool
    needs_second: bool

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a person is told about an image that is released all the same."""
        return tuple(one.note for one in self.reasons if one.consequence is Consequence.WARN)


def decide(
    criteria: Criteria | None,
    results: Sequence[Result],
    circumstances: Circumstances,
    *,
    fault: str = "",
    demands: Sequence[Reason] = (),
) -> Decision:
    """Decide about one image by the criteria in force.

    Every criterion and every always-review rule gives a consequence; the gravest is the decision.

    Args:
        criteria: ``None`` or empty holds everything.
        results: of the checks; those of other pixels or other versions do not count.
        circumstances: what else it depends on.
        fault: why there are no criteria, one sentence for a person.
        demands: what is asked of this image besides; they can make the decision graver only.
    """
    if criteria is None or not (asked := _asked(criteria, circumstances)):
        return _held_without_criteria(fault, circumstances.impact)
    impact = criteria.default_impact if circumstances.impact is None else circumstances.impact
    reasons = [_judge(one, results, criteria, circumstances, impact) for one in asked]
    reasons += [
        Reason(source="always-review", verdict=None, consequence=Consequence.HOLD, note=rule.reason)
        for rule in criteria.always_review
        if not circumstances.is_undrawn and _applies(rule, results, circumstances, impact)
    ]
    reasons += demands
    if impact not in criteria.impact_tiers:
        reasons.append(_unknown_impact(impact))
    outcome = _outcome_of(reasons)
    audit_probability = {
        Outcome.RELEASED: criteria.audit.released,
        Outcome.HELD: 1.0,
        Outcome.REFUSED: criteria.audit.refused,
    }[outcome]
    told = [one for one in reasons if one.consequence is not Consequence.RELEASE]
    return Decision(
        outcome=outcome,
        reasons=tuple(sorted(told, key=lambda one: -one.consequence.gravity)),
        criteria_sha256=criteria.sha256,
        impact=impact,
        audit_probability=audit_probability,
        is_audited=outcome is not Outcome.HELD and circumstances.chance < audit_probability,
        needs_second=impact in criteria.second_reviewer or impact not in criteria.impact_tiers,
    )


def stands(earlier: Decision, later: Decision, *, is_by_person: bool) -> bool:
    """Whether what was decided about an image holds against a later decision by rule.

    What people decided stands, and so does what the same criteria did, unless those are graver now.
    A rule lifts nothing that the rights register brought about. And what is asked at another stake
    can make a decision graver only, or the picture would leave by being asked for a little thing.

    Args:
        earlier: that holds so far.
        later: by rule, about the same pixels.
        is_by_person: the earlier one is.
    """
    is_graver = _gravity(later) > _gravity(earlier)
    by_register = {RIGHTS_WITHDRAWN, RIGHTS_LIKENESS} & {one.source for one in earlier.reasons}
    if by_register or earlier.impact not in (None, later.impact):
        return not is_graver
    if is_by_person:
        return True
    return earlier.criteria_sha256 == later.criteria_sha256 and not is_graver


def _gravity(decision: Decision) -> tuple[int, bool]:
    """Orders decisions; of two that hold, the one is graver that two people must lift."""
    is_for_two = decision.outcome is Outcome.HELD and decision.needs_second
    return list(Outcome).index(decision.outcome), is_for_two


def cheapest(probability_bad: float, costs: Costs, impact: float) -> Consequence:
    """Release, hold or refuse: whatever is expected to cost least (Chow 1970, Elkan 2001).

    Between equal costs the graver wins.

    Args:
        probability_bad: calibrated, 0-1.
        costs: at impact 1.
        impact: multiplies the cost of a false accept, so that high impact goes to people.
    """
    expected = {
        Consequence.REFUSE: (1 - probability_bad) * costs.false_reject,
        Consequence.HOLD: costs.review,
        Consequence.RELEASE: probability_bad * costs.false_accept * impact,
    }
    return min(expected, key=lambda one: (expected[one], -one.gravity))


def review_band(costs: Costs, impact: float) -> tuple[float, float]:
    """Probabilities of being bad between which a person is the cheapest choice.

    Below the first an image is released, from the second on refused; equal where nobody is asked.
    Arguments as `cheapest`.
    """
    accept_cost = costs.false_accept * impact
    total = accept_cost + costs.false_reject
    # Where releasing and refusing cost the same; the band, if there is one, lies about it.
    even = costs.false_reject / total if total else 1.0
    low = costs.review / accept_cost if accept_cost else even
    high = 1 - costs.review / costs.false_reject if costs.false_reject else even
    return min(low, even), max(high, even)


def _asked(criteria: Criteria, circumstances: Circumstances) -> tuple[Criterion, ...]:
    """The criteria that ask: about an incoming image, or a request before it is drawn, or both."""
    if circumstances.is_undrawn:
        return tuple(one for one in criteria.criteria if one.about == "request")
    if circumstances.is_incoming:
        return tuple(one for one in criteria.criteria if one.about == "image")
    return criteria.criteria


def _judge(
    criterion: Criterion,
    results: Sequence[Result],
    criteria: Criteria,
    circumstances: Circumstances,
    impact: str,
) -> Reason:
    """The consequence of one criterion."""

    def reason(verdict: Verdict | None, consequence: Consequence, note: str) -> Reason:
        return Reason(source=criterion.id, verdict=verdict, consequence=consequence, note=note)

    result = _result_for(criterion, results, circumstances)
    if result is None:
        return reason(
            None,
            criterion.error,
            f"{criterion.question} There is no result of the check {criterion.check!r} "
            f"version {criterion.version!r} for these pixels.",
        )
    note = " ".join((criterion.question, *(result.notes or (_spoken(result.verdict),))))
    if result.verdict is Verdict.ERROR or result.score is None:
        is_moot = result.cause is Cause.NOT_APPLICABLE
        moot = criterion.not_applicable if is_moot else None
        return reason(Verdict.ERROR, criterion.error if moot is None else moot, note)
    # An unknown tier is held anyway; the highest one keeps this criterion from being milder.
    multiplier = criteria.impact_tiers.get(impact, max(criteria.impact_tiers.values()))
    by_verdict = _by_verdict(criterion, result.verdict)
    by_costs = _by_costs(criterion, result.probability_bad, multiplier)
    if criterion.certified is None:
        return reason(result.verdict, by_costs or by_verdict, note)
    choice = _graver(by_verdict, by_costs or by_verdict)
    if not _covers(criterion.certified, result):
        return reason(result.verdict, _graver(choice, Consequence.HOLD), f"{note} {VOID}")
    return reason(result.verdict, choice, note)


def _by_verdict(criterion: Criterion, verdict: Verdict) -> Consequence:
    if verdict is Verdict.PASS:
        return Consequence.RELEASE
    return criterion.unsure if verdict is Verdict.UNSURE else criterion.fail


def _by_costs(
    criterion: Criterion, probability_bad: float | None, impact: float
) -> Consequence | None:
    """The cheapest choice, as grave as the criterion makes it; ``None`` where it is not known."""
    if criterion.costs is None or probability_bad is None:
        return None
    choice = cheapest(probability_bad, criterion.costs, impact)
    return criterion.fail if choice is Consequence.REFUSE else choice


def _covers(certificate: Certificate, result: Result) -> bool:
    """Whether a certificate speaks of this result: of this very check, by the limits certified."""
    if result.limits is None or not certificate.is_of(result.card_sha256):
        return False
    return certificate.is_for(result.limits)


def _graver(one: Consequence, other: Consequence) -> Consequence:
    return max(one, other, key=lambda choice: choice.gravity)


def _result_for(
    criterion: Criterion, results: Sequence[Result], circumstances: Circumstances
) -> Result | None:
    """The gravest of the results that count: this check, this version, this very subject."""
    is_request = criterion.about == "request"
    judged = circumstances.request_sha256 if is_request else circumstances.pixels_sha256
    order = (Verdict.ERROR, Verdict.FAIL, Verdict.UNSURE, Verdict.PASS)
    counting = [
        one
        for one in results
        if (one.check, one.version, one.judged_sha256)
        == (criterion.check, criterion.version, judged)
    ]
    return min(counting, key=lambda one: order.index(one.verdict), default=None)


def _applies(
    rule: AlwaysReview, results: Sequence[Result], circumstances: Circumstances, impact: str
) -> bool:
    if rule.impact and impact not in rule.impact:
        return False
    if rule.operations and circumstances.operation not in rule.operations:
        return False
    answers = {one.verdict for one in results if one.check == rule.check}
    # No answer is no all-clear; nor is there one where no check is named.
    return bool(answers & set(rule.verdicts)) if answers else True


def _outcome_of(reasons: Sequence[Reason]) -> Outcome:
    gravest = max(reasons, key=lambda one: one.consequence.gravity).consequence
    return {
        Consequence.RELEASE: Outcome.RELEASED,
        Consequence.WARN: Outcome.RELEASED,
        Consequence.HOLD: Outcome.HELD,
        Consequence.REFUSE: Outcome.REFUSED,
    }[gravest]


def _unknown_impact(impact: str) -> Reason:
    return Reason(
        source="impact",
        verdict=None,
        consequence=Consequence.HOLD,
        note=f"The impact tier {impact!r} is not one of the criteria's.",
    )


def _held_without_criteria(fault: str, impact: str | None) -> Decision:
    note = f"There are no criteria in force, so nothing can be released by rule. {fault}".strip()
    reason = Reason(source=NO_CRITERIA, verdict=None, consequence=Consequence.HOLD, note=note)
    return Decision(
        outcome=Outcome.HELD,
        reasons=(reason,),
        criteria_sha256=None,
        impact=impact,
        audit_probability=1.0,
        is_audited=False,
        needs_second=True,
    )


def _spoken(verdict: Verdict) -> str:
    return {
        Verdict.PASS: "Yes.",
        Verdict.FAIL: "No.",
        Verdict.UNSURE: "The check is unsure.",
        Verdict.ERROR: "The check could not tell.",
    }[verdict]
