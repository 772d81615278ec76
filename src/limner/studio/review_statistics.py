"""What reviews tell of reviewers and of rules: agreement, honeypots, time, overrides, audits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from limner.core.deciding import Outcome
from limner.core.reviewing import Answer, Card, CardKind, CardState, Closing, state_of
from limner.evals.agreement import (
    NO_RATING,
    ac1_estimate,
    agreement_estimate,
    alpha_estimate,
)
from limner.evals.audits import Audited, DecisionRates, decision_rates
from limner.evals.detection import Detection, detection
from limner.evals.intervals import Estimate, bootstrapped, share
from limner.store.review_history import RuleDecision, rule_decisions
from limner.store.reviews import find_cards, name_of

if TYPE_CHECKING:
    from limner.studio.parts import Parts

# Shapes: U units (cards), R raters (reviewers).

_ORDER = tuple(Answer)  # reject, unsure, accept: from bad to good
_GOOD = (Closing.RELEASED, Closing.ACCEPTED)
_JUDGED_BY_PEOPLE = (*_GOOD, Closing.REFUSED, Closing.REJECTED)
_SEED = 0  # the same records print the same intervals

Cards = Sequence[tuple[Card, CardState]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewerStatistics:
    """One reviewer.

    Attributes:
        name: ``None`` when it was erased.
        num_answers: cards answered, honeypots too.
        seconds: median time from claim to first answer.
        changed_mind: share of answers that were changed, also after seeing the scores.
        overruled: share of answers on closed cards that others decided against.
        detection: from honeypots.
    """

    name: str | None
    num_answers: int
    seconds: Estimate
    changed_mind: Estimate
    overruled: Estimate
    detection: Detection


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewStatistics:
    """Everything `limner review stats` prints.

    Attributes:
        num_waiting: cards that are not closed.
        num_closed: cards that are.
        seconds: median time to a first answer, of all.
        alpha_nominal, alpha_ordinal, ac1, agreement: of first answers, which are blind, on cards
            that two or more people answered.
        override: share of audited or complained-of images where people decided against the rule.
        escalated: share of cards that were escalated.
        rates: of decisions by rule, from what was audited or held and then answered.
        num_audits_waiting: audits chosen and not answered yet; the rates do not have them.
        num_never_audited: decisions whose audit probability is 0; the rates say nothing of them.
    """

    num_waiting: int
    num_closed: int
    seconds: Estimate
    alpha_nominal: Estimate
    alpha_ordinal: Estimate
    ac1: Estimate
    agreement: Estimate
    override: Estimate
    escalated: Estimate
    rates: DecisionRates
    num_audits_waiting: int
    num_never_audited: int
    reviewers: tuple[ReviewerStatistics, ...]


def review_statistics(parts: Parts) -> ReviewStatistics:
    """Statistics over everything that was reviewed here."""
    now, rng = parts.read_clock(), np.random.default_rng(_SEED)
    with parts.store.reviews.reading() as connection:
        found = find_cards(connection)
        cards = [(card, state_of(events, now)) for card, events in found]
        decisions = rule_decisions(connection)
        people = dict.fromkeys(one.reviewer for _, state in cards for one in state.answers)
        names = {one: name_of(connection, one) for one in people}
    ratings_UR, num_categories = _ratings_UR(cards, list(people)), len(_ORDER)
    real = [(card, state) for card, state in cards if card.kind is not CardKind.HONEYPOT]
    audited, num_waiting, num_never = audited_images(cards, decisions)
    closed = [state for _, state in cards if state.closing is not None]
    return ReviewStatistics(
        num_waiting=len(cards) - len(closed),
        num_closed=len(closed),
        seconds=_median([one.seconds for _, state in cards for one in state.answers], rng),
        alpha_nominal=alpha_estimate(ratings_UR, rng, num_categories=num_categories),
        alpha_ordinal=alpha_estimate(
            ratings_UR, rng, num_categories=num_categories, level="ordinal"
        ),
        ac1=ac1_estimate(ratings_UR, rng, num_categories=num_categories),
        agreement=agreement_estimate(ratings_UR, rng, num_categories=num_categories),
        override=_override(cards, decisions),
        escalated=share(sum(state.level > 1 for _, state in real), len(real)),
        rates=decision_rates(list(audited.values()), rng),
        num_audits_waiting=num_waiting,
        num_never_audited=num_never,
        reviewers=tuple(_reviewer(cards, one, names[one], rng) for one in people),
    )


def is_by_people(state: CardState) -> bool:
    """Whether people closed the card with a word about the image."""
    return state.closing in _JUDGED_BY_PEOPLE


def is_good(closing: Closing | None) -> bool:
    """Whether a card was closed with the image found good."""
    return closing in _GOOD


def is_overridden(card: Card, state: CardState, decision: RuleDecision | None) -> bool | None:
    """Whether people decided against the rule; ``None`` where that cannot be said."""
    if decision is None or state.closing not in _JUDGED_BY_PEOPLE:
        return None
    if card.kind not in (CardKind.AUDIT, CardKind.COMPLAINT) or decision.outcome is Outcome.HELD:
        return None
    return is_good(state.closing) != (decision.outcome is Outcome.RELEASED)


def _ratings_UR(cards: Cards, people: Sequence[str]) -> NDArray[np.int64]:
    """First answers, which are blind; a row for every card that asks whether an image is good."""
    column = {one: k for k, one in enumerate(people)}
    rows: list[NDArray[np.int64]] = []
    for card, state in cards:
        if card.kind is CardKind.HONEYPOT or not card.is_about_image:
            continue
        row = np.full(len(people), NO_RATING, np.int64)
        for one in state.answers:
            row[column[one.reviewer]] = _ORDER.index(one.first)
        rows.append(row)
    return np.array(rows, np.int64).reshape(len(rows), len(people))


def _median(seconds: Sequence[float], rng: np.random.Generator) -> Estimate:
    values = np.array(seconds)
    return bootstrapped(lambda rows: float(np.median(values[rows])), len(values), rng)


def _override(cards: Cards, decisions: Mapping[str, RuleDecision]) -> Estimate:
    found = [is_overridden(card, state, decisions.get(card.image_id)) for card, state in cards]
    known = [one for one in found if one is not None]
    return share(sum(known), len(known))


def audited_images(
    cards: Cards, decisions: Mapping[str, RuleDecision]
) -> tuple[dict[str, Audited], int, int]:
    """Decisions with an answer, by image_id; how many audits wait; how many are never audited."""
    closings = {
        card.image_id: state.closing
        for card, state in cards
        if card.kind in (CardKind.AUDIT, CardKind.HELD)
        and state.closing is not Closing.JUDGED_AGAIN
    }
    audited: dict[str, Audited] = {}
    num_waiting = num_never = 0
    for image_id, decision in decisions.items():
        if decision.audit_probability <= 0:
            num_never += 1
            continue
        if not decision.is_audited and decision.outcome is not Outcome.HELD:
            continue
        closing = closings.get(image_id)
        if closing is None:
            num_waiting += 1
            continue
        audited[image_id] = Audited(
            is_stopped=decision.outcome is not Outcome.RELEASED,
            is_bad=not is_good(closing),
            probability=decision.audit_probability,
        )
    return audited, num_waiting, num_never


def _reviewer(
    cards: Cards, reviewer: str, name: str | None, rng: np.random.Generator
) -> ReviewerStatistics:
    own = [
        (card, state, given)
        for card, state in cards
        if (given := state.given_by(reviewer)) is not None
    ]
    decided = [
        (given.first is Answer.ACCEPT) != is_good(state.closing)
        for _, state, given in own
        if state.closing in _JUDGED_BY_PEOPLE and given.first is not Answer.UNSURE
    ]
    known = [
        (card.truth is Answer.REJECT, given.first is not Answer.ACCEPT)
        for card, _, given in own
        if card.kind is CardKind.HONEYPOT
    ]
    return ReviewerStatistics(
        name=name,
        num_answers=len(own),
        seconds=_median([given.seconds for _, _, given in own], rng),
        changed_mind=share(sum(one.answer is not one.first for _, _, one in own), len(own)),
        overruled=share(sum(decided), len(decided)),
        detection=detection(
            num_hits=sum(is_bad and is_stopped for is_bad, is_stopped in known),
            num_bad=sum(is_bad for is_bad, _ in known),
            num_false_alarms=sum(not is_bad and is_stopped for is_bad, is_stopped in known),
            num_good=sum(not is_bad for is_bad, _ in known),
        ),
    )
