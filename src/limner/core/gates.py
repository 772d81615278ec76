"""The records of gates: their rules, what is held against them, and what comes of it; and waivers.

How evidence is held against a gate is in gating.py. Nothing is stored or measured here.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

from limner.core.errors import GateInvalid
from limner.core.evidence import Basis, Evidence
from limner.core.hashing import sha256_of_document

GATE_FORMAT = "limner.gate/1"
MAX_WAIVER = timedelta(days=90)


class Direction(StrEnum):
    """Which side of a limit is the good one."""

    AT_LEAST = "at_least"
    AT_MOST = "at_most"


class GateVerdict(StrEnum):
    """What a gate or one of its rules says. Only PASS lets through."""

    PASS = "pass"
    FAIL = "fail"
    INSUFFICIENT = "insufficient"


class Lack(StrEnum):
    """Why evidence does not count."""

    MISSING = "missing"
    EXPIRED = "expired"
    POST_HOC = "post_hoc"
    TOO_OLD = "too_old"
    FROM_THE_FUTURE = "from_the_future"
    NOT_CONFIDENT = "not_confident"
    INTERESTED_LABELS = "interested_labels"
    TOO_FEW = "too_few"
    UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One thing that must be shown.

    Attributes:
        id: unique in its gate.
        metric, suite, slice: of the evidence it asks for.
        direction, limit: what the bound on the bad side must keep.
        min_num: fewest observations.
        max_age_days: after which evidence no longer counts.
        confidence: least that the evidence's interval has.
    """

    id: str
    metric: str
    suite: str
    slice: str = ""
    direction: Direction
    limit: float
    min_num: int
    max_age_days: int
    confidence: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """Everything a model must show.

    Attributes:
        owner: who answers for it.
        review_by: day it is to be looked at again.
        licences: SPDX expressions that are allowed; a person must have read the licence.
        rules: at least one; with none, nothing passes.
        pauses_when_overdue: which missed reviews pause models that passed here: any of ``gate``,
            ``criteria``, ``suites``; its owner chose so.
    """

    name: str
    owner: str
    review_by: date
    licences: tuple[str, ...]
    rules: tuple[Rule, ...]
    pauses_when_overdue: tuple[str, ...] = ()

    def to_document(self) -> dict[str, object]:
        """JSON form, one key per attribute and ``format``."""
        return {
            "format": GATE_FORMAT,
            **asdict(self),
            "review_by": self.review_by.isoformat(),
            "licences": list(self.licences),
            "rules": [asdict(one) for one in self.rules],
            "pauses_when_overdue": list(self.pauses_when_overdue),
        }

    @property
    def sha256(self) -> str:
        """Tagged hash of the canonical JSON."""
        return sha256_of_document(self.to_document())


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiver:
    """One person's signature under letting a model pass without one rule kept.

    Attributes:
        gate_sha256: the rule is that of exactly this gate.
        expires_at: UTC.
        person: who signs.
    """

    model_sha256: str
    gate_sha256: str
    rule_id: str
    reason: str
    person: str
    signed_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """What evidence is held against.

    Attributes:
        now: UTC.
        model_sha256: the version that asks to pass.
        gate_registered_at: when the gate was registered; ``None`` if it never was.
        basis: by suite, what evidence about this model has to be measured on now. A suite that
            is not named here is not there.
        criteria_registered_at: by hash, when criteria were frozen.
        interested: who wants the model to pass: its owner and who proposed it.
        ended_certificates: criteria whose certificate has ended.
    """

    now: datetime
    model_sha256: str
    gate_registered_at: datetime | None
    basis: Mapping[str, Basis]
    criteria_registered_at: Mapping[str, datetime]
    interested: frozenset[str] = frozenset()
    ended_certificates: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleAnswer:
    """What came of one rule.

    Attributes:
        lack: why there is no clear answer; ``None`` where there is one.
        note: one sentence for a person.
        evidence: that was looked at; ``None`` where there is none.
        num_more: observations that would probably do; ``None`` where none are missing, or more
            will not help.
        waived_by: the two signatures under which it is let pass; empty where it is not.
        valid_until: when this answer ends by age alone, UTC; ``None`` where it does not count.
    """

    rule: Rule
    verdict: GateVerdict
    note: str
    lack: Lack | None = None
    evidence: Evidence | None = None
    num_more: int | None = None
    waived_by: tuple[Waiver, ...] = ()
    valid_until: datetime | None = None

    @property
    def lets_pass(self) -> bool:
        """Kept, or waived."""
        return self.verdict is GateVerdict.PASS or bool(self.waived_by)


