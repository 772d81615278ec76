"""What the answers to a card call for: closing it with a decision, escalating it, or waiting.

A person's final word is appended as a decision in the transaction that closes the card.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from limner.core.criteria import Consequence
from limner.core.deciding import Decision, Outcome, Reason
from limner.core.reviewing import (
    REASON_CODES,
    Card,
    CardState,
    Closing,
    EscalationCause,
    EventKind,
    next_step,
    state_of,
)
from limner.store.judgements import StoredDecision, add_judgement, last_decision
from limner.store.reviews import append_event, events_of
from limner.studio.sealing import seal_image

if TYPE_CHECKING:
    import sqlalchemy as sa

    from limner.studio.parts import Parts

_OUTCOMES = {Closing.RELEASED: Outcome.RELEASED, Closing.REFUSED: Outcome.REFUSED}


def settle(
    connection: sa.Connection, card: Card, reviewer: str, now: datetime
) -> StoredDecision | None:
    """What the answers call for, appended; the decision if there is one."""
    state = state_of(events_of(connection, card.card_id), now)
    step = next_step(card, state)
    if step.escalation is not None:
        escalate(connection, card, step.escalation, now, reviewer)
    elif step.closing is not None:
        return _close(connection, card, state, step.closing, reviewer, now)
    else:
        append_event(connection, card, EventKind.LEASE_ENDED, happened_at=now, reviewer=reviewer)
    return None


def _close(
    connection: sa.Connection,
    card: Card,
    state: CardState,
    closing: Closing,
    reviewer: str,
    now: datetime,
) -> StoredDecision | None:
    answer = next(one.answer for one in state.standing if one.level == state.level)
    agreeing = [one for one in state.standing if one.answer is answer]
    document: dict[str, object] = {
        "outcome": str(closing),
        "kind": str(card.kind),
        "decided_by": [one.reviewer for one in agreeing],
    }
    append_event(
        connection,
        card,
        EventKind.CLOSED,
        happened_at=now,
        reviewer=reviewer,
        document=document,
    )
    if closing not in _OUTCOMES:
        return None
    codes = dict.fromkeys(code for one in agreeing for code in one.reasons)
    decision = _decision_of_people(connection, card, _OUTCOMES[closing], tuple(codes))
    return add_judgement(connection, card.image_id, [], decision, decided_by="person", now=now)


def _decision_of_people(
    connection: sa.Connection, card: Card, outcome: Outcome, codes: tuple[str, ...]
) -> Decision:
    by_rule = last_decision(connection, card.image_id)
    consequence = Consequence.RELEASE if outcome is Outcome.RELEASED else Consequence.REFUSE
    reasons = tuple(
        Reason(source=f"review:{code}", verdict=None, consequence=consequence, note=words)
        for code, words in ((one, REASON_CODES[one]) for one in codes)
    )
    return Decision(
        outcome=outcome,
        reasons=reasons,
        criteria_sha256=None if by_rule is None else by_rule.decision.criteria_sha256,
        impact=card.impact,
        audit_probability=1.0,
        is_audited=False,
        needs_second=card.needs_second,
    )


def seal_released(parts: Parts, decided: StoredDecision | None) -> None:
    """Seal what people released.

    If that fails the decision stands, and the image is sealed when it next leaves.

    Raises:
        SealFailed: it cannot be signed; it does not leave.
    """
    if decided is None or decided.decision.outcome is not Outcome.RELEASED:
        return
    record = parts.store.image_by_id(decided.image_id)
    if record is not None:
        seal_image(parts, record, parts.store.read_image(record), decided)


def escalate(
    connection: sa.Connection,
    card: Card,
    cause: EscalationCause,
    now: datetime,
    reviewer: str | None = None,
) -> None:
    """Append that somebody else is to decide; `reviewer` is ``None`` when time asks for it."""
    append_event(
        connection,
        card,
        EventKind.ESCALATED,
        happened_at=now,
        reviewer=reviewer,
        document={"cause": str(cause)},
    )
