"""Review: people take cards one at a time, answer blind, and only their agreement releases.

The rules are in core/reviewing.py. A person's final word is appended as a decision in the same
transaction as the card's closing; a released image is sealed right after it.
"""

from __future__ import annotations

import getpass
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from limner.core.errors import BadInput
from limner.core.limits import require_one_of
from limner.core.reviewing import (
    LEASE,
    MAY_LEAVE,
    REASON_CODES,
    REVIEW_WITHIN,
    USUAL_TIME_TO_ANSWER,
    Answer,
    Card,
    CardKind,
    CardState,
    EscalationCause,
    Event,
    EventKind,
    Refusal,
    is_due,
    is_offered,
    priority,
    refusal_to_answer,
    refusal_to_claim,
    state_of,
)
from limner.store.reviews import (
    CardDocument,
    append_event,
    commitment_of,
    events_of,
    find_cards,
    open_card,
)
from limner.studio.review_card import (
    CardView,
    current_view,
    refuse,
    require_card,
    require_reasons,
    view_of,
)
from limner.studio.review_picture import view_png
from limner.studio.review_planting import has_judged, plant_settled
from limner.studio.review_settling import escalate, seal_released, settle

if TYPE_CHECKING:
    import sqlalchemy as sa

    from limner.studio.parts import Parts

PLANTED_SHARE = 0.08  # of the cards that are given, where some were planted by hand


def reviewer_name(parts: Parts, given: str | None = None) -> str:
    """Who answers: the name given, else the setting ``reviewer``, else the system's user.

    Raises:
        BadInput: there is no name.
    """
    name = (given if given is not None else parts.settings.reviewer).strip()
    if name or given is not None:
        if not name:
            raise BadInput("The reviewer's name is empty.", code="reviewer_unknown")
        return name
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError) as error:
        raise BadInput(
            "The system has no name for this user.",
            code="reviewer_unknown",
            hint="Name the reviewer with --as NAME, or with the setting `reviewer`.",
        ) from error


def list_cards(parts: Parts, name: str) -> list[CardView]:
    """Every card that is not closed, the most urgent first."""
    now = parts.read_clock()
    with parts.store.reviews.writing(now) as connection:
        _escalate_overdue(connection, now)
        reviewer = commitment_of(connection, name)
        queue = queue_of(connection, now)
        return [view_of(connection, parts, card, state, reviewer) for card, state in queue]


def next_card(parts: Parts, name: str, *, but: Collection[str] = ()) -> CardView | None:
    """Claim the most urgent card this person may answer; ``None`` when there is none.

    Now and then a honeypot instead, but never when nothing else waits: it would show. One that was
    planted by hand comes first; others are made of settled cards, as often as the criteria say.

    Args:
        parts: of the studio.
        name: of the person.
        but: cards that are not given now.
    """
    now = parts.read_clock()
    with parts.store.reviews.writing(now) as connection:
        _escalate_overdue(connection, now)
        reviewer = commitment_of(connection, name)
        offered = [
            (card, state)
            for card, state in queue_of(connection, now)
            if card.card_id not in but and is_offered(card, state, reviewer)
        ]
        # A card that was claimed and not answered goes on where it was left.
        own = [one for one in offered if one[1].is_held]
        own.sort(key=lambda one: one[1].given_by(reviewer) is None)  # first what was taken back
        real = [one for one in offered if one[0].kind is not CardKind.HONEYPOT]
        planted = [one for one in offered if one[0].kind is CardKind.HONEYPOT]
        if not own and not real:
            return None
        card = (own or real)[0][0]
        if not own:
            card = _honeypot(connection, parts, planted, reviewer, now) or card
        return _claim(connection, parts, card, reviewer, now)


