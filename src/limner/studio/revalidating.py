"""What pauses by itself: a version whose files, evidence or review no longer hold.

Each version is held against the gate that it passed, not the one in force now: a stricter gate is
asked of the next promotion. What came with this install never passed one; its files are its hold.
"""

from __future__ import annotations

import logging

from limner.core.errors import StageRefused
from limner.core.models import Cause, ModelState, Origin, Stage
from limner.studio.aliases import pause_version
from limner.studio.model_files import file_fault, whence_of
from limner.studio.parts import Parts
from limner.studio.registry import overview

WATCHED = (Stage.SHADOW, Stage.CANARY, Stage.ACTIVE)

_log = logging.getLogger(__name__)


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


def find_reason(parts: Parts, state: ModelState) -> tuple[Cause, str] | None:
    """Why a version is to be paused, with one sentence for a person; ``None`` where it holds."""
    version, today = state.version, parts.read_clock().date()
    if fault := file_fault(whence_of(version), version):
        return Cause.HASH_CHANGED, fault
    if version.origin is Origin.SHIPPED:
        if version.files == parts.shipped.card.ingredients:
            return None
        return Cause.HASH_CHANGED, "This install of Limner came with another version."
    if version.pauses_when_overdue and state.review_by is not None and state.review_by < today:
        return Cause.REVIEW_MISSED, f"It was to be looked at by {state.review_by}."
    from limner.studio.passed_gates import find_gate_reason  # imports suites, checks and reports

    return find_gate_reason(parts, version)


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
