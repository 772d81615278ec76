"""The rules of review: what state a card is in, who may take it, and what follows from answers.

Pure: a card, its events and the time now go in. Nothing is ever overwritten: a card's state is
worked out from its events. The rules, numbered where they are kept:

1. A card asks one question; the answers are accept, reject, can't tell (``unsure``).
2. One person holds a card at a time, by a lease; the lease may run out.
3. The requester does not answer about their own image.
4. Two people must agree where the card says so; one person counts once.
5. Disagreement, doubt and a passed deadline escalate: somebody who has not answered decides.
6. A held image is released only when all needed accepts are there, refused on agreed rejects.
7. Time alone never closes a card; but a check that could not run may run later and do so, as
   long as nobody has answered.
8. A honeypot's answer counts for the reviewer and decides about no image; an answer to whether a
   label fits teaches the label's next version and decides about none either.
9. A change of mind is appended; answers that were overruled stay.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple, cast

LEASE = timedelta(minutes=15)
REVIEW_WITHIN = timedelta(days=2)  # of being held or audited; then somebody else is asked
USUAL_TIME_TO_ANSWER = timedelta(hours=24)  # ages cards that have no deadline
MAY_LEAVE = "May this image leave?"
UNKNOWN_PROBABILITY_BAD = 0.5
LEAST_PROBABILITY_BAD = 0.01  # so that ageing brings every card to the front in the end


class CardKind(StrEnum):
    """Why a person is asked."""

    HELD = "held"
    AUDIT = "audit"
    HONEYPOT = "honeypot"
    COMPLAINT = "complaint"
    LABEL = "label"


class EventKind(StrEnum):
    """What can happen to a card."""

    CLAIMED = "claimed"
    LEASE_ENDED = "lease_ended"
    ANSWERED = "answered"
    ESCALATED = "escalated"
    CHANGED_MIND = "changed_mind"
    CLOSED = "closed"


class Answer(StrEnum):
    """What a person answers; in this order from bad to good."""

    REJECT = "reject"
    UNSURE = "unsure"
    ACCEPT = "accept"


class State(StrEnum):
    """Where a card is."""

    OPEN = "open"
    CLAIMED = "claimed"
    ANSWERED = "answered"
    ESCALATED = "escalated"
    CLOSED = "closed"


class Closing(StrEnum):
    """What a card ended in. Only RELEASED and REFUSED decide about an image.

    JUDGED_AGAIN is no person's: a check that could not run did, and rules decided anew.
    """

    RELEASED = "released"
    REFUSED = "refused"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    COUNTED = "counted"
    JUDGED_AGAIN = "judged_again"


class EscalationCause(StrEnum):
    """Why somebody else is asked."""

    DISAGREEMENT = "disagreement"
    UNSURE = "unsure"
    DEADLINE = "deadline"
    ASKED = "asked"


class Refusal(StrEnum):
    """Why a person may not take or answer a card."""

    CLOSED = "closed"
    OWN_IMAGE = "own_image"
    HELD_BY_OTHER = "held_by_other"
    NOT_CLAIMED = "not_claimed"
    LEASE_OVER = "lease_over"
    SAME_PERSON = "same_person"


REASON_CODES: Mapping[str, str] = {
    "off-prompt": "It does not show what was asked.",
    "malformed": "Something in it is malformed.",
    "unsafe": "It is naked, sexual, violent or hateful.",
    "person": "It shows a real person, or could be taken for one.",
    "rights": "It is too near to someone's work, mark or character.",
    "text": "It has text that is wrong or should not be there.",
    "technical": "It is blurred, too dark, cut off or broken.",
    "cannot-see": "The question cannot be answered from this picture.",
    "other": "Something else.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One question about one image, to a person.

    Attributes:
        question: "yes" is good.
        requester: commitment to the name of who asked for the image; ``None`` when not known.
        also_asked: the same of others for whom the same image was drawn.
        may_requester_answer: somebody works alone, and answers about their own images; never
            counts where two people must agree.
        impact: tier of the criteria.
        needs_second: two people must agree.
        due_at: when it is escalated if it is not closed.
        reasons: why it was held; hidden until the first answer.
        probability_bad: 0-1, of the image; ``None`` when nothing calibrated is known.
        cost: of releasing it if it is bad, at its impact; any unit, the same for all cards.
        unmitigated_share: 0-1, share of that cost an answer now can still avert.
        truth: the right answer; honeypots only.
        label: whose fit is asked about, where a label that was taught is unsure; else empty.
    """

    card_id: str
    image_id: str
    kind: CardKind
    opened_at: datetime
    question: str
    requester: str | None = None
    also_asked: frozenset[str] = frozenset()
    may_requester_answer: bool = False
    impact: str | None = None
    needs_second: bool = False
    due_at: datetime | None = None
    reasons: tuple[str, ...] = ()
    probability_bad: float | None = None
    cost: float = 1.0
    unmitigated_share: float = 1.0
    truth: Answer | None = None
    label: str = ""

    def is_own(self, reviewer: str) -> bool:
        """Whether this person asked for the image."""
        return reviewer == self.requester or reviewer in self.also_asked

    @property
    def is_about_image(self) -> bool:
        """The question is whether the image is good, and not whether a label fits it."""
        return self.kind is not CardKind.LABEL

    @property
    def num_needed(self) -> int:
        """How many people must agree (rule 4)."""
        return 2 if self.needs_second and self.kind is not CardKind.HONEYPOT else 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened to a card.

    Attributes:
        reviewer: commitment to a name; ``None`` for what no person did.
        document: ``until`` of a claim; ``answer``, ``reasons``, ``seconds`` of an answer and of a
            change of mind; ``cause`` of an escalation; ``outcome`` of a closing.
    """

    kind: EventKind
    happened_at: datetime
    reviewer: str | None = None
    document: Mapping[str, object] = field(default_factory=dict[str, object])


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What one person answers to a card, as it stands.

    Attributes:
        answer: ``None`` when it was withdrawn.
        first: the answer given blind, before the checks' scores were shown.
        level: 1, and one more for each escalation before the person first answered.
        seconds: from claiming the card to the first answer.
    """

    reviewer: str
    answer: Answer | None
    first: Answer
    reasons: tuple[str, ...]
    level: int
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CardState:
    """What a card's events come to.

    Attributes:
        state: see `State`.
        level: 1, and one more for each escalation.
        holder: who claimed it last and has not let go; the lease may be over, see `is_held`.
        held_until: end of that lease.
        is_held: the lease runs.
        answers: one for each person, in the order they first answered.
        is_deadline_told: it was escalated for its deadline.
        cause: why it was escalated last.
        closing: what it ended in.
    """

    state: State = State.OPEN
    level: int = 1
    holder: str | None = None
    held_until: datetime | None = None
    is_held: bool = False
    answers: tuple[Given, ...] = ()
    is_deadline_told: bool = False
    cause: EscalationCause | None = None
    closing: Closing | None = None

    @property
    def standing(self) -> tuple[Given, ...]:
        """The answers that were not withdrawn."""
        return tuple(one for one in self.answers if one.answer is not None)

    def given_by(self, reviewer: str) -> Given | None:
        """What this person answered."""
        return next((one for one in self.answers if one.reviewer == reviewer), None)


