"""The suite of incoming pictures: each is drawn once, changed, and judged again."""

from datetime import date

import numpy as np
import pytest

from limner.core.judging import Verdict
from limner.evals.arriving import ARRIVALS
from limner.evals.specification import Asked
from limner.evals.suite import Case, Suite, Way
from limner.studio import eval_drawing
from limner.studio.eval_judging import Checks
from limner.studio.eval_runs import begin_run, draw_run, score_run

WAYS = tuple(way for way in Way if way in ARRIVALS)
SUITE = Suite(
    name="own",
    version="1",
    question="Does it say the same?",
    owner="Design",
    review_by=date(2027, 1, 1),
    seeds=(5, 9),
    checks=("integrity", "count", *(f"same-{way}" for way in WAYS)),
    aspects={},
    ways=WAYS,
    cases=(
        Case(id="one", asked=Asked(prompt="one thing", concept="x", count=1)),
        Case(id="two", asked=Asked(prompt="two things", concept="x", count=2)),
    ),
)


@pytest.fixture
def run(studio):
    checks = Checks(studio.parts)
    begun = begin_run(studio.parts, SUITE, checks)
    return begun, draw_run(studio.parts, begun, checks)


def test_pictures_are_drawn_once_and_stored_in_every_way(studio, run):
    pictures = studio.parts.store.runs.pictures(run[0].run_id)
    assert len(pictures) == SUITE.num_pictures == 2 * 2 * 6
    records = [studio.parts.store.image_by_id(one.image_id) for one in pictures]
    told = [any("Changed as pictures" in line for line in one.recipe.notices) for one in records]
    assert told == [bool(one.spot.way) for one in pictures]


def test_other_checks_are_asked_of_the_pictures_as_drawn_alone(run):
    found = {one.check: one.estimate.num for one in run[1]}
    assert found["integrity"] == 4
    assert {found[f"same-{way}"] for way in WAYS} == {4}


def test_judging_again_gives_the_same(studio, run):
    rescored = score_run(studio.parts, run[0], Checks(studio.parts))
    assert (rescored.num_changed, rescored.num_lost) == (0, 0)
    assert rescored.num_scores > 0


def test_a_verdict_that_is_another_is_told_by_name(studio, monkeypatch):
    """A picture that comes in as one flat colour is no whole picture any more."""
    monkeypatch.setattr(
        eval_drawing, "arrived", lambda image_HWC, way: np.full_like(image_HWC, 255)
    )
    monkeypatch.setattr(eval_drawing, "require_sound", lambda drawn, canvas: None)
    checks = Checks(studio.parts)
    begun = begin_run(studio.parts, SUITE, checks)
    draw_run(studio.parts, begun, checks)
    said = [
        one for one in studio.parts.store.runs.scores(begun.run_id) if one.check.startswith("same-")
    ]
    assert {one.verdict for one in said} == {Verdict.FAIL}
    assert {one.details["integrity"] for one in said} == {"pass -> fail"}
