"""The review desk of one person: the card in front of them, the one before it, and the queue.

An answer is on record the moment it is given. It takes effect when the time to undo it is over or
the next one is given, whichever comes first; undoing appends, and takes nothing off the record.
Rules are in core/reviewing.py, what happens to one card in review.py.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from limner.core.errors import BadInput, SealFailed
from limner.core.reviewing import (
    Card,
    CardKind,
    CardState,
    Event,
    Refusal,
    is_offered,
    priority,
    refusal_to_claim,
    state_of,
)
from limner.store.reviews import commitment_of, find_cards, name_of
from limner.studio.review import (
    answer_card,
    claim,
    next_card,
    queue_of,
    release_card,
    settle_card,
    show_card,
    withdraw_answer,
)

if TYPE_CHECKING:
    import sqlalchemy as sa

    from limner.studio.parts import Parts
    from limner.studio.review_card import CardView

UNDO = timedelta(seconds=8)
NUM_QUEUED = 12  # shown of the queue; the number says how many there are


@dataclass(frozen=True, slots=True, kw_only=True)
class Queued:
    """A card that waits, as the queue shows it to one person.

    Attributes:
        state: at the time of looking.
        cost: expected cost that an answer averts, in the criteria's unit, growing with age.
        holder: name of who has it in front of them; ``None`` for nobody.
        refusal: why this person may not take it; ``None`` when they may.
        is_answered: they have answered, and another person is needed.
    """

    card: Card
    state: CardState
    cost: float
    holder: str | None
    refusal: Refusal | None
    is_answered: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What one person has before them.

    Attributes:
        card: to be answered now, claimed for them; ``None`` when nothing waits.
        last: answered before it, and not yet in effect; ``None`` when there is nothing to undo.
        undo_seconds: until the last answer takes effect.
        following: the card that will most likely be next.
        queue: the most urgent cards, without those two.
        num_waiting: cards this person may answer, the one in front of them not counted.
        num_of_others: cards that only others may answer.
        notices: what went wrong when earlier answers took effect, one sentence each.
    """

    card: CardView | None
    last: CardView | None
    undo_seconds: float
    following: str | None
    queue: tuple[Queued, ...]
    num_waiting: int
    num_of_others: int
    notices: tuple[str, ...]


class _Pending(NamedTuple):
    """An answer that did not take effect yet."""

    card_id: str
    given_at: datetime


def open_desk(parts: Parts, name: str, *, passed: Collection[str] = ()) -> Desk:
    """The desk as it stands; earlier answers take effect, and the next card is claimed.

    Args:
        parts: of the studio.
        name: of the person.
        passed: cards they passed on, which are not given again now.
    """
    now = parts.read_clock()
    notices, last = _take_effect(parts, name, is_last_due=False)
    kept = () if last is None else (last.card_id,)
    card = next_card(parts, name, but={*passed, *kept})
    shown = {*kept, *(() if card is None else (card.card.card_id,))}
    with parts.store.reviews.writing(now) as connection:
        reviewer = commitment_of(connection, name)
        found = _real(queue_of(connection, now), shown)
        queue = [_queued(connection, one, reviewer, now) for one in found[:NUM_QUEUED]]
    offered = [one.card_id for one, state in found if is_offered(one, state, reviewer)]
    ahead = [one for one in offered if one not in passed]
    return Desk(
        card=card,
        last=None if last is None else show_card(parts, last.card_id, name),
        undo_seconds=0.0 if last is None else (last.given_at + UNDO - now).total_seconds(),
        following=ahead[0] if ahead else None,
        queue=tuple(queue),
        num_waiting=len(offered),
        num_of_others=len(found) - len(offered),
        notices=notices,
    )


def answer_on_desk(
    parts: Parts,
    card_id: str,
    name: str,
    answer: str,
    *,
    reasons: Sequence[str] = (),
    passed: Collection[str] = (),
) -> Desk:
    """Answer the card in front of one, and see the next; the answer before takes effect.

    Raises:
        BadInput: as `review.answer_card`; nothing was answered then.
    """
    answer_card(parts, card_id, name, answer, reasons=reasons, is_final=False)
    notices, _last = _take_effect(parts, name, is_last_due=False, newest=card_id)
    return _with_notices(open_desk(parts, name, passed=passed), notices)


