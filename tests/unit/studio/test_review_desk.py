"""The desk of one reviewer: answers that may be undone, and a queue that gives nothing away."""

from datetime import timedelta

import pytest
from pages.cards import hold, takers_of

from limner.core.deciding import Outcome
from limner.core.errors import BadInput
from limner.core.reviewing import Answer
from limner.studio import review, review_desk
from limner.studio.review_desk import UNDO, answer_on_desk, open_desk, take, take_effect, undo


@pytest.fixture
def clock(studio):
    """Time that goes on when a test says so: ``clock(seconds=3)``."""
    now = studio.parts.read_clock()

    def go_on(**span):
        nonlocal now
        now += timedelta(**span)

    object.__setattr__(studio.parts, "read_clock", lambda: now)
    return go_on


@pytest.fixture
def held(studio, clock):
    """Hold pictures: ``held(2)`` gives their cards' ids, the most urgent first."""

    def make(num=1, **card):
        images = studio.generate("a fox", n=num, seed=1)
        return [
            hold(studio, one.image_id, due_in=timedelta(hours=1 + k), cost=10.0 - k, **card)
            for k, one in enumerate(images)
        ]

    return make


def outcome(studio, card_id):
    image_id = review.show_card(studio.parts, card_id, "rob").card.image_id
    return studio.parts.store.last_decision(image_id).decision.outcome


def test_the_most_urgent_card_is_in_front(studio, held):
    first, second = held(2)
    desk = open_desk(studio.parts, "rob")
    assert (desk.card.card.card_id, desk.following) == (first, second)


def test_an_answer_is_on_record_at_once(studio, held):
    (card_id,) = held()
    open_desk(studio.parts, "rob")
    desk = answer_on_desk(studio.parts, card_id, "rob", "accept")
    assert (desk.last.own, outcome(studio, card_id)) == (Answer.ACCEPT, Outcome.HELD)


def test_it_takes_effect_when_the_desk_is_seen_after_the_time_to_undo(studio, held, clock):
    (card_id,) = held()
    open_desk(studio.parts, "rob")
    answer_on_desk(studio.parts, card_id, "rob", "accept")
    clock(seconds=UNDO.total_seconds())
    assert open_desk(studio.parts, "rob").last is None
    assert outcome(studio, card_id) is Outcome.RELEASED


def test_it_takes_effect_with_the_next_answer(studio, held, clock):
    first, second = held(2)
    open_desk(studio.parts, "rob")
    answer_on_desk(studio.parts, first, "rob", "accept")
    clock(seconds=1)
    answer_on_desk(studio.parts, second, "rob", "reject", reasons=["technical"])
    assert outcome(studio, first) is Outcome.RELEASED
    assert outcome(studio, second) is Outcome.HELD


def test_leaving_lets_every_answer_take_effect(studio, held):
    (card_id,) = held()
    open_desk(studio.parts, "rob")
    answer_on_desk(studio.parts, card_id, "rob", "reject", reasons=["unsafe"])
    assert take_effect(studio.parts, "rob") == ()
    assert outcome(studio, card_id) is Outcome.REFUSED


def test_the_end_of_one_cards_time_leaves_the_next_to_be_undone(studio, held):
    first, second = held(2)
    open_desk(studio.parts, "rob")
    answer_on_desk(studio.parts, first, "rob", "accept")
    answer_on_desk(studio.parts, second, "rob", "accept")
    assert take_effect(studio.parts, "rob", first) == ()
    assert (outcome(studio, first), outcome(studio, second)) == (Outcome.RELEASED, Outcome.HELD)
    assert take_effect(studio.parts, "rob", second) == ()
    assert outcome(studio, second) is Outcome.RELEASED


def test_what_was_undone_comes_first_and_shows_the_scores(studio, held):
    first, second = held(2)
    open_desk(studio.parts, "rob")
    answer_on_desk(studio.parts, first, "rob", "accept")
    desk = undo(studio.parts, first, "rob", front=second)
    assert (desk.card.card.card_id, desk.card.is_revealed) == (first, True)


