"""Review cards and what happens to them: rows that are only ever added, each with its entry.

Every function that writes works inside the caller's write transaction. People are known by a
commitment to their name, one for each; the name stands beside its salt only, and goes with it.
The ledger is not told what kind a card is before it closes, or it would give honeypots away.
This module keeps no rules: see core/reviewing.py.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, TypedDict, cast

import sqlalchemy as sa

from limner.core.errors import BadInput
from limner.core.hashing import canonical_json
from limner.core.reviewing import Answer, Card, CardKind, Closing, Event, EventKind
from limner.store import schema
from limner.store.ledger.appending import append_entry
from limner.store.ledger.commitments import erase, keep_commitment
from limner.store.ledger.entries import Kind
from limner.store.ledgered import LedgeredRows

CARD_ID_BYTES = 5  # short enough to type; a taken one is drawn again
PERSON = "person:"  # what the subject of a person's salt begins with

_cards = schema.review_cards.c
_events = schema.review_events.c
_salts = schema.ledger_salts.c
_HELD_CARD = (
    sa.select(_cards.card_id)
    .where(_cards.image_id == sa.bindparam("this_image"), _cards.kind == str(CardKind.HELD))
    .limit(1)
)


class NeededDocument(TypedDict):
    """What every card says; attributes as in `Card`."""

    question: str
    requester: str | None
    impact: str | None
    needs_second: bool
    due_at: str | None
    reasons: list[str]


class CardDocument(NeededDocument, total=False):
    """What a card asks and why; attributes as in `Card`. Never the prompt.

    `requester` is a name; a commitment to it is what is stored. `due_at` is ISO 8601, UTC.
    """

    may_requester_answer: bool
    probability_bad: float | None
    cost: float
    unmitigated_share: float
    truth: str
    label: str


class Reviews(LedgeredRows):
    """The review cards of one database, for the studio."""


def open_card(
    connection: sa.Connection,
    *,
    image_id: str,
    kind: str,
    opened_at: datetime,
    document: CardDocument,
) -> str:
    """Ask a person about an image, in the transaction that holds or audits it.

    Args:
        connection: in a write transaction.
        image_id: of the image.
        kind: see `CardKind`.
        opened_at: the time now, UTC.
        document: what is asked.

    Returns:
        The card's id.

    Raises:
        BadInput: a key is missing or unknown, or a value is not allowed.
    """
    kept = _kept_document(connection, document)
    card_id = _new_card_id(connection)
    try:
        card = _card_of(card_id, image_id, kind, opened_at.isoformat(), kept)
    except ValueError as error:
        raise BadInput(f"A review card is not allowed: {error}.", code="card_invalid") from error
    if (card.kind is CardKind.HONEYPOT) != (card.truth in (Answer.ACCEPT, Answer.REJECT)):
        raise BadInput(
            f"A {kind!r} card has the truth {card.truth!r}; a honeypot has 'accept' or 'reject', "
            "and no other card has any.",
            code="card_invalid",
        )
    if (card.kind is CardKind.LABEL) != bool(card.label):
        raise BadInput(
            f"A {kind!r} card has the label {card.label!r}; cards of the kind 'label' have one, "
            "and no other card has any.",
            code="card_invalid",
        )
    text = canonical_json(kept)
    row = {"card_id": card_id, "image_id": image_id, "kind": str(card.kind), "document": text}
    row["opened_at"] = opened_at.isoformat()
    connection.execute(schema.review_cards.insert().values(row))
    commitment = keep_commitment(connection, image_id, canonical_json(row))
    _append(connection, card_id, image_id, opened_at, {"event": "opened", "card": commitment})
    return card_id


def append_event(
    connection: sa.Connection,
    card: Card,
    event: EventKind,
    *,
    happened_at: datetime,
    reviewer: str | None = None,
    document: Mapping[str, object] | None = None,
) -> None:
    """Append what happened to a card, with its entry in the ledger.

    Args:
        connection: in a write transaction.
        card: it happened to.
        event: see `EventKind`.
        happened_at: the time now, UTC.
        reviewer: commitment of `commitment_of`; ``None`` for what no person did.
        document: see `Event`; codes, numbers, times and commitments, never a name.
    """
    kept = dict(document or {})
    row = {
        "card_id": card.card_id,
        "happened_at": happened_at.isoformat(),
        "event": str(event),
        "reviewer": reviewer,
        "document": canonical_json(kept),
    }
    connection.execute(schema.review_events.insert().values(row))
    said = {"event": str(event), "reviewer": reviewer, **kept}
    _append(connection, card.card_id, card.image_id, happened_at, said)


def close_overtaken(connection: sa.Connection, image_id: str, now: datetime) -> None:
    """Close the cards of holds of an image that a later decision by rule has overtaken.

    Whoever answered one of them would decide past that decision.
    """
    if connection.scalar(_HELD_CARD, {"this_image": image_id}) is None:
        return  # as for every image that is new
    for card, _happened in find_cards(
        connection, is_unclosed=True, image_id=image_id, kind=CardKind.HELD
    ):
        document = {"outcome": str(Closing.JUDGED_AGAIN), "kind": str(card.kind)}
        append_event(connection, card, EventKind.CLOSED, happened_at=now, document=document)


def find_card(connection: sa.Connection, card_id: str) -> Card | None:
    """The card with this id."""
    query = schema.review_cards.select().where(_cards.card_id == card_id)
    return next(iter(_cards_of(connection, query)), None)


def events_of(connection: sa.Connection, card_id: str) -> list[Event]:
    """What happened to a card, in its order."""
    query = schema.review_events.select().where(_events.card_id == card_id)
    rows = connection.execute(query.order_by(_events.event_id))
    return [_event_of(row) for row in rows]


def find_cards(
    connection: sa.Connection,
    *,
    is_unclosed: bool = False,
    image_id: str | None = None,
    kind: CardKind | None = None,
) -> list[tuple[Card, list[Event]]]:
    """Cards with their events, oldest first.

    Args:
        connection: reading or writing.
        is_unclosed: only cards that are not closed and whose image was not erased.
        image_id: only cards about this image.
        kind: only cards of this kind.
    """
    query = schema.review_cards.select().order_by(_cards.opened_at, _cards.card_id)
    if image_id is not None:
        query = query.where(_cards.image_id == image_id)
    if kind is not None:
        query = query.where(_cards.kind == str(kind))
    if is_unclosed:
        closed = sa.exists().where(
            _events.card_id == _cards.card_id, _events.event == str(EventKind.CLOSED)
        )
        drawn = sa.exists().where(schema.images.c.image_id == _cards.image_id)
        incoming = sa.exists().where(schema.incoming.c.image_id == _cards.image_id)
        query = query.where(~closed, drawn | incoming)
    cards = _cards_of(connection, query)
    events: dict[str, list[Event]] = {card.card_id: [] for card in cards}
    named = sa.select(query.order_by(None).subquery().c.card_id)
    happened = schema.review_events.select().where(_events.card_id.in_(named))
    for row in connection.execute(happened.order_by(_events.event_id)):
        events[row.card_id].append(_event_of(row))
    return [(card, events[card.card_id]) for card in cards]


def commitment_of(connection: sa.Connection, name: str) -> str:
    """The commitment this person is known by, made at their first use.

    Args:
        connection: in a write transaction.
        name: of the person.
    """
    known = find_person(connection, name)
    return known if known is not None else keep_commitment(connection, PERSON + name, name)


def find_person(connection: sa.Connection, name: str) -> str | None:
    """The commitment this person is known by; ``None`` for one never seen, or erased."""
    query = sa.select(_salts.commitment).where(_salts.subject == PERSON + name)
    return connection.scalar(query.limit(1))


def name_of(connection: sa.Connection, commitment: str) -> str | None:
    """Whose commitment this is; ``None`` when the name was erased."""
    subject = connection.scalar(sa.select(_salts.subject).where(_salts.commitment == commitment))
    return None if subject is None else subject.removeprefix(PERSON)


def erase_person(
    connection: sa.Connection, name: str, *, reason: str, recorded_at: datetime
) -> bool:
    """Erase a person's name; what they answered stays, and nobody can tell whose it is.

    Returns:
        Whether there was such a person.
    """
    return erase(connection, PERSON + name, reason=reason, recorded_at=recorded_at) > 0


def _append(
    connection: sa.Connection,
    card_id: str,
    image_id: str,
    recorded_at: datetime,
    document: Mapping[str, object],
) -> None:
    append_entry(
        connection,
        Kind.REVIEW,
        {"card_id": card_id, **document},
        subject=image_id,
        recorded_at=recorded_at,
    )


def _kept_document(connection: sa.Connection, document: CardDocument) -> dict[str, object]:
    keys, required = set(document), CardDocument.__required_keys__
    if wrong := (required - keys) | (keys - required - CardDocument.__optional_keys__):
        raise BadInput(
            f"The document of a review card has missing or unknown keys: {sorted(wrong)}.",
            code="card_invalid",
        )
    kept = dict(cast(Mapping[str, object], document))
    if name := document["requester"]:
        kept["requester"] = commitment_of(connection, name)
    else:
        kept["requester"] = None
    return kept


def _new_card_id(connection: sa.Connection) -> str:
    while True:
        card_id = secrets.token_hex(CARD_ID_BYTES)
        if find_card(connection, card_id) is None:
            return card_id


def _cards_of(connection: sa.Connection, query: sa.Select[Any]) -> list[Card]:
    """The cards that a query finds, each with everybody who asked for its image."""
    shelves = schema.gallery.c
    image_ids = sa.select(query.order_by(None).subquery().c.image_id)
    asking = (
        sa.select(shelves.image_id, _salts.commitment)
        .join(schema.ledger_salts, _salts.subject == sa.literal(PERSON) + shelves.owner)
        .where(shelves.image_id.in_(image_ids))
    )
    asked: dict[str, set[str]] = {}
    for image_id, commitment in connection.execute(asking):
        asked.setdefault(image_id, set()).add(commitment)
    return [
        replace(
            _card_of(row.card_id, row.image_id, row.kind, row.opened_at, json.loads(row.document)),
            also_asked=frozenset(asked.get(row.image_id, ())),
        )
        for row in connection.execute(query)
    ]


def _card_of(
    card_id: str, image_id: str, kind: str, opened_at: str, document: Mapping[str, Any]
) -> Card:
    """The card of a row.

    Raises:
        ValueError: a value is not allowed.
    """
    due_at, truth = document["due_at"], document.get("truth")
    share = float(document.get("unmitigated_share", 1.0))
    if not 0 <= share <= 1:
        raise ValueError(f"unmitigated_share is {share!r}; allowed are 0 to 1")
    return Card(
        card_id=card_id,
        image_id=image_id,
        kind=CardKind(kind),
        opened_at=datetime.fromisoformat(opened_at),
        question=document["question"],
        requester=document["requester"],
        may_requester_answer=bool(document.get("may_requester_answer", False)),
        impact=document["impact"],
        needs_second=bool(document["needs_second"]),
        due_at=None if due_at is None else datetime.fromisoformat(due_at),
        reasons=tuple(document["reasons"]),
        probability_bad=document.get("probability_bad"),
        cost=float(document.get("cost", 1.0)),
        unmitigated_share=share,
        truth=None if truth is None else Answer(truth),
        label=str(document.get("label", "")),
    )


def _event_of(row: sa.Row[tuple[Any, ...]]) -> Event:
    return Event(
        kind=EventKind(row.event),
        happened_at=datetime.fromisoformat(row.happened_at),
        reviewer=row.reviewer,
        document=json.loads(row.document),
    )