def undo(parts: Parts, card_id: str, name: str, *, front: str | None = None) -> Desk:
    """Take the last answer back, and see its card again, now with what the checks say.

    Args:
        parts: of the studio.
        card_id: of the card that was answered.
        name: of the person.
        front: the card that is in front of them; they let go of it.

    Raises:
        BadInput: the answer has taken effect, or there is none.
    """
    view = withdraw_answer(parts, card_id, name)
    if front:
        release_card(parts, front, name)
    claim(parts, view.card.card_id, name)
    return open_desk(parts, name)


def take_effect(parts: Parts, name: str, card_id: str | None = None) -> tuple[str, ...]:
    """Let answers of this person take effect now; what went wrong, one sentence each.

    Args:
        parts: of the studio.
        name: of the person.
        card_id: the one card whose time to undo is over; ``None`` for every card, when they leave.
    """
    if card_id is None:
        return _take_effect(parts, name, is_last_due=True)[0]
    now = parts.read_clock()
    with parts.store.reviews.writing(now) as connection:
        pending = _pending(connection, commitment_of(connection, name), now)
    said = [_settle(parts, one.card_id, name) for one in pending if one.card_id == card_id]
    return tuple(one for one in said if one is not None)


def take(parts: Parts, card_id: str, name: str, *, front: str | None = None) -> Desk:
    """Take one card of the queue instead of the card in front of one.

    Raises:
        BadInput: as `review.claim`.
    """
    claim(parts, card_id, name)
    if front and front != card_id:
        release_card(parts, front, name)
    return open_desk(parts, name)


def _take_effect(
    parts: Parts, name: str, *, is_last_due: bool, newest: str | None = None
) -> tuple[tuple[str, ...], _Pending | None]:
    """Settle what is due; what went wrong, and the answer that may still be undone."""
    now = parts.read_clock()
    with parts.store.reviews.writing(now) as connection:
        pending = _pending(connection, commitment_of(connection, name), now)
    last: _Pending | None = pending[-1] if pending else None
    if newest is not None:
        last = next((one for one in pending if one.card_id == newest), None)
    if last is not None and (is_last_due or now - last.given_at >= UNDO):
        last = None
    due = [one for one in pending if one != last]
    said = [_settle(parts, one.card_id, name) for one in due]
    return tuple(one for one in said if one is not None), last


def _pending(connection: sa.Connection, reviewer: str, now: datetime) -> list[_Pending]:
    """Answers of this person that did not take effect, oldest first."""
    pending: list[_Pending] = []
    for card, events in find_cards(connection, is_unclosed=True):
        state = state_of(events, now)
        given = state.given_by(reviewer)
        if given is not None and given.answer is not None and state.holder == reviewer:
            pending.append(_Pending(card.card_id, _last_answer_at(events, reviewer)))
    return sorted(pending, key=lambda one: one.given_at)


def _last_answer_at(events: Sequence[Event], reviewer: str) -> datetime:
    said = [one for one in events if one.reviewer == reviewer and "answer" in one.document]
    return said[-1].happened_at


def _settle(parts: Parts, card_id: str, name: str) -> str | None:
    try:
        settle_card(parts, card_id, name)
    except (SealFailed, BadInput) as error:  # the answer stands, and the desk goes on
        return f"{error.message} {error.hint}".strip()
    return None


def _with_notices(desk: Desk, notices: tuple[str, ...]) -> Desk:
    return replace(desk, notices=(*notices, *desk.notices))


def _real(
    queue: Sequence[tuple[Card, CardState]], shown: Collection[str]
) -> list[tuple[Card, CardState]]:
    """Without planted cards, which would show where nothing else waits, and those shown."""
    return [
        one for one in queue if one[0].kind is not CardKind.HONEYPOT and one[0].card_id not in shown
    ]


def _queued(
    connection: sa.Connection, one: tuple[Card, CardState], reviewer: str, now: datetime
) -> Queued:
    card, state = one
    is_busy = state.is_held and state.holder is not None
    return Queued(
        card=card,
        state=state,
        cost=priority(card, now),
        holder=name_of(connection, state.holder) if is_busy and state.holder else None,
        refusal=refusal_to_claim(card, state, reviewer),
        is_answered=not is_offered(card, state, reviewer) and state.given_by(reviewer) is not None,
    )
