"""What pauses by itself: a version whose files, evidence or review no longer hold.

Each version is held against the gate that it passed, not the one in force now: a stricter gate is
asked of the next promotion. What came with this install never passed one; its files are its hold.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from limner.core.errors import GateInvalid, StageRefused, SuiteInvalid
from limner.core.gates import Gate, GateAnswer, GateVerdict, Lack
from limner.core.models import Cause, ModelState, Origin, Stage
from limner.store.evidence import frozen_gate
from limner.store.models import gate_documents
from limner.studio.aliases import pause_version
from limner.studio.gate_use import answer_gate, hold_against, suite_source
from limner.studio.model_files import file_fault, whence_of
from limner.studio.parts import Parts
from limner.studio.registry import overview
from limner.studio.suite_file import read_suite

WATCHED = (Stage.SHADOW, Stage.CANARY, Stage.ACTIVE)

_log = logging.getLogger(__name__)


class Finding(NamedTuple):
    """Why a version is to be paused, with one sentence for a person."""

    cause: Cause
    note: str


def revalidate(parts: Parts) -> tuple[ModelState, ...]:
    """Hold everything that draws against its files, evidence and reviews; pause what fails.

    Returns:
        What was paused, as it stands then.
    """
    paused: list[ModelState] = []
    for state in overview(parts).states:
        if state.stage not in WATCHED:
            continue
        finding = find_reason(parts, state)
        if finding is not None:
            found = pause_by_rule(parts, state.version.sha256, *finding)
            paused += [] if found is None else [found]
    return tuple(paused)


def find_reason(parts: Parts, state: ModelState) -> Finding | None:
    """Why a version is to be paused; ``None`` where it holds."""
    version, today = state.version, parts.read_clock().date()
    if fault := file_fault(whence_of(version), version):
        return Finding(Cause.HASH_CHANGED, fault)
    if version.origin is Origin.SHIPPED:
        if version.files == parts.shipped.card.ingredients:
            return None
        return Finding(Cause.HASH_CHANGED, "This install of Limner came with another version.")
    if version.pauses_when_overdue and state.review_by is not None and state.review_by < today:
        return Finding(Cause.REVIEW_MISSED, f"It was to be looked at by {state.review_by}.")
    gate = passed_gate(parts, version.sha256)
    if gate is None:
        return Finding(Cause.GATE_CLOSED, "The gate that it passed is not known any more.")
    if missed := _missed_review(parts, gate, today):
        return Finding(Cause.REVIEW_MISSED, missed)
    held = hold_against(parts, gate, version)
    with parts.store.models.reading() as connection:
        answer = answer_gate(connection, held, version, parts.read_clock())
    return None if answer.verdict is GateVerdict.PASS else _closed(answer)


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


def pause_by_rule(parts: Parts, model_sha256: str, cause: Cause, note: str) -> ModelState | None:
    """Pause a version without anybody asking, such as on an alarm; ``None`` if it was already."""
    now = parts.read_clock()
    version = next(
        one.version for one in overview(parts).states if one.version.sha256 == model_sha256
    )
    try:
        with parts.store.models.writing(now) as connection:
            state = pause_version(connection, version, cause, now, note=note).state
    except StageRefused:
        return None
    facts = {"action": "model_paused", "model": version.label, "cause": str(cause)}
    _log.warning("A model was paused: %s", note, extra=facts)
    return state


def _closed(answer: GateAnswer) -> Finding:
    closed = [one for one in answer.rules if not one.lets_pass]
    lacks = {one.lack for one in closed}
    note = (*answer.faults, *(f"{one.rule.id}: {one.note}" for one in closed))[0]
    if Lack.EXPIRED in lacks:
        return Finding(Cause.HASH_CHANGED, note)
    if answer.faults or Lack.TOO_OLD in lacks:
        return Finding(Cause.CERTIFICATE_ENDED, note)
    return Finding(Cause.GATE_CLOSED, note)


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
