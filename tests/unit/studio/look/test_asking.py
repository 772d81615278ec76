"""Facts of asking people about what labels are unsure of."""

from datetime import timedelta

import pytest
from streams import BEGAN, add_kept

from limner.core.deciding import Outcome
from limner.core.errors import BadInput
from limner.core.learnt import LearntKind
from limner.core.looking import LabelFound
from limner.store.reviews import find_cards, open_card
from limner.studio import review
from limner.studio.edge_cases import edge_cases
from limner.studio.look.asking import Desk, answered_of, unsure_among
from limner.studio.review_statistics import review_statistics


def unsure_of(*labels):
    return tuple(LabelFound(one, "0123", 0.6, "unsure") for one in labels)


def asked(studio, image_id, *labels, most=20):
    """Ask about labels as a run does; those that were asked about."""
    parts = studio.parts
    desk = Desk(parts, most)
    found = desk.to_ask(image_id, unsure_of(*labels))
    now = parts.read_clock()
    with parts.store.looks.writing(now) as writing:
        desk.ask(writing.connection, image_id, found, now)
    return [one.label for one in found]


@pytest.fixture
def image_id(studio):
    return add_kept(studio, outcome=Outcome.RELEASED)


def answered(studio, answer, reviewer="rob"):
    view = review.next_card(studio.parts, reviewer)
    return review.answer_card(studio.parts, view.card.card_id, reviewer, answer)


def names_of(studio, label):
    return [[one.name for one in side] for side in answered_of(studio.parts, label)]


def test_an_answer_needs_no_reason_and_decides_nothing(studio, image_id):
    asked(studio, image_id, "cup")
    view = answered(studio, "reject")
    assert view.state.closing == "rejected"
    assert view.results == ()
    assert studio.parts.store.last_decision(image_id).decision.outcome is Outcome.RELEASED


@pytest.mark.parametrize(("answer", "sides"), [("accept", [1, 0]), ("reject", [0, 1])])
def test_what_people_answer_is_there_to_learn_from(studio, image_id, answer, sides):
    asked(studio, image_id, "cup", "dented")
    first = answered(studio, answer)
    other = "cup" if first.card.label == "dented" else "dented"
    assert [len(one) for one in names_of(studio, first.card.label)] == sides
    assert names_of(studio, other) == [[], []]


def test_who_cannot_tell_sends_it_to_somebody_else(studio, image_id):
    asked(studio, image_id, "cup")
    assert answered(studio, "unsure").state.level == 2
    assert names_of(studio, "cup") == [[], []]


def test_a_picture_is_asked_about_once_for_each_label(studio, image_id):
    assert asked(studio, image_id, "cup") == ["cup"]
    assert asked(studio, image_id, "cup", "dented") == ["dented"]
    answered(studio, "accept")
    assert asked(studio, image_id, "cup", "dented") == []


def test_no_more_cards_wait_than_may(studio, image_id):
    assert asked(studio, image_id, "cup", most=1) == ["cup"]
    assert asked(studio, "sha256:other", "cup", most=1) == []
    answered(studio, "accept")
    assert asked(studio, "sha256:other", "cup", most=1) == ["cup"]
    assert asked(studio, "sha256:third", "cup", most=0) == []


def test_what_was_answered_before_a_name_was_forgotten_is_about_another_label(studio, image_id):
    asked(studio, image_id, "cup")
    answered(studio, "accept")
    forgotten_at = studio.parts.read_clock() + timedelta(seconds=1)
    studio.parts.store.learnt.add(LearntKind.LABEL, "cup", {}, b"", forgotten_at)
    assert names_of(studio, "cup") == [[], []]


def test_a_card_about_an_erased_picture_keeps_no_other_from_being_asked_about(studio, image_id):
    asked(studio, image_id, "cup", most=1)
    studio.parts.store.looks.erase(image_id, reason="test", recorded_at=BEGAN)
    assert asked(studio, "sha256:other", "cup", most=1) == ["cup"]


def test_an_erased_picture_teaches_nothing(studio, image_id):
    asked(studio, image_id, "cup")
    answered(studio, "accept")
    studio.parts.store.looks.erase(image_id, reason="test", recorded_at=BEGAN)
    assert names_of(studio, "cup") == [[], []]


def test_labels_are_no_part_of_what_is_told_of_images(studio, image_id):
    asked(studio, image_id, "cup")
    for reviewer in ("rob", "eve"):
        answered(studio, "unsure", reviewer)
    assert review_statistics(studio.parts).agreement.num == 0
    assert edge_cases(studio.parts) == []


def test_held_images_come_first(studio, image_id):
    asked(studio, image_id, "cup")
    now = studio.parts.read_clock()
    document = {
        "question": "May it leave?",
        "requester": None,
        "impact": None,
        "needs_second": False,
        "due_at": None,
        "reasons": [],
    }
    with studio.parts.store.reviews.writing(now) as connection:
        open_card(connection, image_id=image_id, kind="held", opened_at=now, document=document)
        with pytest.raises(BadInput, match="cards of the kind 'label' have one"):
            open_card(connection, image_id=image_id, kind="label", opened_at=now, document=document)
        assert len(find_cards(connection, kind="label")) == 1
    assert review.next_card(studio.parts, "rob").card.kind == "held"


def test_only_taught_labels_are_asked_about():
    sure = LabelFound("cup", "0123", 0.9, "yes")
    assert unsure_among((sure, *unsure_of("cup", "a red door")), ["cup"]) == unsure_of("cup")
