"""Gating: whether evidence suffices to let a model one stage further.

A gate is rules on confidence bounds. Every rule must be kept by itself: nothing is averaged, and
nothing good makes up for something bad. What is missing, too old, about something else, or
registered after the fact is never a pass.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from limner.core.evidence import SHARE, Basis, Evidence
from limner.core.gates import (
    Circumstances,
    Direction,
    Gate,
    GateAnswer,
    GateVerdict,
    Lack,
    Rule,
    RuleAnswer,
    Waiver,
    person_key,
    signed_by_two,
)

CLOCK_SLACK = timedelta(minutes=5)  # by which the clocks of two machines may differ


class Found(NamedTuple):
    """What there is to go by.

    Attributes:
        evidence: of any model, run and age.
        waivers: of any model and gate.
        faults: what is wrong with the licence or the files; see `GateAnswer.faults`.
    """

    evidence: Sequence[Evidence] = ()
    waivers: Sequence[Waiver] = ()
    faults: tuple[str, ...] = ()


def decide_gate(gate: Gate, found: Found, circumstances: Circumstances) -> GateAnswer:
    """Hold what there is against every rule of a gate."""
    answers: list[RuleAnswer] = []
    for rule in gate.rules:
        answer = decide_rule(rule, found.evidence, circumstances)
        if answer.verdict is not GateVerdict.PASS:
            answer = _waived(answer, gate, found.waivers, circumstances)
        answers.append(answer)
    faults = found.faults + tuple(
        f"The certificate of the criterion {one!r} has ended; nothing is shown by it."
        for one in circumstances.ended_certificates
    )
    return GateAnswer(
        gate=gate,
        model_sha256=circumstances.model_sha256,
        answered_at=circumstances.now,
        rules=tuple(answers),
        faults=faults,
    )


def decide_rule(
    rule: Rule, evidence: Sequence[Evidence], circumstances: Circumstances
) -> RuleAnswer:
    """Hold the newest evidence there is against one rule.

    The newest counts, never the best: an older run that was better does not help.
    """
    asked = [one for one in evidence if is_about(one, rule, circumstances.model_sha256)]
    if not asked:
        note = f"{rule.metric} was never measured for this model by the suite {rule.suite!r}."
        return _insufficient(rule, Lack.MISSING, note, num_more=rule.min_num)
    newest = max(asked, key=lambda one: (one.measured_at, one.sha256))
    for lack, find in _LACKS:
        note = find(rule, newest, circumstances)
        if note:
            return _insufficient(rule, lack, note, newest, num_more=rule.min_num)
    return _by_bounds(rule, newest)


def is_about(evidence: Evidence, rule: Rule, model_sha256: str) -> bool:
    """Whether this is what a rule asks for, whatever it says."""
    return (
        evidence.basis.model_sha256 == model_sha256
        and evidence.metric == rule.metric
        and evidence.suite == rule.suite
        and evidence.slice == rule.slice
    )


def rests_on_interest(evidence: Evidence, interested: Iterable[str]) -> bool:
    """Whether somebody labelled it who is interested, who asked for the run, or who was erased."""
    keys = {person_key(one) for one in (*interested, evidence.asked_by) if one}
    return any(not one or person_key(one) in keys for one in evidence.labelled_by)


def _waived(
    answer: RuleAnswer, gate: Gate, waivers: Sequence[Waiver], circumstances: Circumstances
) -> RuleAnswer:
    about = [
        one
        for one in waivers
        if one.model_sha256 == circumstances.model_sha256
        and one.gate_sha256 == gate.sha256
        and one.rule_id == answer.rule.id
    ]
    return replace(answer, waived_by=signed_by_two(about, circumstances.now))


def _insufficient(
    rule: Rule,
    lack: Lack,
    note: str,
    evidence: Evidence | None = None,
    num_more: int | None = None,
) -> RuleAnswer:
    return RuleAnswer(
        rule=rule,
        verdict=GateVerdict.INSUFFICIENT,
        lack=lack,
        note=note,
        evidence=evidence,
        num_more=num_more,
    )


def _expired(rule: Rule, evidence: Evidence, circumstances: Circumstances) -> str:
    now = circumstances.basis.get(rule.suite)
    if now is None:
        return f"The suite {rule.suite!r} is not there any more, so its evidence does not count."
    changed = [
        name.removesuffix("_sha256")
        for name in Basis.__dataclass_fields__
        if getattr(now, name) != getattr(evidence.basis, name)
    ]
    if not changed:
        return ""
    return f"The evidence has expired: changed since it was measured: {', '.join(changed)}."


def _post_hoc(rule: Rule, evidence: Evidence, circumstances: Circumstances) -> str:
    registered = {
        "the criteria were": circumstances.criteria_registered_at.get(
            evidence.basis.criteria_sha256
        ),
        "the gate was": circumstances.gate_registered_at,
    }
    for what, registered_at in registered.items():
        if registered_at is None or registered_at > evidence.started_at:
            when = "never" if registered_at is None else f"at {_spoken(registered_at)}"
            return (
                f"The evidence is post hoc: {what} registered {when}, and the run began at "
                f"{_spoken(evidence.started_at)}. Run it again."
            )
    return ""


def _from_the_future(rule: Rule, evidence: Evidence, circumstances: Circumstances) -> str:
    if evidence.measured_at <= circumstances.now + CLOCK_SLACK:
        return ""
    return (
        f"The evidence was measured at {_spoken(evidence.measured_at)}, which is still to come; a "
        "clock is wrong."
    )


def _too_old(rule: Rule, evidence: Evidence, circumstances: Circumstances) -> str:
    if evidence.expires_at is not None and evidence.expires_at <= circumstances.now:
        return f"The evidence ended at {_spoken(evidence.expires_at)}. Ask people again."
    age = circumstances.now - evidence.measured_at
    if age <= timedelta(days=rule.max_age_days):
        return ""
    return f"The evidence is {age.days} days old; it counts for {rule.max_age_days}. Run it again."


def _not_confident(rule: Rule, evidence: Evidence, circumstances: Circumstances) -> str:
    if evidence.confidence >= rule.confidence - 1e-9:
        return ""
    return (
        f"The evidence has bounds with {evidence.confidence:.4g} confidence; "
        f"{rule.confidence:.4g} is asked."
    )


def _interested_labels(rule: Rule, evidence: Evidence, circumstances: Circumstances) -> str:
    if not rests_on_interest(evidence, circumstances.interested):
        return ""
    return (
        "The evidence rests on labels from somebody with an interest in the answer: who asked for "
        "the run, or who owns or proposed the model."
    )


_LACKS: tuple[tuple[Lack, Callable[[Rule, Evidence, Circumstances], str]], ...] = (
    (Lack.EXPIRED, _expired),
    (Lack.POST_HOC, _post_hoc),
    (Lack.FROM_THE_FUTURE, _from_the_future),
    (Lack.TOO_OLD, _too_old),
    (Lack.NOT_CONFIDENT, _not_confident),
    (Lack.INTERESTED_LABELS, _interested_labels),
)


def _by_bounds(rule: Rule, evidence: Evidence) -> RuleAnswer:
    sign = 1.0 if rule.direction is Direction.AT_LEAST else -1.0
    worst, best = (evidence.low, evidence.high)[:: 1 if sign > 0 else -1]
    said = (
        f"{rule.metric} is {evidence.estimate:.4g} ({evidence.low:.4g} to {evidence.high:.4g}, "
        f"n {evidence.num:,}); asked is {str(rule.direction).replace('_', ' ')} {rule.limit:g}."
    )
    if sign * best < sign * rule.limit:
        return RuleAnswer(rule=rule, verdict=GateVerdict.FAIL, note=said, evidence=evidence)
    if evidence.num < rule.min_num:
        note = f"{said} At least {rule.min_num:,} observations are asked."
        more = rule.min_num - evidence.num
        return _insufficient(rule, Lack.TOO_FEW, note, evidence, more)
    if sign * worst < sign * rule.limit:
        more = num_more(rule, evidence)
        note = f"{said} The limit lies between the bounds" + (
            f"; about {more:,} more observations would tell." if more is not None else "."
        )
        return _insufficient(rule, Lack.UNDECIDED, note, evidence, more)
    return RuleAnswer(
        rule=rule,
        verdict=GateVerdict.PASS,
        note=said,
        evidence=evidence,
        valid_until=_end_of(rule, evidence),
    )


def _end_of(rule: Rule, evidence: Evidence) -> datetime:
    by_age = evidence.measured_at.astimezone(UTC) + timedelta(days=rule.max_age_days)
    return by_age if evidence.expires_at is None else min(by_age, evidence.expires_at)


def num_more(rule: Rule, evidence: Evidence) -> int | None:
    """Observations after which the bound would probably keep the limit, beyond those there are.

    The bound's distance from the estimate shrinks with the root of the number of observations; of
    a share at its very end, where nothing bad was seen, with the number itself.

    Returns:
        ``None`` where the estimate itself does not keep the limit: more will not help.
    """
    is_high_good = rule.direction is Direction.AT_LEAST
    room = evidence.estimate - rule.limit if is_high_good else rule.limit - evidence.estimate
    width = evidence.estimate - evidence.low if is_high_good else evidence.high - evidence.estimate
    if room <= 0:
        return None
    is_at_end = evidence.unit == SHARE and evidence.estimate in (0.0, 1.0)
    times = width / room if is_at_end else (width / room) ** 2
    return max(math.ceil(times * evidence.num) - evidence.num, 1)


def _spoken(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