@dataclass(frozen=True, slots=True, kw_only=True)
class GateAnswer:
    """What came of a whole gate.

    Attributes:
        faults: what no waiver helps against, one sentence each: the licence, the files.
    """

    gate: Gate
    model_sha256: str
    answered_at: datetime
    rules: tuple[RuleAnswer, ...]
    faults: tuple[str, ...] = ()

    @property
    def verdict(self) -> GateVerdict:
        """FAIL if anything fails, else INSUFFICIENT if anything is, else PASS."""
        if self.faults:
            return GateVerdict.FAIL
        open_rules = [one.verdict for one in self.rules if not one.lets_pass]
        if not self.rules or GateVerdict.INSUFFICIENT in open_rules:
            worst = GateVerdict.INSUFFICIENT
        else:
            worst = GateVerdict.PASS
        return GateVerdict.FAIL if GateVerdict.FAIL in open_rules else worst

    @property
    def valid_until(self) -> datetime | None:
        """When the first of what it rests on ends; ``None`` unless it passes."""
        ends = [one.valid_until for one in self.rules if one.valid_until is not None]
        ends += [max_end(one.waived_by) for one in self.rules if one.waived_by]
        return min(ends, default=None) if self.verdict is GateVerdict.PASS else None


def signed_by_two(waivers: Sequence[Waiver], now: datetime) -> tuple[Waiver, ...]:
    """Two signatures of different people that hold now, the last of each; empty without two.

    Args:
        waivers: for the same model, gate and rule.
        now: the time now, UTC.
    """
    in_force = [one for one in waivers if one.signed_at <= now < one.expires_at]
    last = {person_key(one.person): one for one in sorted(in_force, key=lambda one: one.signed_at)}
    return tuple(last.values())[:2] if len(last) >= 2 else ()


def require_waiver(waiver: Waiver) -> None:
    """Refuse a signature that cannot hold.

    Raises:
        GateInvalid: no reason, nobody, or an end that is past, without a zone or too far off.
    """
    if not waiver.reason.strip() or not waiver.person.strip():
        raise GateInvalid("A waiver needs a reason, and somebody who signs it.")
    if waiver.expires_at.tzinfo is None:
        raise GateInvalid(
            f"The waiver ends at {waiver.expires_at.isoformat()!r}, which names no time zone."
        )
    if not waiver.signed_at < waiver.expires_at <= waiver.signed_at + MAX_WAIVER:
        raise GateInvalid(
            f"The waiver would end at {waiver.expires_at.isoformat()}; allowed is any time in the "
            f"next {MAX_WAIVER.days} days."
        )


def max_end(waivers: Sequence[Waiver]) -> datetime:
    """When a waiver ends: with the first of its signatures."""
    return min(one.expires_at for one in waivers)


def person_key(name: str) -> str:
    """One person however their name is written: case, spaces and forms of letters do not count."""
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())


def gate_of_document(document: Mapping[str, Any]) -> Gate:
    """The gate whose JSON form this is, as it was stored.

    Raises:
        GateInvalid: it is not one.
    """
    values = {key: value for key, value in document.items() if key != "format"}
    try:
        values["rules"] = tuple(_rule_of(one) for one in values["rules"])
        values["review_by"] = date.fromisoformat(values["review_by"])
        for name in ("licences", "pauses_when_overdue"):
            values[name] = tuple(values[name])
        return Gate(**values)
    except (KeyError, TypeError, ValueError) as error:
        raise GateInvalid(f"This is no gate: {error}.") from error


def _rule_of(document: Mapping[str, Any]) -> Rule:
    values = dict(document)
    values["direction"] = Direction(values["direction"])
    return Rule(**values)
