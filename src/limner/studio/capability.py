"""The capability card of a model: what it does reliably, what needs a person, what it cannot do.

Everything on it is worked out from evidence that holds now. A number whose suite, checks, criteria
or data have changed since is not among the three; it is said to hold no more.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass
from datetime import UTC, datetime, time
from enum import StrEnum

import sqlalchemy as sa

from limner.core.evidence import AGREEMENT, SHARE, Basis, Evidence
from limner.core.gates import GateAnswer, Waiver
from limner.core.gating import rests_on_interest
from limner.core.models import ModelState, Origin
from limner.core.records import Operation
from limner.evals.suite import Aspect
from limner.store.evidence import evidence_of, waivers_of
from limner.studio.check_agreement import Agreement, agreements_of
from limner.studio.criteria_use import certificate_lines
from limner.studio.drawing_evidence import DIFFER, SECONDS
from limner.studio.eval_judging import Checks
from limner.studio.gate_file import gate_in_force
from limner.studio.gate_use import (
    answer_gate,
    basis_now,
    hold_against,
    interested_in,
    suite_source,
)
from limner.studio.model_files import file_fault, whence_of
from limner.studio.parts import Parts
from limner.studio.passed_gates import passed_gate
from limner.studio.registry import find_version
from limner.studio.suite_file import read_suite

RELIABLE_FROM = 0.9  # the lower bound of a share that is done reliably
CANNOT_UNDER = 0.5  # the upper bound of a share that cannot be done
QUESTIONS = {DIFFER: "Do other seeds give other pictures?"}
"""Of numbers that no check gives."""


class Standing(StrEnum):
    """Where a measured number puts what it is about."""

    RELIABLE = "reliable"
    PERSON = "needs a person"
    CANNOT = "cannot"
    LAPSED = "lapsed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Capability:
    """One thing a model was measured on.

    Attributes:
        question: of the check.
        evidence: the newest about it.
        standing: `LAPSED` where the evidence does not hold any more.
    """

    question: str
    evidence: Evidence
    standing: Standing


@dataclass(frozen=True, slots=True, kw_only=True)
class CapabilityCard:
    """Everything the card of one version says.

    Attributes:
        made_at: UTC.
        capabilities: shares, the surest first.
        agreements: how often checks say what people say; see check_agreement.py.
        seconds: what a picture takes, where that was measured and holds; ``None`` otherwise.
        not_measured: aspects that no evidence is about.
        refuses: what it cannot start from at all.
        answer: of the gate it passed, or of the one in force; ``None`` for what came with the
            install, which passes none.
        has_passed: it went through that gate.
        waivers: under which it passed, or would.
        certified: what was shown about the limits of the criteria in force, in sentences.
        valid_until: of what is said here, UTC; ``None`` where nothing is shown.
        fault: of its files; empty where they are as registered.
    """

    state: ModelState
    made_at: datetime
    capabilities: tuple[Capability, ...]
    agreements: tuple[Agreement, ...]
    seconds: Evidence | None
    not_measured: tuple[Aspect, ...]
    refuses: tuple[str, ...]
    answer: GateAnswer | None
    has_passed: bool
    waivers: tuple[Waiver, ...]
    certified: tuple[str, ...]
    valid_until: datetime | None
    fault: str

    def of(self, standing: Standing) -> tuple[Capability, ...]:
        """Those of one standing."""
        return tuple(one for one in self.capabilities if one.standing is standing)

    def to_document(self) -> dict[str, object]:
        """JSON form."""
        version, until = self.state.version, self.valid_until
        return {
            "format": "limner.capability/1",
            "model": {"name": version.label, "sha256": version.sha256},
            "stage": str(self.state.stage),
            "owner": version.owner,
            "licence": version.licence.expression,
            "made_at": self.made_at.isoformat(),
            "valid_until": None if until is None else until.isoformat(),
            "fault": self.fault,
            "gate": None if self.answer is None else str(self.answer.verdict),
            "has_passed": self.has_passed,
            "capabilities": [
                {
                    "standing": str(one.standing),
                    "question": one.question,
                    "metric": one.evidence.metric,
                    "suite": one.evidence.suite,
                    "slice": one.evidence.slice,
                    "estimate": one.evidence.estimate,
                    "low": one.evidence.low,
                    "high": one.evidence.high,
                    "confidence": one.evidence.confidence,
                    "num": one.evidence.num,
                    "run": one.evidence.run,
                }
                for one in self.capabilities
            ],
            "agreements": [
                {
                    "check": one.check,
                    "estimate": one.evidence.estimate,
                    "low": one.evidence.low,
                    "high": one.evidence.high,
                    "num": one.evidence.num,
                    "run": one.evidence.run,
                    "expires_at": one.ends_at.isoformat(),
                    "holds": one.holds,
                }
                for one in self.agreements
            ],
            "seconds": None if self.seconds is None else _timed(self.seconds),
            "not_measured": [str(one) for one in self.not_measured],
            "refuses": list(self.refuses),
            "certified": list(self.certified),
            "waivers": [
                {
                    "rule": one.rule_id,
                    "person": one.person,
                    "reason": one.reason,
                    "expires_at": one.expires_at.isoformat(),
                }
                for one in self.waivers
            ],
        }


def _timed(took: Evidence) -> dict[str, object]:
    names = ("estimate", "low", "high", "num", "suite", "run")
    return {name: getattr(took, name) for name in names}


def capability_card(parts: Parts, name: str) -> CapabilityCard:
    """The card of a version, from the evidence there is now.

    Args:
        parts: of the studio.
        name: see `studio.registry.find_version`.

    Raises:
        NotFound: there is no such version.
        GateInvalid: the gate in force cannot be read.
    """
    state, now = find_version(parts, name), parts.read_clock()
    version = state.version
    fault = file_fault(whence_of(version), version)
    with parts.store.models.reading() as connection:
        newest = newest_evidence(connection, version.sha256)
    basis = basis_now(parts, [one.suite for one in newest], version.sha256)
    passed = passed_gate(parts, version.sha256)
    answer: GateAnswer | None = None
    if version.origin is not Origin.SHIPPED:
        gate = gate_in_force(parts.settings) if passed is None else passed
        held = hold_against(parts, gate, version, (fault,) if fault else ())
        with parts.store.models.reading() as connection:
            answer = answer_gate(connection, held, version, now)
            waivers = _counted(answer, waivers_of(connection, version.sha256))
    else:
        waivers = ()
    unfair = {one.sha256 for one in newest if rests_on_interest(one, interested_in(version))}
    capabilities = _capabilities(parts, newest, basis, unfair)
    seconds = _seconds(newest, basis)
    return CapabilityCard(
        state=state,
        made_at=now,
        capabilities=capabilities,
        agreements=agreements_of(newest, basis, Checks(parts).cards, now, unfair),
        seconds=seconds,
        not_measured=_not_measured(parts, capabilities, is_timed=seconds is not None),
        refuses=_refuses(state),
        answer=answer,
        has_passed=passed is not None,
        waivers=waivers,
        certified=tuple(_certified(parts)),
        valid_until=_valid_until(state, answer, fault, now),
        fault=fault,
    )


def newest_evidence(connection: sa.Connection, model_sha256: str) -> list[Evidence]:
    """The newest evidence about each metric, suite and slice, as gates take it."""
    newest: dict[tuple[str, str, str], Evidence] = {}
    for one in evidence_of(connection, model_sha256):  # oldest first
        newest[one.suite, one.metric, one.slice] = one
    return list(newest.values())


def standing_of(evidence: Evidence, basis: Basis | None) -> Standing:
    """Where a number puts what it is about; only bounds count, never the number itself.

    Args:
        evidence: a share.
        basis: what it would be measured on now; ``None`` where its suite is gone.
    """
    if basis != evidence.basis:
        return Standing.LAPSED
    if evidence.low >= RELIABLE_FROM:
        return Standing.RELIABLE
    return Standing.CANNOT if evidence.high <= CANNOT_UNDER else Standing.PERSON


def _capabilities(
    parts: Parts, newest: Sequence[Evidence], basis: dict[str, Basis], unfair: Set[str]
) -> tuple[Capability, ...]:
    """Those by labels of whoever is interested in the answer, `unfair`, do not hold."""
    cards = Checks(parts).cards
    found: list[Capability] = []
    for one in newest:
        is_agreement = one.metric.endswith(f".{AGREEMENT}")
        if one.unit != SHARE or is_agreement:  # bounds of shares of pictures mean nothing for it
            continue
        card = cards.get(one.metric.rpartition(".")[0])
        found.append(
            Capability(
                question=QUESTIONS.get(one.metric, one.metric) if card is None else card.question,
                evidence=one,
                standing=(
                    Standing.LAPSED
                    if one.sha256 in unfair
                    else standing_of(one, basis.get(one.suite))
                ),
            )
        )
    order = {standing: k for k, standing in enumerate(Standing)}
    return tuple(
        sorted(
            found,
            key=lambda one: (order[one.standing], -one.evidence.low, one.evidence.metric),
        )
    )


def _seconds(newest: Sequence[Evidence], basis: dict[str, Basis]) -> Evidence | None:
    """What a picture took in the newest run that still holds."""
    timed = [one for one in newest if one.metric == SECONDS and basis.get(one.suite) == one.basis]
    return max(timed, key=lambda one: one.measured_at, default=None)


def _not_measured(
    parts: Parts, capabilities: Sequence[Capability], *, is_timed: bool
) -> tuple[Aspect, ...]:
    measured: set[Aspect] = {Aspect.EFFICIENCY} if is_timed else set()
    checks = {
        (one.evidence.suite, one.evidence.metric.rpartition(".")[0])
        for one in capabilities
        if one.standing is not Standing.LAPSED
    }
    for name in {suite for suite, _ in checks}:
        suite = read_suite(suite_source(parts, name))  # it is there: its evidence holds
        measured |= {
            aspect
            for aspect, names in suite.aspects.items()
            if any((name, check) in checks for check in names)
        }
    return tuple(aspect for aspect in Aspect if aspect not in measured)


def _refuses(state: ModelState) -> tuple[str, ...]:
    said = state.version.card.get("operations", [])
    assert isinstance(said, list), "the registry holds a list"
    words = {
        Operation.IMAGE: "start from a picture",
        Operation.MASK: "repaint a part of a picture",
    }
    return tuple(word for one, word in words.items() if str(one) not in said)


def _counted(answer: GateAnswer, waivers: Sequence[Waiver]) -> tuple[Waiver, ...]:
    counted = [one for rule in answer.rules for one in rule.waived_by]
    return tuple(one for one in waivers if one in counted)


def _certified(parts: Parts) -> list[str]:
    criteria = parts.judge.criteria
    if criteria is None:
        return []
    return [
        f"{one.question} {line}"
        for one in criteria.criteria
        if one.certified is not None
        for line in certificate_lines(one, parts.judge.cards[one.check])
    ]


def _valid_until(
    state: ModelState, answer: GateAnswer | None, fault: str, now: datetime
) -> datetime | None:
    """When the first of gate and review ends; ``None`` where something does not hold now."""
    if fault or answer is None or answer.valid_until is None:
        return None
    ends = [answer.valid_until]
    if state.review_by is not None:
        ends.append(datetime.combine(state.review_by, time.max, UTC))
    return min(ends) if min(ends) > now else None
