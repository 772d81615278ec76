"""A review card as one person may see it, and why they may not take or answer it, in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, cast

from limner.core.errors import BadInput
from limner.core.judging import Cause, Verdict
from limner.core.limits import require_one_of
from limner.core.looking import Incoming
from limner.core.recipe import ImageRecord
from limner.core.reviewing import (
    REASON_CODES,
    Answer,
    Card,
    CardKind,
    CardState,
    Refusal,
    state_of,
)
from limner.store.judgements import results_of
from limner.store.reviews import events_of, find_card, name_of

if TYPE_CHECKING:
    import sqlalchemy as sa

    from limner.studio.parts import Parts


@dataclass(frozen=True, slots=True, kw_only=True)
class CardView:
    """A card as one person may see it: blind until they have answered.

    Attributes:
        state: at the time of looking.
        holder: name of who holds it; ``None`` for nobody, or a name that was erased.
        record: of the image; ``None`` when it was erased, or was not drawn here.
        incoming: the image where it came in from elsewhere; ``None`` when it was erased.
        is_revealed: the person has answered, or the card is closed; until then a honeypot looks
            like any other card and the next two are empty.
        results: what the checks said, as JSON documents; nothing where a label is asked about.
        reasons: why it is a person's to decide.
        own: what the person answers; ``None`` before.
        unable: why checks could not run, one sentence each; it is told before an answer too, as it
            leads nobody.
        level: of escalation, from 1.
    """

    card: Card
    state: CardState
    holder: str | None
    record: ImageRecord | None
    is_revealed: bool
    results: tuple[dict[str, object], ...]
    reasons: tuple[str, ...]
    own: Answer | None
    unable: tuple[str, ...] = ()
    incoming: Incoming | None = None

    @property
    def shown(self) -> ImageRecord | Incoming | None:
        """What there is to look at; ``None`` when it was erased."""
        return self.incoming if self.record is None else self.record

    @property
    def kind(self) -> CardKind:
        """Its kind; a honeypot's only when revealed."""
        is_hidden = self.card.kind is CardKind.HONEYPOT and not self.is_revealed
        return CardKind.HELD if is_hidden else self.card.kind


def current_view(
    connection: sa.Connection, parts: Parts, card_id: str, reviewer: str, now: datetime
) -> CardView:
    """A card as it stands now, for one person; raises as `require_card`."""
    card = require_card(connection, card_id)
    return view_of(connection, parts, card, state_of(events_of(connection, card_id), now), reviewer)


def view_of(
    connection: sa.Connection, parts: Parts, card: Card, state: CardState, reviewer: str
) -> CardView:
    """A card in this state, for the person with the commitment `reviewer`."""
    given = state.given_by(reviewer)
    record = parts.store.image_by_id(card.image_id)
    is_revealed = given is not None or state.closing is not None
    results = results_of(connection, card.image_id) if card.is_about_image else []
    return CardView(
        card=card,
        state=state,
        holder=name_of(connection, state.holder) if state.is_held and state.holder else None,
        record=record,
        incoming=parts.store.looks.find(card.image_id) if record is None else None,
        is_revealed=is_revealed,
        results=tuple(results) if is_revealed else (),
        unable=why_unable(results),
        reasons=card.reasons if is_revealed else (),
        own=None if given is None else given.answer,
    )


def why_unable(results: Sequence[Mapping[str, object]]) -> tuple[str, ...]:
    """Why checks could not run, by the last result of each; not of those that do not apply."""
    last = {str(one["check"]): one for one in results}
    return tuple(
        " ".join(cast(Sequence[str], one["notes"]))
        for one in last.values()
        if one["verdict"] == Verdict.ERROR and one["cause"] != Cause.NOT_APPLICABLE
    )


def require_card(connection: sa.Connection, card_id: str) -> Card:
    """The card with this id.

    Raises:
        BadInput: there is none.
    """
    card = find_card(connection, card_id)
    if card is None:
        raise BadInput(
            f"There is no review card {card_id!r}.",
            code="card_unknown",
            hint="`limner review list` shows the cards that wait.",
        )
    return card


def require_reasons(answer: Answer, reasons: Sequence[str], *, is_needed: bool = True) -> None:
    """Refuse reason codes that are unknown, and an answer that needs one and has none.

    Raises:
        BadInput: as said.
    """
    for code in reasons:
        require_one_of("reason", code, list(REASON_CODES))
    if is_needed and not reasons and answer is not Answer.ACCEPT:
        raise BadInput(
            f"The answer {str(answer)!r} needs a reason; allowed are {', '.join(REASON_CODES)}.",
            code="reason_missing",
            hint="Give one with --reason CODE.",
        )


def refuse(
    connection: sa.Connection, card: Card, state: CardState, refusal: Refusal | None
) -> None:
    """Raise what a refusal says, in one sentence.

    Raises:
        BadInput: there is a refusal.
    """
    if refusal is None:
        return
    named = f"The card {card.card_id!r}"
    again = f"Claim it with `limner review claim {card.card_id}`."
    until = "" if state.held_until is None else f"{state.held_until:%Y-%m-%d %H:%M:%S} UTC"
    holder = None if state.holder is None else name_of(connection, state.holder)
    closing = str(state.closing or "").replace("_", " ")
    sentence, hint = {
        Refusal.CLOSED: (f"{named} is closed: {closing}.", "An answer is never overwritten."),
        Refusal.OWN_IMAGE: (
            f"{named} is about an image you asked for yourself; somebody else must answer it.",
            "",
        ),
        Refusal.HELD_BY_OTHER: (
            f"{named} is held by {holder or 'a reviewer whose name was erased'!r} until {until}.",
            "Take another with `limner review next`.",
        ),
        Refusal.NOT_CLAIMED: (f"{named} is not claimed by you.", again),
        Refusal.LEASE_OVER: (f"Your lease on the card {card.card_id!r} ended at {until}.", again),
        Refusal.SAME_PERSON: (
            f"You have answered the card {card.card_id!r} so already; another person is needed.",
            "",
        ),
    }[refusal]
    raise BadInput(sentence, code=f"review_{refusal}", hint=hint)