class Step(NamedTuple):
    """What the answers call for: one of the two, or neither while people are still needed."""

    closing: Closing | None = None
    escalation: EscalationCause | None = None


def state_of(events: Sequence[Event], now: datetime) -> CardState:
    """The state that a card's events, in their order, come to at this time."""
    state = CardState()
    for event in events:
        state = _after(state, event)
    is_held = state.held_until is not None and now < state.held_until  # rule 2
    return replace(state, is_held=is_held, state=_named(state, is_held=is_held))


def refusal_to_claim(card: Card, state: CardState, reviewer: str) -> Refusal | None:
    """Why this person may not take the card; ``None`` when they may."""
    if state.closing is not None:
        return Refusal.CLOSED
    if card.is_own(reviewer) and (card.needs_second or not card.may_requester_answer):  # rule 3
        return Refusal.OWN_IMAGE
    if state.is_held and state.holder != reviewer:  # rule 2
        return Refusal.HELD_BY_OTHER
    return None


def refusal_to_answer(
    card: Card, state: CardState, reviewer: str, answer: Answer
) -> Refusal | None:
    """Why this person may not give this answer now; ``None`` when they may."""
    refusal = refusal_to_claim(card, state, reviewer)
    if refusal is not None:
        return refusal
    if state.holder != reviewer:
        return Refusal.NOT_CLAIMED
    if not state.is_held:
        return Refusal.LEASE_OVER
    given = state.given_by(reviewer)
    is_repeated = given is not None and given.answer is answer
    if is_repeated and next_step(card, state) == Step():  # rule 4
        return Refusal.SAME_PERSON
    return None