def test_undoing_lets_go_of_the_card_in_front(studio, held):
    first, second = held(2)
    open_desk(studio.parts, "rob")
    answer_on_desk(studio.parts, first, "rob", "accept")
    undo(studio.parts, first, "rob", front=second)
    assert open_desk(studio.parts, "ruth").card.card.card_id == second


def test_undoing_keeps_the_first_answer(studio, held):
    (card_id,) = held()
    open_desk(studio.parts, "rob")
    answer_on_desk(studio.parts, card_id, "rob", "accept")
    state = undo(studio.parts, card_id, "rob").card.state
    assert (state.answers[0].first, state.answers[0].answer) == (Answer.ACCEPT, None)


def test_what_has_taken_effect_is_not_undone(studio, held):
    (card_id,) = held()
    open_desk(studio.parts, "rob")
    answer_on_desk(studio.parts, card_id, "rob", "accept")
    take_effect(studio.parts, "rob")
    with pytest.raises(BadInput, match="is closed"):
        undo(studio.parts, card_id, "rob")


def test_a_refused_answer_leaves_the_one_before_to_be_undone(studio, held):
    first, second = held(2)
    open_desk(studio.parts, "rob")
    answer_on_desk(studio.parts, first, "rob", "accept")
    with pytest.raises(BadInput, match="needs a reason"):
        answer_on_desk(studio.parts, second, "rob", "reject")
    assert outcome(studio, first) is Outcome.HELD


def test_a_second_person_is_needed_where_the_card_says_so(studio, held):
    (card_id,) = held(needs_second=True)
    open_desk(studio.parts, "rob")
    answer_on_desk(studio.parts, card_id, "rob", "accept")
    take_effect(studio.parts, "rob")
    desk = open_desk(studio.parts, "rob")
    assert (desk.card, desk.queue[0].is_answered, desk.num_of_others) == (None, True, 1)
    assert open_desk(studio.parts, "ruth").card.card.card_id == card_id


def test_a_card_passed_on_is_not_given_again(studio, held):
    first, second = held(2)
    review.release_card(studio.parts, first, "rob")
    assert open_desk(studio.parts, "rob", passed=[first]).card.card.card_id == second


def test_taking_a_card_lets_go_of_the_one_in_front(studio, held):
    first, second = held(2)
    open_desk(studio.parts, "rob")
    assert take(studio.parts, second, "rob", front=first).card.card.card_id == second
    assert open_desk(studio.parts, "ruth").card.card.card_id == first


def test_a_planted_card_is_neither_counted_nor_listed(studio, held):
    held()
    image_id = studio.generate("a bear", seed=9)[0].image_id
    planted = review.plant(studio.parts, image_id, "reject")
    desk = open_desk(studio.parts, "rob")
    listed = {one.card.card_id for one in desk.queue} | {desk.following}
    assert planted not in listed
    assert desk.num_waiting == (desk.card.card.card_id == planted)  # the one that is real


def test_nothing_waits_where_only_planted_cards_are(studio, clock):
    image_id = studio.generate("a bear", seed=9)[0].image_id
    review.plant(studio.parts, image_id, "reject")
    desk = open_desk(studio.parts, "rob")
    assert (desk.card, desk.queue, desk.following) == (None, (), None)


def test_why_a_card_was_escalated_is_known(studio, held, clock):
    (card_id,) = held()
    clock(hours=2)
    assert open_desk(studio.parts, "rob").card.state.cause == "deadline"
    assert review_desk.open_desk(studio.parts, "rob").card.card.card_id == card_id


def test_of_two_reviewers_who_take_one_card_at_the_same_moment_one_gets_it(studio, held):
    (card_id,) = held()
    assert takers_of(studio.parts, card_id, ("rob", "ann")) == 1
