"""The rules of review, one fact each; the numbers are those of the module's docstring."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from limner.core.reviewing import (
    LEASE,
    REASON_CODES,
    REVIEW_WITHIN,
    Answer,
    Card,
    CardKind,
    CardState,
    Closing,
    EscalationCause,
    Event,
    EventKind,
    Refusal,
    State,
    Step,
    is_due,
    is_offered,
    next_step,
    priority,
    refusal_to_answer,
    refusal_to_claim,
    state_of,
)

START = datetime(2026, 1, 1, tzinfo=UTC)
ANN, BEN, CAT, DAN = "sha256:ann", "sha256:ben", "sha256:cat", "sha256:dan"
CARD = Card(
    card_id="c1",
    image_id="sha256:image",
    kind=CardKind.HELD,
    opened_at=START,
    question="Is it fine?",
    requester=DAN,
)
TWO = replace(CARD, needs_second=True)
ACCEPTED, REJECTED, UNSURE = Answer.ACCEPT, Answer.REJECT, Answer.UNSURE


def at(minutes: float) -> datetime:
    return START + timedelta(minutes=minutes)


def claimed(reviewer, minute=0.0):
    until = {"until": (at(minute) + LEASE).isoformat()}
    return Event(kind=EventKind.CLAIMED, happened_at=at(minute), reviewer=reviewer, document=until)


def answered(reviewer, answer, *reasons):
    document = {"answer": str(answer), "reasons": list(reasons), "seconds": 4.0}
    return Event(kind=EventKind.ANSWERED, happened_at=at(1), reviewer=reviewer, document=document)


def changed(reviewer, answer):
    document = {"answer": None if answer is None else str(answer), "reasons": []}
    return Event(
        kind=EventKind.CHANGED_MIND, happened_at=at(2), reviewer=reviewer, document=document
    )


def escalated(cause=EscalationCause.DISAGREEMENT):
    return Event(kind=EventKind.ESCALATED, happened_at=at(3), document={"cause": str(cause)})


def closed(outcome):
    return Event(kind=EventKind.CLOSED, happened_at=at(4), document={"outcome": str(outcome)})


def step(card, *events, minute=1.0):
    return next_step(card, state_of(events, at(minute)))


STATES = {
    "nothing happened": ([], State.OPEN),
    "claimed": ([claimed(ANN)], State.CLAIMED),
    "answered and let go": (
        [
            claimed(ANN),
            answered(ANN, ACCEPTED),
            Event(kind=EventKind.LEASE_ENDED, happened_at=at(1), reviewer=ANN),
        ],
        State.ANSWERED,
    ),
    "answered, still held": ([claimed(ANN), answered(ANN, ACCEPTED)], State.CLAIMED),
    "withdrawn": ([answered(ANN, ACCEPTED), changed(ANN, None)], State.OPEN),
    "escalated": ([answered(ANN, UNSURE), escalated()], State.ESCALATED),
    "escalated and claimed": ([escalated(), claimed(BEN)], State.CLAIMED),
    "closed": ([answered(ANN, ACCEPTED), closed(Closing.RELEASED)], State.CLOSED),
}


STORED = {
    CardKind: "held audit honeypot complaint label",
    EventKind: "claimed lease_ended answered escalated changed_mind closed",
    Answer: "reject unsure accept",
    State: "open claimed answered escalated closed",
    Closing: "released refused accepted rejected counted judged_again",
    EscalationCause: "disagreement unsure deadline asked",
    Refusal: "closed own_image held_by_other not_claimed lease_over same_person",
}
"""Rows, ledger entries and programs know these by name."""


@pytest.mark.parametrize("kind", STORED)
def test_names_are_those_that_are_stored(kind):
    assert " ".join(kind) == STORED[kind]


def test_reasons_are_known_by_their_codes():
    codes = "off-prompt malformed unsafe person rights text technical cannot-see other"
    assert " ".join(REASON_CODES) == codes


@pytest.mark.parametrize("kind", CardKind)
def test_only_a_card_that_asks_about_a_label_is_not_about_its_image(kind):
    assert replace(CARD, kind=kind).is_about_image == (str(kind) != "label")


def test_a_card_is_weighed_as_one_where_nothing_is_said():
    assert (CARD.cost, CARD.unmitigated_share) == (1.0, 1.0)


def test_a_card_that_nothing_is_known_of_is_as_likely_bad_as_good_and_has_a_day():
    assert priority(CARD, START) == 0.5
    assert priority(CARD, START + timedelta(hours=24)) == 1.0


def test_an_image_that_waits_for_two_days_goes_to_somebody_else():
    assert REVIEW_WITHIN == timedelta(hours=48)


def test_a_card_needs_two_people_where_it_says_so_but_a_honeypot_one():
    planted = replace(TWO, kind=CardKind.HONEYPOT)
    assert [one.num_needed for one in (CARD, TWO, planted)] == [1, 2, 1]


@pytest.mark.parametrize("name", STATES)
def test_a_card_is_in_the_state_its_events_come_to(name):
    events, state = STATES[name]
    assert state_of(events, at(1)).state is state


STEPS = {
    "6 one accept releases": (CARD, [answered(ANN, ACCEPTED)], Closing.RELEASED),
    "6 one reject refuses": (CARD, [answered(ANN, REJECTED)], Closing.REFUSED),
    "4 one accept of two waits": (TWO, [answered(ANN, ACCEPTED)], None),
    "4 one reject of two waits": (TWO, [answered(ANN, REJECTED)], None),
    "4 one person twice is one": (
        TWO,
        [answered(ANN, REJECTED), changed(ANN, ACCEPTED)],
        None,
    ),
    "6 two accepts release": (
        TWO,
        [answered(ANN, ACCEPTED), answered(BEN, ACCEPTED)],
        Closing.RELEASED,
    ),
    "6 two rejects refuse": (
        TWO,
        [answered(ANN, REJECTED), answered(BEN, REJECTED)],
        Closing.REFUSED,
    ),
    "5 disagreement escalates": (
        TWO,
        [answered(ANN, ACCEPTED), answered(BEN, REJECTED)],
        EscalationCause.DISAGREEMENT,
    ),
    "5 doubt escalates": (CARD, [answered(ANN, UNSURE)], EscalationCause.UNSURE),
    "5 doubt beside an accept escalates": (
        TWO,
        [answered(ANN, ACCEPTED), answered(BEN, UNSURE)],
        EscalationCause.UNSURE,
    ),
    "5 after escalation the earlier answers wait": (
        CARD,
        [answered(ANN, ACCEPTED), escalated()],
        None,
    ),
    "5 a third person decides a disagreement": (
        TWO,
        [answered(ANN, ACCEPTED), answered(BEN, REJECTED), escalated(), answered(CAT, REJECTED)],
        Closing.REFUSED,
    ),
    "5 a third person may release": (
        TWO,
        [answered(ANN, ACCEPTED), answered(BEN, REJECTED), escalated(), answered(CAT, ACCEPTED)],
        Closing.RELEASED,
    ),
    "4 after doubt two are still needed": (
        TWO,
        [answered(ANN, UNSURE), escalated(), answered(BEN, ACCEPTED)],
        None,
    ),
    "5 doubt at the second level escalates again": (
        CARD,
        [answered(ANN, UNSURE), escalated(), answered(BEN, UNSURE)],
        EscalationCause.UNSURE,
    ),
    "9 the changed mind counts": (
        CARD,
        [answered(ANN, REJECTED), changed(ANN, ACCEPTED)],
        Closing.RELEASED,
    ),
    "9 what was withdrawn does not count": (
        TWO,
        [answered(ANN, ACCEPTED), changed(ANN, None), answered(BEN, ACCEPTED)],
        None,
    ),
    "8 a honeypot is counted, accepted": (
        replace(CARD, kind=CardKind.HONEYPOT, truth=REJECTED),
        [answered(ANN, ACCEPTED)],
        Closing.COUNTED,
    ),
    "8 a honeypot is counted, in doubt": (
        replace(CARD, kind=CardKind.HONEYPOT, truth=REJECTED),
        [answered(ANN, UNSURE)],
        Closing.COUNTED,
    ),
    "8 a honeypot of two is counted at one": (
        replace(TWO, kind=CardKind.HONEYPOT, truth=ACCEPTED),
        [answered(ANN, ACCEPTED)],
        Closing.COUNTED,
    ),
    "an audit accepts": (
        replace(CARD, kind=CardKind.AUDIT),
        [answered(ANN, ACCEPTED)],
        Closing.ACCEPTED,
    ),
    "an audit rejects": (
        replace(CARD, kind=CardKind.AUDIT),
        [answered(ANN, REJECTED)],
        Closing.REJECTED,
    ),
    "a complaint is upheld": (
        replace(CARD, kind=CardKind.COMPLAINT),
        [answered(ANN, REJECTED)],
        Closing.REJECTED,
    ),
    "a closed card calls for nothing": (
        CARD,
        [answered(ANN, ACCEPTED), closed(Closing.RELEASED)],
        None,
    ),
}


@pytest.mark.parametrize("name", STEPS)
def test_answers_call_for_one_step(name):
    card, events, expected = STEPS[name]
    found = step(card, *events)
    assert found == Step(
        closing=expected if isinstance(expected, Closing) else None,
        escalation=expected if isinstance(expected, EscalationCause) else None,
    )


REFUSALS = {
    "2 held by somebody else": (CARD, [claimed(ANN)], BEN, Refusal.HELD_BY_OTHER),
    "2 held by oneself": (CARD, [claimed(ANN)], ANN, None),
    "2 the lease is over": (CARD, [claimed(ANN, -16)], BEN, None),
    "2 escalated, so let go of": (CARD, [claimed(ANN), escalated()], BEN, None),
    "3 one's own image": (CARD, [], DAN, Refusal.OWN_IMAGE),
    "3 one's own image, asked for second": (
        replace(CARD, also_asked=frozenset({ANN})),
        [],
        ANN,
        Refusal.OWN_IMAGE,
    ),
    "3 one's own image, working alone": (
        replace(CARD, may_requester_answer=True),
        [],
        DAN,
        None,
    ),
    "3 one's own image where two must agree": (
        replace(TWO, may_requester_answer=True),
        [],
        DAN,
        Refusal.OWN_IMAGE,
    ),
    "closed": (CARD, [closed(Closing.REFUSED)], ANN, Refusal.CLOSED),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_a_person_may_or_may_not_claim(name):
    card, events, reviewer, refusal = REFUSALS[name]
    assert refusal_to_claim(card, state_of(events, at(1)), reviewer) is refusal


def test_an_answer_needs_a_claim():
    assert refusal_to_answer(CARD, state_of([], at(1)), ANN, ACCEPTED) is Refusal.NOT_CLAIMED


@pytest.mark.parametrize(
    ("events", "reviewer", "refusal"),
    [
        ([claimed(ANN), closed(Closing.REFUSED)], ANN, Refusal.CLOSED),
        ([claimed(DAN)], DAN, Refusal.OWN_IMAGE),
        ([claimed(ANN)], BEN, Refusal.HELD_BY_OTHER),
    ],
)
def test_who_may_not_claim_may_not_answer_and_is_told_the_same(events, reviewer, refusal):
    assert refusal_to_answer(CARD, state_of(events, at(1)), reviewer, ACCEPTED) is refusal


def test_a_card_begins_as_one_that_nothing_happened_to():
    assert state_of([], START) == CardState()


LET_GO = {
    "let go": Event(kind=EventKind.LEASE_ENDED, happened_at=at(1), reviewer=ANN),
    "escalated": escalated(),
    "closed": closed(Closing.REFUSED),
}


@pytest.mark.parametrize("name", LET_GO)
def test_nobody_holds_a_card_that_was(name):
    state = state_of([claimed(ANN), LET_GO[name]], at(1))
    assert (state.holder, state.held_until, state.is_held) == (None, None, False)


def test_an_answer_has_the_level_at_which_it_was_given():
    events = [answered(ANN, ACCEPTED), escalated(), answered(BEN, REJECTED), escalated()]
    state = state_of(events, at(5))
    assert [one.level for one in state.answers] == [1, 2]
    assert state.level == 3


def test_why_a_card_was_escalated_last_is_known():
    state = state_of([escalated(EscalationCause.UNSURE), escalated(EscalationCause.ASKED)], at(5))
    assert (state.cause, state.is_deadline_told) == (EscalationCause.ASKED, False)


def test_a_deadline_that_was_told_stays_told():
    state = state_of([escalated(EscalationCause.DEADLINE), escalated()], at(5))
    assert state.is_deadline_told


def test_an_answer_keeps_its_reasons_and_its_seconds():
    given = state_of([answered(ANN, REJECTED, "text", "other")], at(1)).given_by(ANN)
    assert given is not None
    assert (given.reasons, given.seconds) == (("text", "other"), 4.0)


def test_an_answer_of_which_no_more_is_known_has_no_reasons_and_took_no_time():
    document = {"answer": "accept"}
    event = Event(kind=EventKind.ANSWERED, happened_at=START, reviewer=ANN, document=document)
    given = state_of([event], at(1)).given_by(ANN)
    assert given is not None
    assert (given.reasons, given.seconds) == ((), 0.0)


def test_a_changed_mind_brings_its_own_reasons():
    given = state_of([answered(ANN, REJECTED, "text"), changed(ANN, ACCEPTED)], at(1)).given_by(ANN)
    assert given is not None
    assert given.reasons == ()


def test_who_changes_their_mind_leaves_the_answers_of_others():
    events = [answered(ANN, REJECTED), answered(BEN, REJECTED), changed(ANN, ACCEPTED)]
    assert [one.answer for one in state_of(events, at(2)).answers] == [ACCEPTED, REJECTED]


def test_an_answer_that_was_taken_back_does_not_stand():
    state = state_of([answered(ANN, ACCEPTED), changed(ANN, None)], at(2))
    assert state.standing == ()
    assert is_offered(TWO, state, ANN)


def test_a_card_without_a_deadline_is_never_due():
    assert not is_due(CARD, state_of([], at(60)), at(10_000))


def test_a_deadline_before_the_opening_ages_a_card_by_the_minute():
    card = replace(CARD, due_at=START - timedelta(days=1))
    assert priority(card, at(3)) == pytest.approx(0.5 * 4)


def test_an_answer_needs_a_lease_that_runs():
    state = state_of([claimed(ANN)], at(15))
    assert refusal_to_answer(CARD, state, ANN, ACCEPTED) is Refusal.LEASE_OVER


def test_a_lease_runs_until_its_last_moment():
    state = state_of([claimed(ANN)], at(15) - timedelta(microseconds=1))
    assert refusal_to_answer(CARD, state, ANN, ACCEPTED) is None


def test_the_same_person_cannot_be_the_second():
    state = state_of([answered(ANN, ACCEPTED), claimed(ANN)], at(1))
    assert refusal_to_answer(TWO, state, ANN, ACCEPTED) is Refusal.SAME_PERSON


def test_the_same_answer_again_is_taken_where_nobody_else_is_needed():
    state = state_of([answered(ANN, ACCEPTED), claimed(ANN)], at(1))
    assert refusal_to_answer(CARD, state, ANN, ACCEPTED) is None


@pytest.mark.parametrize("kind", CardKind)
def test_a_card_that_nobody_answered_calls_for_nothing(kind):
    assert step(replace(CARD, kind=kind), claimed(ANN)) == Step()


@pytest.mark.parametrize("name", REFUSALS)
def test_the_queue_offers_nothing_that_may_not_be_claimed(name):
    card, events, reviewer, refusal = REFUSALS[name]
    assert is_offered(card, state_of(events, at(1)), reviewer) is (refusal is None)


def test_the_same_person_may_change_their_mind():
    state = state_of([answered(ANN, ACCEPTED), claimed(ANN)], at(1))
    assert refusal_to_answer(TWO, state, ANN, REJECTED) is None


def test_the_queue_does_not_offer_a_card_to_who_has_answered_it():
    state = state_of([answered(ANN, ACCEPTED)], at(1))
    assert (is_offered(TWO, state, ANN), is_offered(TWO, state, BEN)) == (False, True)


def test_the_queue_offers_an_answer_that_was_never_confirmed_to_its_giver():
    assert is_offered(CARD, state_of([answered(ANN, ACCEPTED)], at(60)), ANN)


def test_the_first_answer_is_kept_beside_the_changed_one():
    given = state_of([answered(ANN, REJECTED), changed(ANN, ACCEPTED)], at(1)).given_by(ANN)
    assert given is not None
    assert (given.first, given.answer) == (REJECTED, ACCEPTED)


def test_a_card_is_due_when_its_deadline_has_come():
    card = replace(CARD, due_at=at(60))
    state = state_of([], at(60))
    assert (is_due(card, state, at(59)), is_due(card, state, at(60))) == (False, True)


def test_a_deadline_is_told_once():
    card = replace(CARD, due_at=at(60))
    state = state_of([escalated(EscalationCause.DEADLINE)], at(61))
    assert not is_due(card, state, at(61))


def test_a_closed_card_is_not_due():
    card = replace(CARD, due_at=at(60))
    assert not is_due(card, state_of([closed(Closing.REFUSED)], at(61)), at(61))


def test_a_honeypot_is_never_due():
    card = replace(CARD, due_at=at(60), kind=CardKind.HONEYPOT, truth=ACCEPTED)
    assert not is_due(card, state_of([], at(61)), at(61))


def test_priority_follows_probability_cost_share_and_minutes():
    card = replace(CARD, probability_bad=0.4, cost=10.0, unmitigated_share=0.5)
    assert priority(card, START, expected_minutes=2.0) == pytest.approx(1.0)


def test_priority_grows_with_age_over_the_time_given():
    card = replace(CARD, due_at=at(60))
    assert priority(card, at(120)) == pytest.approx(3 * priority(card, START))


def test_a_card_that_is_surely_good_comes_to_the_front_in_the_end():
    sure, fresh = replace(CARD, probability_bad=0.0), replace(CARD, opened_at=at(1e6))
    assert priority(sure, at(1e6)) > priority(fresh, at(1e6))


def test_a_clock_that_jumped_back_ages_nothing():
    assert priority(CARD, at(-600)) == priority(CARD, START)


EVENTS = st.lists(
    st.one_of(
        st.builds(answered, st.sampled_from([ANN, BEN, CAT]), st.sampled_from(list(Answer))),
        st.builds(claimed, st.sampled_from([ANN, BEN, CAT])),
        st.builds(escalated, st.sampled_from(list(EscalationCause))),
    ),
    max_size=8,
)


@given(events=EVENTS, minutes=st.integers(0, 10**7), card=st.sampled_from([CARD, TWO]))
def test_time_alone_never_changes_what_the_answers_call_for(events, minutes, card):
    assert step(card, *events, minute=minutes) == step(card, *events, minute=0)


@given(events=EVENTS, card=st.sampled_from([CARD, TWO]))
def test_a_release_has_all_the_accepts_it_needs_and_the_last_level_agrees(events, card):
    state = state_of(events, at(1))
    if next_step(card, state).closing is Closing.RELEASED:
        accepts = [one for one in state.standing if one.answer is ACCEPTED]
        assert len(accepts) >= card.num_needed
        assert {one.answer for one in state.standing if one.level == state.level} == {ACCEPTED}


@given(events=EVENTS)
def test_a_honeypot_never_decides_about_an_image(events):
    card = replace(CARD, kind=CardKind.HONEYPOT, truth=ACCEPTED)
    assert step(card, *events).closing in (None, Closing.COUNTED)