def next_step(card: Card, state: CardState) -> Step:
    """What the standing answers call for. Time has no say in it (rule 7)."""
    standing = state.standing
    if state.closing is not None or not standing:
        return Step()
    if card.kind is CardKind.HONEYPOT:  # rule 8
        return Step(closing=Closing.COUNTED)
    here = {one.answer for one in standing if one.level == state.level}
    if Answer.UNSURE in here:  # rule 5
        return Step(escalation=EscalationCause.UNSURE)
    if len(here) > 1:  # rule 5
        return Step(escalation=EscalationCause.DISAGREEMENT)
    num_agreeing = sum(one.answer in here for one in standing)
    if num_agreeing < card.num_needed:  # rule 4
        return Step()
    return Step(closing=_closing(card, is_accepted=Answer.ACCEPT in here))  # rule 6


def is_due(card: Card, state: CardState, now: datetime) -> bool:
    """Whether the deadline passed and nobody was told yet (rule 5)."""
    if card.due_at is None or card.kind is CardKind.HONEYPOT:
        return False
    if state.closing is not None or state.is_deadline_told:
        return False
    return now >= card.due_at


def is_offered(card: Card, state: CardState, reviewer: str) -> bool:
    """Whether the queue offers the card to this person: they may claim it and it needs them."""
    if refusal_to_claim(card, state, reviewer) is not None:
        return False
    given = state.given_by(reviewer)
    return given is None or given.answer is None or next_step(card, state) != Step()


def priority(card: Card, now: datetime, expected_minutes: float = 1.0) -> float:
    """Expected cost averted by a minute of a person's time, growing with the card's age.

    P(bad) x cost of a false accept x share not yet mitigated / minutes, times 1 + age over the
    time it was given. Age has no limit, so that no card waits for ever.

    Args:
        card: whose place in the queue it is.
        now: UTC.
        expected_minutes: a person needs for such a card; above 0.

    Source: cost-ordered triage with ageing, as operating systems schedule; our own form.
    """
    probability = UNKNOWN_PROBABILITY_BAD if card.probability_bad is None else card.probability_bad
    averted = max(probability, LEAST_PROBABILITY_BAD) * card.cost * card.unmitigated_share
    given = USUAL_TIME_TO_ANSWER if card.due_at is None else card.due_at - card.opened_at
    age = max(now - card.opened_at, timedelta(0))  # a clock that jumped back ages nothing
    return averted / expected_minutes * (1 + age / max(given, timedelta(minutes=1)))


def _after(state: CardState, event: Event) -> CardState:
    match event.kind:
        case EventKind.CLAIMED:
            until = datetime.fromisoformat(str(event.document["until"]))
            return replace(state, holder=event.reviewer, held_until=until)
        case EventKind.LEASE_ENDED:
            return replace(state, holder=None, held_until=None)
        case EventKind.ANSWERED | EventKind.CHANGED_MIND:
            return replace(state, answers=_with_answer(state, event))
        case EventKind.ESCALATED:
            cause = EscalationCause(str(event.document["cause"]))
            return replace(
                state,
                level=state.level + 1,
                holder=None,
                held_until=None,
                is_deadline_told=cause is EscalationCause.DEADLINE or state.is_deadline_told,
                cause=cause,
            )
        case EventKind.CLOSED:
            closing = Closing(str(event.document["outcome"]))
            return replace(state, closing=closing, holder=None, held_until=None)


def _with_answer(state: CardState, event: Event) -> tuple[Given, ...]:
    """Rule 9: the event is kept whatever follows; only what stands is replaced here."""
    assert event.reviewer is not None, "an answer is a person's"
    raw = event.document["answer"]
    answer = None if raw is None else Answer(str(raw))
    reasons = tuple(cast(Sequence[str], event.document.get("reasons", ())))
    before = state.given_by(event.reviewer)
    if before is None:
        assert answer is not None, "nobody withdraws what was never answered"
        seconds = float(str(event.document.get("seconds", 0.0)))
        new = Given(
            reviewer=event.reviewer,
            answer=answer,
            first=answer,
            reasons=reasons,
            level=state.level,
            seconds=seconds,
        )
        return (*state.answers, new)
    new = replace(before, answer=answer, reasons=reasons)
    return tuple(new if one is before else one for one in state.answers)


def _named(state: CardState, *, is_held: bool) -> State:
    if state.closing is not None:
        return State.CLOSED
    if is_held:
        return State.CLAIMED
    if state.level > 1:
        return State.ESCALATED
    return State.ANSWERED if state.standing else State.OPEN


def _closing(card: Card, *, is_accepted: bool) -> Closing:
    if card.kind is CardKind.HELD:
        return Closing.RELEASED if is_accepted else Closing.REFUSED
    return Closing.ACCEPTED if is_accepted else Closing.REJECTED