def claim(parts: Parts, card_id: str, name: str) -> CardView:
    """Take one card, for as long as a lease runs; taking it again renews the lease.

    Raises:
        BadInput: there is no such card, somebody else holds it, it is closed, or it is about the
            person's own image.
    """
    now = parts.read_clock()
    with parts.store.reviews.writing(now) as connection:
        card = require_card(connection, card_id)
        reviewer = commitment_of(connection, name)
        state = state_of(events_of(connection, card_id), now)
        refuse(connection, card, state, refusal_to_claim(card, state, reviewer))
        return _claim(connection, parts, card, reviewer, now)


def show_card(parts: Parts, card_id: str, name: str) -> CardView:
    """One card as this person may see it.

    Raises:
        BadInput: there is no such card.
    """
    now = parts.read_clock()
    with parts.store.reviews.writing(now) as connection:
        return current_view(connection, parts, card_id, commitment_of(connection, name), now)


def show_picture(parts: Parts, card_id: str, name: str) -> bytes | None:
    """PNG bytes of a card's image on neutral grounds; it is no release.

    Returns:
        ``None`` where there is nothing to look at any more: it was erased, or the card is closed.

    Raises:
        BadInput: there is no such card, or it is about the person's own image and not theirs to
            answer: nothing of a held image leaves to who asked for it.
        StorageUnavailable: the file is missing or changed.
    """
    now = parts.read_clock()
    with parts.store.reviews.writing(now) as connection:
        reviewer = commitment_of(connection, name)
        view = current_view(connection, parts, card_id, reviewer, now)
        refusal = refusal_to_claim(view.card, view.state, reviewer)
        if refusal is Refusal.OWN_IMAGE:
            refuse(connection, view.card, view.state, refusal)
    if view.shown is None or view.state.closing is not None:
        return None
    return view_png(parts, view.shown)


def answer_card(
    parts: Parts,
    card_id: str,
    name: str,
    answer: str,
    *,
    reasons: Sequence[str] = (),
    is_final: bool = True,
) -> CardView:
    """Answer a card one holds, or change one's mind about it.

    Args:
        parts: of the studio.
        card_id: of the card.
        name: of the person.
        answer: ``accept``, ``reject`` or ``unsure``.
        reasons: codes of `REASON_CODES`; needed unless the answer is ``accept`` or the question is
            about a label.
        is_final: go on to closing or escalating at once; when false the person sees the scores
            first and calls `settle_card`.

    Raises:
        BadInput: card, answer or reason is unknown, the lease is over, or it is not theirs.
        SealFailed: the image is released, and could not be sealed yet.
    """
    require_one_of("answer", answer, [str(one) for one in Answer])
    given = Answer(answer)
    now = parts.read_clock()
    decided = None
    with parts.store.reviews.writing(now) as connection:
        card = require_card(connection, card_id)
        require_reasons(given, reasons, is_needed=card.is_about_image)
        reviewer = commitment_of(connection, name)
        events = events_of(connection, card_id)
        state = state_of(events, now)
        refuse(connection, card, state, refusal_to_answer(card, state, reviewer, given))
        _append_answer(connection, card, events, reviewer, (given, tuple(reasons)), now)
        if is_final:
            decided = settle(connection, card, reviewer, now)
        view = current_view(connection, parts, card_id, reviewer, now)
    seal_released(parts, decided)
    return view


def withdraw_answer(parts: Parts, card_id: str, name: str) -> CardView:
    """Take one's answer back before the card is closed; what was answered stays on record.

    Raises:
        BadInput: as `answer_card`, or there is no answer of this person to take back.
    """
    now = parts.read_clock()
    with parts.store.reviews.writing(now) as connection:
        card = require_card(connection, card_id)
        reviewer = commitment_of(connection, name)
        state = state_of(events_of(connection, card_id), now)
        refuse(connection, card, state, refusal_to_claim(card, state, reviewer))
        given = state.given_by(reviewer)
        if given is None or given.answer is None:
            raise BadInput(f"You have not answered the card {card_id!r}.", code="not_answered")
        document: dict[str, object] = {"from": str(given.answer), "answer": None, "reasons": []}
        append_event(
            connection,
            card,
            EventKind.CHANGED_MIND,
            happened_at=now,
            reviewer=reviewer,
            document=document,
        )
        return current_view(connection, parts, card_id, reviewer, now)


