"""Honeypots made of past cards: their right answer is known because two judgements agreed on it.

A card is settled when two people answered it alike, or when a person who audited it answered what a
rule had decided, and nobody said otherwise about its image before or since. It measures people who
have not seen it; it decides about no image.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

import numpy as np
import sqlalchemy as sa

from limner.core.deciding import Outcome
from limner.core.reviewing import (
    REVIEW_WITHIN,
    Answer,
    Card,
    CardKind,
    CardState,
    Closing,
    state_of,
)
from limner.store import schema
from limner.store.judgements import last_decision
from limner.store.reviews import find_card, find_cards, name_of, open_card

TRUTHS = {Outcome.RELEASED: Answer.ACCEPT, Outcome.REFUSED: Answer.REJECT}


class Settled(NamedTuple):
    """A past card, and what was right to answer."""

    card: Card
    truth: Answer


def plant_settled(
    connection: sa.Connection, reviewer: str, rng: np.random.Generator, now: datetime
) -> Card | None:
    """Open a honeypot for this person, of a settled card about an image they never judged.

    Right answers to reject and to accept are taken equally often, where there are both.

    Args:
        connection: in a write transaction.
        reviewer: commitment to their name.
        rng: chooses.
        now: the time now, UTC.

    Returns:
        ``None`` where there is no such card.
    """
    settled = list(settled_cards(connection, reviewer, now))
    if not settled:
        return None
    truths = sorted({one.truth for one in settled})
    truth = truths[int(rng.integers(len(truths)))]
    alike = [one.card for one in settled if one.truth is truth]
    card = alike[int(rng.integers(len(alike)))]
    card_id = open_card(
        connection,
        image_id=card.image_id,
        kind=CardKind.HONEYPOT,
        opened_at=now,
        document={
            "question": card.question,
            "requester": None if card.requester is None else name_of(connection, card.requester),
            "impact": card.impact,
            "needs_second": card.needs_second,
            "due_at": (now + REVIEW_WITHIN).isoformat(),
            "reasons": list(card.reasons),
            "probability_bad": card.probability_bad,
            "cost": card.cost,
            "truth": str(truth),
        },
    )
    return find_card(connection, card_id)


def settled_cards(connection: sa.Connection, reviewer: str, now: datetime) -> Iterator[Settled]:
    """Settled cards that may measure this person: not of their own image, nor one they judged."""
    of_image: dict[str, list[tuple[Card, CardState]]] = {}
    for card, events in find_cards(connection):
        if not card.is_about_image:
            continue
        of_image.setdefault(card.image_id, []).append((card, state_of(events, now)))
    stored = set(connection.scalars(sa.select(schema.images.c.image_id)))
    for image_id, cards in of_image.items():
        if image_id not in stored or any(_is_known_to(reviewer, *one) for one in cards):
            continue
        decided = last_decision(connection, image_id)
        truth = None if decided is None else TRUTHS.get(decided.decision.outcome)
        if truth is None or not all(_says_only(truth, *one) for one in cards):
            continue
        for card, state in cards:
            if _is_settled(card, state):
                yield Settled(card, truth)
                break


def has_judged(connection: sa.Connection, image_id: str, reviewer: str, now: datetime) -> bool:
    """Whether this person asked for an image, or answered a card about it."""
    cards = find_cards(connection, image_id=image_id)
    return any(_is_known_to(reviewer, card, state_of(events, now)) for card, events in cards)


def _is_known_to(reviewer: str, card: Card, state: CardState) -> bool:
    return card.is_own(reviewer) or state.given_by(reviewer) is not None


def _says_only(truth: Answer, card: Card, state: CardState) -> bool:
    """Whether a card is closed, and nobody answered it otherwise, not even at first."""
    if card.kind is CardKind.COMPLAINT or state.closing in (None, Closing.JUDGED_AGAIN):
        return False
    if card.kind is CardKind.HONEYPOT:
        return True  # whom it measured decides nothing
    return all(one.first is truth and one.answer is truth for one in state.answers)


def _is_settled(card: Card, state: CardState) -> bool:
    """Whether two judgements agreed: of two people, or of a rule and the one who audited it."""
    num_judgements = len(state.standing) + (card.kind is CardKind.AUDIT)
    return card.kind in (CardKind.HELD, CardKind.AUDIT) and num_judgements >= 2
