"""Holding stored images that look nearly the same as a picture of the rights register.

Likeness is no proof, so nothing is refused: what was released leaves no more until people look.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import sqlalchemy as sa

from limner.core.criteria import Criteria
from limner.core.deciding import Decision, Outcome
from limner.core.reviewing import MAY_LEAVE, REVIEW_WITHIN, CardKind
from limner.core.rights import reason_of_likeness
from limner.store import schema
from limner.store.judgements import add_judgement, decisions_of
from limner.store.reviews import close_overtaken, open_card

CHECKED_BY = "near-copy-registered"  # the check that holds such an image when it is drawn


def hold_near_copies(
    connection: sa.Connection,
    image_ids: Sequence[str],
    entry_id: int,
    criteria: Criteria | None,
    now: datetime,
) -> list[str]:
    """Hold those of these images that are released, and ask a person about each.

    One that was held for this entry before is left as people decided about it.

    Args:
        connection: in a write transaction.
        image_ids: of stored images; one that was erased meanwhile is left out.
        entry_id: of the entry whose picture they resemble.
        criteria: in force: what the person is asked, whether the requester may answer, what an
            error costs.
        now: the time now, UTC.

    Returns:
        image_id of those that were held.
    """
    reason = reason_of_likeness(entry_id)
    held: list[str] = []
    for image_id in image_ids:
        decided = [one.decision for one in decisions_of(connection, image_id)]
        if not decided or decided[-1].outcome is not Outcome.RELEASED:
            continue
        if any(reason in one.reasons for one in decided):
            continue
        last = decided[-1]
        decision = replace(
            last, outcome=Outcome.HELD, reasons=(reason,), audit_probability=1.0, is_audited=False
        )
        stored = add_judgement(connection, image_id, [], decision, decided_by="rule", now=now)
        if stored.decision.outcome is Outcome.HELD:  # else the register blocks it altogether
            close_overtaken(connection, image_id, now)
            _ask(connection, image_id, decision, criteria, now)
            held.append(image_id)
    return held


def _ask(
    connection: sa.Connection,
    image_id: str,
    decision: Decision,
    criteria: Criteria | None,
    now: datetime,
) -> None:
    asked = () if criteria is None else criteria.criteria
    shelves = schema.gallery.c
    owner = sa.select(sa.func.min(shelves.owner)).where(shelves.image_id == image_id)
    impact = decision.impact or ""
    open_card(
        connection,
        image_id=image_id,
        kind=CardKind.HELD,
        opened_at=now,
        document={
            "question": next((one.question for one in asked if one.check == CHECKED_BY), MAY_LEAVE),
            "requester": connection.scalar(owner) or None,
            "may_requester_answer": criteria is not None and criteria.may_requester_review,
            "impact": decision.impact,
            "needs_second": decision.needs_second,
            "due_at": (now + REVIEW_WITHIN).isoformat(),
            "reasons": [one.note for one in decision.reasons],
            "probability_bad": None,
            "cost": 1.0 if criteria is None else criteria.impact_tiers.get(impact, 1.0),
        },
    )
