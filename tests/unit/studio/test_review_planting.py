"""Honeypots of past cards: what two judgements agreed on, for people who never saw the image."""

from dataclasses import replace
from datetime import timedelta

import pytest
from pages.cards import hold

from limner.core.reviewing import Answer, CardKind
from limner.studio import review
from limner.studio.review_planting import settled_cards
from limner.studio.review_statistics import review_statistics


@pytest.fixture
def parts(studio):
    """Everything that may be planted is."""
    criteria = studio.parts.judge.criteria
    audit = replace(criteria.audit, honeypots=1.0)
    judge = replace(studio.parts.judge, criteria=replace(criteria, audit=audit))
    object.__setattr__(studio.parts, "judge", judge)
    return studio.parts


@pytest.fixture
def images(studio):
    return [one.image_id for one in studio.generate("a fox", n=2, seed=1)]


def answered(parts, card_id, *people, answer="accept"):
    reasons = [] if answer == "accept" else ["technical"]
    for name in people:
        review.claim(parts, card_id, name)
        review.answer_card(parts, card_id, name, answer, reasons=reasons)


def settled(parts, name="eve"):
    with parts.store.reviews.writing(parts.read_clock()) as connection:
        reviewer = review.commitment_of(connection, name)
        return {
            (one.card.image_id, str(one.truth))
            for one in settled_cards(connection, reviewer, parts.read_clock())
        }


@pytest.mark.parametrize("answer", ["accept", "reject"])
def test_what_two_people_agreed_on_measures_a_third(studio, parts, images, answer):
    first, other = images
    answered(parts, hold(studio, first, needs_second=True), "ann", "ben", answer=answer)
    waiting = hold(studio, other)
    given = review.next_card(parts, "eve")
    assert (given.card.image_id, given.card.kind) == (first, CardKind.HONEYPOT)
    assert given.card.truth is Answer(answer)
    review.answer_card(parts, given.card.card_id, "eve", "accept")
    eve = next(one for one in review_statistics(parts).reviewers if one.name == "eve")
    figure = eve.detection.false_alarm_rate if answer == "accept" else eve.detection.hit_rate
    assert (figure.value, figure.num) == (0.0, 1)
    assert review.next_card(parts, "eve").card.card_id == waiting


def test_what_a_rule_released_and_its_auditor_accepted_is_settled(studio, parts, images):
    card_id = audit_card(parts, images[0])
    answered(parts, card_id, "ann")
    assert settled(parts) == {(images[0], "accept")}


def test_what_one_person_alone_said_is_not_settled(studio, parts, images):
    answered(parts, hold(studio, images[0]), "ann")
    assert settled(parts) == set()


def test_an_auditor_who_overrules_settles_nothing(studio, parts, images):
    answered(parts, audit_card(parts, images[0]), "ann", answer="reject")
    assert settled(parts) == set()


def test_who_judged_or_asked_for_an_image_is_not_measured_with_it(studio, parts, images):
    card_id = hold(studio, images[0], needs_second=True, requester="dana")
    answered(parts, card_id, "ann", "ben")
    assert settled(parts, "ann") == settled(parts, "dana") == set()
    assert settled(parts, "eve") == {(images[0], "accept")}


def test_a_complaint_unsettles(studio, parts, images):
    answered(parts, hold(studio, images[0], needs_second=True), "ann", "ben")
    review.complain(parts, images[0], "rights")
    assert settled(parts) == set()


def test_an_image_that_was_refused_since_is_not_planted_as_right_to_accept(studio, parts, images):
    answered(parts, hold(studio, images[0], needs_second=True), "ann", "ben")
    answered(parts, hold(studio, images[0], needs_second=True), "ann", "ben", answer="reject")
    assert settled(parts) == set()


def test_nothing_is_planted_where_nothing_else_waits(studio, parts, images):
    answered(parts, hold(studio, images[0], needs_second=True), "ann", "ben")
    assert review.next_card(parts, "eve") is None


def test_criteria_that_ask_for_none_get_none(studio, images):
    parts = studio.parts
    answered(parts, hold(studio, images[0], needs_second=True), "ann", "ben")
    waiting = hold(studio, images[1])
    for _ in range(5):
        assert review.next_card(parts, "eve").card.card_id == waiting
        review.release_card(parts, waiting, "eve")


def audit_card(parts, image_id):
    now = parts.read_clock()
    document = {
        "question": "Is it fine?", "requester": "dana", "impact": None, "needs_second": False,
        "due_at": (now + timedelta(days=1)).isoformat(), "reasons": [],
    }  # fmt: skip
    return review.ask(parts, image_id, CardKind.AUDIT, document)
