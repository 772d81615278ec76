"""The gate that a version passed, and whether it still passes it.

Apart from what pauses by itself, as most of what draws came with this install and passed none: its
first picture need not wait for suites and reports to be loaded.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from limner.core.errors import GateInvalid, SuiteInvalid
from limner.core.gates import Gate, GateAnswer, GateVerdict, Lack
from limner.core.models import Cause, ModelVersion
from limner.store.evidence import frozen_gate
from limner.store.models import gate_documents
from limner.studio.gate_use import answer_gate, hold_against, suite_source
from limner.studio.parts import Parts
from limner.studio.suite_file import read_suite


def passed_gate(parts: Parts, model_sha256: str) -> Gate | None:
    """The gate a version went through last; ``None`` where it went through none."""
    with parts.store.models.reading() as connection:
        documents = gate_documents(connection, model_sha256)
        if not documents:
            return None
        try:
            return frozen_gate(connection, str(documents[-1]["gate_sha256"]))
        except GateInvalid:  # nothing is shown by a gate that cannot be read
            return None


def find_gate_reason(parts: Parts, version: ModelVersion) -> tuple[Cause, str] | None:
    """Why the gate that a version passed does not hold any more, with one sentence for a person."""
    today = parts.read_clock().date()
    gate = passed_gate(parts, version.sha256)
    if gate is None:
        return Cause.GATE_CLOSED, "The gate that it passed is not known any more."
    if missed := _missed_review(parts, gate, today):
        return Cause.REVIEW_MISSED, missed
    held = hold_against(parts, gate, version)
    with parts.store.models.reading() as connection:
        answer = answer_gate(connection, held, version, parts.read_clock())
    return None if answer.verdict is GateVerdict.PASS else _closed(answer)


def _closed(answer: GateAnswer) -> tuple[Cause, str]:
    closed = [one for one in answer.rules if not one.lets_pass]
    lacks = {one.lack for one in closed}
    note = (*answer.faults, *(f"{one.rule.id}: {one.note}" for one in closed))[0]
    if Lack.EXPIRED in lacks:
        return Cause.HASH_CHANGED, note
    if answer.faults or Lack.TOO_OLD in lacks:
        return Cause.CERTIFICATE_ENDED, note
    return Cause.GATE_CLOSED, note


def _missed_review(parts: Parts, gate: Gate, today: date) -> str:
    """Which review was missed that the gate's owner has pause what passed; empty for none."""
    criteria = parts.judge.criteria
    due: list[tuple[str, str, date]] = [("gate", f"gate {gate.name}", gate.review_by)]
    if criteria is not None:
        due.append(("criteria", f"criteria {criteria.name}", criteria.review_by))
    if "suites" in gate.pauses_when_overdue:
        due += _suites(parts, [one.suite for one in gate.rules])
    for kind, name, review_by in due:
        if kind in gate.pauses_when_overdue and review_by < today:
            return f"The {name} was to be looked at by {review_by}."
    return ""


def _suites(parts: Parts, names: Sequence[str]) -> list[tuple[str, str, date]]:
    found: list[tuple[str, str, date]] = []
    for name in dict.fromkeys(names):
        try:
            suite = read_suite(suite_source(parts, name))
        except SuiteInvalid:  # its evidence does not count then, and that is told
            continue
        found.append(("suites", f"suite {name}", suite.review_by))
    return found