def settle_card(parts: Parts, card_id: str, name: str) -> CardView:
    """Close or escalate a card as its answers call for; else let go of it for the next person.

    Raises:
        BadInput: there is no such card, or it is not this person's to settle.
        SealFailed: the image is released, and could not be sealed yet.
    """
    now = parts.read_clock()
    with parts.store.reviews.writing(now) as connection:
        card = require_card(connection, card_id)
        reviewer = commitment_of(connection, name)
        state = state_of(events_of(connection, card_id), now)
        refuse(connection, card, state, refusal_to_claim(card, state, reviewer))
        if state.given_by(reviewer) is None:
            raise BadInput(f"You have not answered the card {card_id!r}.", code="not_answered")
        decided = settle(connection, card, reviewer, now)
        view = current_view(connection, parts, card_id, reviewer, now)
    seal_released(parts, decided)
    return view


def escalate_card(parts: Parts, card_id: str, name: str) -> CardView:
    """Ask for somebody else to decide.

    Raises:
        BadInput: there is no such card, it is closed, or somebody else holds it.
    """
    now = parts.read_clock()
    with parts.store.reviews.writing(now) as connection:
        card = require_card(connection, card_id)
        reviewer = commitment_of(connection, name)
        state = state_of(events_of(connection, card_id), now)
        refusal = refusal_to_claim(card, state, reviewer)
        refuse(connection, card, state, None if refusal is Refusal.OWN_IMAGE else refusal)
        escalate(connection, card, EscalationCause.ASKED, now, reviewer)
        return current_view(connection, parts, card_id, reviewer, now)


def escalate_overdue(parts: Parts) -> int:
    """Ask for somebody else where a deadline has passed; how many cards that were.

    Whoever opens a desk or a list does the same, so that nobody sees a card as it is no longer.
    """
    now = parts.read_clock()
    with parts.store.reviews.writing(now) as connection:
        return _escalate_overdue(connection, now)


def release_card(parts: Parts, card_id: str, name: str) -> None:
    """Let go of a card one holds, so that others may take it.

    Raises:
        BadInput: there is no such card.
    """
    now = parts.read_clock()
    with parts.store.reviews.writing(now) as connection:
        card = require_card(connection, card_id)
        reviewer = commitment_of(connection, name)
        state = state_of(events_of(connection, card_id), now)
        if state.holder == reviewer:
            append_event(
                connection, card, EventKind.LEASE_ENDED, happened_at=now, reviewer=reviewer
            )


def complain(parts: Parts, image_id: str, code: str) -> str:
    """Open a card about an image that somebody complained of; its id.

    Raises:
        BadInput: there is no such image, or the reason code is unknown.
    """
    require_reasons(Answer.REJECT, [code])
    due_at = parts.read_clock() + USUAL_TIME_TO_ANSWER
    document: CardDocument = {
        "question": "Was it right to release this image?",
        "requester": None,
        "impact": None,
        "needs_second": False,
        "due_at": due_at.isoformat(),
        "reasons": [f"Somebody complained: {REASON_CODES[code]}"],
    }
    return ask(parts, image_id, CardKind.COMPLAINT, document)


def plant(parts: Parts, image_id: str, truth: str, question: str = MAY_LEAVE) -> str:
    """Open a honeypot: a card whose right answer is known; its id. It counts for one reviewer.

    Impact and deadline are those of an ordinary held image, so that it does not show.

    Raises:
        BadInput: there is no such image, or the truth is neither ``accept`` nor ``reject``.
    """
    require_one_of("truth", truth, [str(Answer.ACCEPT), str(Answer.REJECT)])
    criteria = parts.judge.criteria
    document: CardDocument = {
        "question": question,
        "requester": None,
        "impact": None if criteria is None else criteria.default_impact,
        "needs_second": False,
        "due_at": (parts.read_clock() + REVIEW_WITHIN).isoformat(),
        "reasons": [],
        "truth": truth,
    }
    return ask(parts, image_id, CardKind.HONEYPOT, document)


