"""Gains and costs: counted from what is stored, and held against goals."""

from dataclasses import replace
from datetime import timedelta

import pytest

from limner.core.deciding import Decision, Outcome
from limner.core.errors import BadInput
from limner.core.records import Request
from limner.store.judgements import add_judgement
from limner.studio.gains import gains
from limner.studio.generate import generate

GOALS = """\
format: limner.goals/1
goals:
  - {text: Fewer drafts, owner: Ada, measure: revisions, at_most: 2, by: 2026-06-30}
  - {text: No recalls, owner: Bo, measure: errors, at_most: 0, by: 2026-06-30}
  - {text: Fewer drafts of posters, owner: Bo, measure: revisions, at_most: 2, by: 2026-06-30,
     project: posters}
"""
HELD = Decision(
    outcome=Outcome.HELD,
    reasons=(),
    criteria_sha256=None,
    impact=None,
    audit_probability=1.0,
    is_audited=False,
    needs_second=False,
)


@pytest.fixture
def drawn(registry):
    """Draw one: its image_id; every picture half a minute after the last."""

    def draw(seed: int) -> str:
        registry.now += timedelta(seconds=30)
        (image,) = generate(registry.parts, Request(prompt="a fox", seed=seed), "png")
        return image.image_id

    return draw


@pytest.fixture
def decide(registry):
    """Decide about an image in the name of a person."""

    def decide(image_id: str, outcome: Outcome) -> None:
        registry.now += timedelta(minutes=2)
        with registry.parts.store.reviews.writing(registry.now) as connection:
            add_judgement(
                connection,
                image_id,
                [],
                replace(HELD, outcome=outcome),
                decided_by="person",
                now=registry.now,
            )

    return decide


def test_nothing_was_counted_where_nothing_was_drawn(registry):
    found = gains(registry.parts)
    assert (found.whole.num_drawn, found.whole.revisions.value, found.months) == (0, None, ())


def test_revisions_are_images_drawn_for_one_that_is_accepted(registry, drawn, decide):
    ids = [drawn(seed) for seed in range(4)]
    for image_id in ids[:3]:
        decide(image_id, Outcome.HELD)
    found = gains(registry.parts).whole
    assert (found.num_drawn, found.num_accepted, found.revisions.value) == (4, 1, 4.0)


def test_time_to_an_accepted_image_ends_with_the_release_that_holds(registry, drawn, decide):
    image_id = drawn(1)
    decide(image_id, Outcome.HELD)
    decide(image_id, Outcome.RELEASED)
    assert gains(registry.parts).whole.minutes_to_accepted == 4.0


def test_an_error_found_later_was_released_first_and_refused_by_a_person(registry, drawn, decide):
    first, second, _ = (drawn(seed) for seed in range(3))
    decide(first, Outcome.REFUSED)
    decide(second, Outcome.HELD)
    found = gains(registry.parts).whole
    assert (found.num_errors, found.num_accepted) == (1, 1)
    assert found.error_cost > 0


def test_months_are_told_apart(registry, drawn):
    drawn(1)
    registry.now += timedelta(days=31)
    drawn(2)
    assert [one.name for one in gains(registry.parts).months] == ["2026-01", "2026-02"]
    assert gains(registry.parts, registry.now - timedelta(days=1)).whole.num_drawn == 1


def test_a_project_is_a_board(registry, drawn):
    ids = [drawn(seed) for seed in range(3)]
    boards = registry.parts.store.boards
    board = boards.create("dana", "posters", registry.now)
    boards.put("dana", board.board_id, ids[:2], registry.now)
    (found,) = gains(registry.parts).projects
    assert (found.name, found.num_drawn) == ("posters", 2)


def test_goals_are_met_not_met_or_not_measured(registry, drawn, decide):
    (registry.home / "goals.yaml").write_text(GOALS)
    decide(drawn(1), Outcome.REFUSED)
    drawn(2)
    found = gains(registry.parts).goals
    assert [one.is_met for one in found] == [True, False, None]
    assert "Goal of Bo by 2026-06-30: No recalls (errors at most 0, measured 1.00): not met." in [
        one.sentence for one in found
    ]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("measure: errors", "measure: joy", "measure"),
        ("at_most: 0", "at_most: -1", "at_most"),
        ("limner.goals/1", "limner.goals/2", "format"),
        ("owner: Ada, ", "", "owner"),
    ],
)
def test_goals_with_a_fault_are_refused_in_one_sentence(registry, old, new, told):
    (registry.home / "goals.yaml").write_text(GOALS.replace(old, new))
    with pytest.raises(BadInput, match=told):
        gains(registry.parts)
