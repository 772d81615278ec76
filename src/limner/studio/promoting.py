"""Moving a version stage by stage: through gates, to a pause, back; reviews of it, and waivers.

Each step is one transaction with its ledger entry; an alias follows the stage in the same one.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import NamedTuple

from limner.core.errors import BadInput, GateInvalid, NotFound, StageRefused
from limner.core.gates import Gate, GateAnswer, GateVerdict, Waiver, require_waiver
from limner.core.models import (
    DEFAULT_ALIAS,
    GATED,
    Cause,
    EventKind,
    ModelEvent,
    ModelState,
    Origin,
    Stage,
    next_stage,
)
from limner.store.evidence import freeze_gate, sign_waiver
from limner.store.models import append_event, move, point_alias, require_state
from limner.studio.aliases import alias_of, last_good, pause_version, require_earlier
from limner.studio.gate_file import gate_in_force
from limner.studio.gate_use import answer_document, answer_gate, hold_against
from limner.studio.model_files import file_fault, whence_of
from limner.studio.parts import Parts
from limner.studio.registry import find_version, overview


class Promoted(NamedTuple):
    """What promoting came to.

    Attributes:
        state: after it; as it was where the gate did not pass.
        answer: of the gate; ``None`` where the next stage has none.
    """

    state: ModelState
    answer: GateAnswer | None

    @property
    def is_moved(self) -> bool:
        """Whether it is a stage further."""
        return self.answer is None or self.answer.verdict is GateVerdict.PASS


def held_by_gate(parts: Parts, model: str, gate: Gate | None = None) -> GateAnswer:
    """What a gate says of a version, or of any model that a run drew with; nothing is moved.

    Args:
        parts: of the studio.
        model: see `find_version`.
        gate: that is asked; left out, the one in force.

    Raises:
        NotFound: the registry has no such version.
    """
    version, now = find_version(parts, model).version, parts.read_clock()
    fault = file_fault(whence_of(version), version)
    asked = gate_in_force(parts.settings) if gate is None else gate
    held = hold_against(parts, asked, version, (fault,) if fault else ())
    with parts.store.models.reading() as connection:
        return answer_gate(connection, held, version, now)


def promote(parts: Parts, name: str, *, by: str, note: str = "") -> Promoted:
    """Move a version one stage on; a stage behind a gate is entered only where the gate says pass.

    A version that becomes active serves under its alias from then on.

    Args:
        parts: of the studio.
        name: see `find_version`.
        by: who does it.
        note: why, in a sentence.

    Raises:
        NotFound: there is no such version.
        StageRefused: no stage comes after it, or a file of it has changed.
    """
    state, now = find_version(parts, name), parts.read_clock()
    version = state.version
    to = next_stage(state.stage, version.origin)
    if fault := file_fault(whence_of(version), version):
        raise StageRefused(fault)
    if version.origin is Origin.SHIPPED and version.files != parts.shipped.card.ingredients:
        raise StageRefused(f"{version.label} came with another install of Limner than this one.")
    is_gated = to in GATED and version.origin is not Origin.SHIPPED
    held = hold_against(parts, gate_in_force(parts.settings), version) if is_gated else None
    event = ModelEvent(
        kind=EventKind.MOVED, happened_at=now, stage=to, cause=Cause.PROMOTED, note=note, by=by
    )
    with parts.store.models.writing(now) as connection:
        answer = None
        if held is not None:
            freeze_gate(connection, held.gate, now)
            answer = answer_gate(connection, held, version, now)
        if answer is not None and answer.verdict is not GateVerdict.PASS:
            return Promoted(state, answer)
        said = None if answer is None else answer_document(answer)
        moved = move(connection, version.sha256, event, said)
        if to is Stage.ACTIVE:
            point_alias(connection, alias_of(version), version, now)
    return Promoted(moved, answer)


def pause(parts: Parts, name: str, *, by: str, note: str) -> ModelState:
    """Take a version out of service; its alias goes back to the last good one.

    Raises:
        NotFound: there is no such version.
        StageRefused: it is paused already.
        BadInput: no reason was given.
    """
    _require_reason(note)
    state, now = find_version(parts, name), parts.read_clock()
    with parts.store.models.writing(now) as connection:
        return pause_version(connection, state.version, Cause.ASKED, now, note=note, by=by).state


def rollback(parts: Parts, *, by: str, note: str, alias: str = DEFAULT_ALIAS) -> ModelState:
    """Pause what serves under an alias, and give it back to the last good version.

    Returns:
        The version that serves now.

    Raises:
        NotFound: nothing serves under the alias.
        StageRefused: there is no earlier version to go back to.
        BadInput: no reason was given.
    """
    _require_reason(note)
    overview(parts)  # what came with this install is there to go back to
    now = parts.read_clock()
    with parts.store.models.writing(now) as connection:
        current = last_good(connection, alias)
        if current is None:
            raise NotFound(f"Nothing serves under the alias {alias!r}.", code="alias_unknown")
        require_earlier(connection, alias, current.version)
        pause_version(connection, current.version, Cause.ROLLED_BACK, now, note=note, by=by)
        earlier = last_good(connection, alias)
        assert earlier is not None, "it was required"
        return earlier


def review(parts: Parts, name: str, *, by: str, review_by: date, note: str = "") -> ModelState:
    """Say that a version was looked at, and when it is to be looked at again.

    Raises:
        NotFound: there is no such version.
        BadInput: the day is not in the future.
    """
    version, now = find_version(parts, name).version, parts.read_clock()
    if review_by <= now.date():
        raise BadInput(f"The next review is on {review_by}; it must be after {now.date()}.")
    with parts.store.models.writing(now) as connection:
        event = ModelEvent(
            kind=EventKind.REVIEWED,
            happened_at=now,
            stage=require_state(connection, version.sha256).stage,
            cause=Cause.ASKED,
            note=note,
            by=by,
            review_by=review_by,
        )
        append_event(connection, version, event)
        return require_state(connection, version.sha256)


def waive(
    parts: Parts, name: str, rule_id: str, *, person: str, reason: str, until: date
) -> Waiver:
    """Sign that a version may pass without one rule kept; it counts once a second person signs.

    Args:
        parts: of the studio.
        name: see `find_version`.
        rule_id: of the gate in force.
        person: who signs.
        reason: why.
        until: last day it holds, UTC.

    Raises:
        NotFound: there is no such version.
        GateInvalid: there is no such rule, no reason, or the day is past or too far off.
    """
    gate, now = gate_in_force(parts.settings), parts.read_clock()
    rules = [one.id for one in gate.rules]
    if rule_id not in rules:
        raise GateInvalid(f"The gate has no rule {rule_id!r}; it has {', '.join(rules)}.")
    waiver = Waiver(
        model_sha256=find_version(parts, name).version.sha256,
        gate_sha256=gate.sha256,
        rule_id=rule_id,
        reason=reason.strip(),
        person=person.strip(),
        signed_at=now,
        expires_at=datetime.combine(until, time.max, UTC),
    )
    require_waiver(waiver)
    with parts.store.models.writing(now) as connection:
        freeze_gate(connection, gate, now)
        sign_waiver(connection, waiver)
    return waiver


def _require_reason(note: str) -> None:
    if not note.strip():
        raise BadInput("Taking a model out of service needs a reason.")