def ask(parts: Parts, image_id: str, kind: CardKind, document: CardDocument) -> str:
    """Open a card about a stored image: a complaint, or a honeypot whose answer is known.

    Raises:
        BadInput: there is no such image, or the document is not allowed.
    """
    if parts.store.image_by_id(image_id) is None:
        raise BadInput(f"There is no image {image_id!r} here.", code="image_unknown")
    now = parts.read_clock()
    with parts.store.reviews.writing(now) as connection:
        return open_card(connection, image_id=image_id, kind=kind, opened_at=now, document=document)


def queue_of(connection: sa.Connection, now: datetime) -> list[tuple[Card, CardState]]:
    """Every card that is not closed, the most urgent first."""
    found = find_cards(connection, is_unclosed=True)
    cards = [(card, state_of(events, now)) for card, events in found]
    return sorted(cards, key=lambda one: (-priority(one[0], now), one[0].card_id))


def _honeypot(
    connection: sa.Connection,
    parts: Parts,
    planted: Sequence[tuple[Card, CardState]],
    reviewer: str,
    now: datetime,
) -> Card | None:
    """What measures this person now, if chance says so: planted by hand, or made of a past card."""
    criteria = parts.judge.criteria
    rate = 0.0 if criteria is None else criteria.audit.honeypots
    chance = float(parts.rng.random())
    if chance < max(rate, PLANTED_SHARE):
        for card, _state in planted:
            if not has_judged(connection, card.image_id, reviewer, now):
                return card
    return plant_settled(connection, reviewer, parts.rng, now) if chance < rate else None


def _escalate_overdue(connection: sa.Connection, now: datetime) -> int:
    found = find_cards(connection, is_unclosed=True)
    overdue = [card for card, events in found if is_due(card, state_of(events, now), now)]
    for card in overdue:
        escalate(connection, card, EscalationCause.DEADLINE, now)
    return len(overdue)


def _claim(
    connection: sa.Connection, parts: Parts, card: Card, reviewer: str, now: datetime
) -> CardView:
    state = state_of(events_of(connection, card.card_id), now)
    if state.holder is not None and state.holder != reviewer:
        append_event(
            connection, card, EventKind.LEASE_ENDED, happened_at=now, reviewer=state.holder
        )
    append_event(
        connection,
        card,
        EventKind.CLAIMED,
        happened_at=now,
        reviewer=reviewer,
        document={"until": (now + LEASE).isoformat()},
    )
    return current_view(connection, parts, card.card_id, reviewer, now)


def _append_answer(
    connection: sa.Connection,
    card: Card,
    events: Sequence[Event],
    reviewer: str,
    said: tuple[Answer, tuple[str, ...]],
    now: datetime,
) -> None:
    answer, reasons = said
    before = state_of(events, now).given_by(reviewer)
    if before is not None and (before.answer, before.reasons) == said:
        return  # said again, so it stands as it is
    document: dict[str, object] = {"answer": str(answer), "reasons": list(reasons)}
    if before is None:
        claimed_at = _claimed_at(events, reviewer, now)
        document["seconds"] = round(max((now - claimed_at).total_seconds(), 0.0), 3)
    else:
        document["from"] = None if before.answer is None else str(before.answer)
    append_event(
        connection,
        card,
        EventKind.ANSWERED if before is None else EventKind.CHANGED_MIND,
        happened_at=now,
        reviewer=reviewer,
        document=document,
    )


def _claimed_at(events: Sequence[Event], reviewer: str, now: datetime) -> datetime:
    """When the person began to look: their first claim since somebody else held the card."""
    began = now
    for event in reversed(events):
        if event.kind is EventKind.CLAIMED and event.reviewer == reviewer:
            began = event.happened_at
        elif event.kind in (EventKind.CLAIMED, EventKind.LEASE_ENDED, EventKind.ESCALATED):
            break
    return began
