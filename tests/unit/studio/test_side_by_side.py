"""Blind side-by-side: what is shown, in which order, and the ranking that follows."""

from collections import Counter
from dataclasses import fields
from datetime import date

import numpy as np
import pytest

from limner.core.errors import BadInput
from limner.core.studies import Choice, PairKind
from limner.evals.specification import Asked
from limner.evals.suite import Case, Suite
from limner.studio.eval_judging import Checks
from limner.studio.eval_runs import begin_run, draw_run
from limner.studio.side_by_side import (
    ShownPair,
    answer_pair,
    next_pair,
    open_study,
    plan_pairs,
    standing_of,
)

SHARED = [(f"case-{k}", (5, 9, 11, 12)) for k in range(20)]
RUNS = ("run-a", "run-b")
RNG = np.random.default_rng


def suite(name: str = "own", num_cases: int = 4) -> Suite:
    return Suite(
        name=name,
        version="1",
        question="Which is better?",
        owner="Design",
        review_by=date(2027, 1, 1),
        seeds=(5, 9),
        checks=("integrity",),
        aspects={},
        ways=(),
        cases=tuple(
            Case(id=f"case-{k}", asked=Asked(prompt=f"thing {k}")) for k in range(num_cases)
        ),
    )


def run_whole(studio, asked: Suite):
    checks = Checks(studio.parts)
    run = begin_run(studio.parts, asked, checks)
    draw_run(studio.parts, run, checks)
    return run


@pytest.fixture
def runs(studio):
    return run_whole(studio, suite()), run_whole(studio, suite())


@pytest.fixture
def study(studio, runs):
    return open_study(studio.parts, *runs, num_pairs=8)


def kinds_of(pairs) -> Counter[PairKind]:
    return Counter(one.kind for one in pairs)


def answer_by_run(studio, study, run_id: str, name: str) -> None:
    """Have a person prefer the pictures of one run, and the left of two by the same."""
    while (shown := next_pair(studio.parts, study, name)) is not None:
        pair = study.pairs[shown.number]
        choice = Choice.LEFT if pair.left.run_id == run_id else Choice.RIGHT
        answer_pair(studio.parts, study, shown.number, choice, name=name, seconds=1.0)


def test_as_many_pairs_are_planned_as_asked_and_every_eighth_comes_again():
    kinds = kinds_of(plan_pairs(SHARED, RUNS, 40, RNG(0)))
    assert kinds == {PairKind.PAIR: 40, PairKind.REPEAT: 5, PairKind.SAME_MODEL: 5}


def test_the_same_chance_plans_the_same_pairs():
    assert plan_pairs(SHARED, RUNS, 40, RNG(3)) == plan_pairs(SHARED, RUNS, 40, RNG(3))


def test_pairs_are_numbered_in_the_order_they_are_shown():
    pairs = plan_pairs(SHARED, RUNS, 40, RNG(0))
    assert [one.number for one in pairs] == list(range(len(pairs)))


def test_every_prompt_comes_once_before_any_comes_again():
    pairs = plan_pairs(SHARED, RUNS, 20, RNG(0))
    asked = [one.case_id for one in pairs if one.kind is PairKind.PAIR]
    assert sorted(asked) == sorted(case_id for case_id, _ in SHARED)


def test_the_two_pictures_of_a_pair_have_one_seed():
    pairs = plan_pairs(SHARED, RUNS, 40, RNG(0))
    assert all(one.left.seed == one.right.seed for one in pairs if one.kind is PairKind.PAIR)


def test_a_pair_of_one_model_has_two_different_pictures():
    pairs = [one for one in plan_pairs(SHARED, RUNS, 40, RNG(0)) if one.kind is PairKind.SAME_MODEL]
    assert all(one.left.run_id == one.right.run_id and one.left != one.right for one in pairs)


def test_a_repeat_shows_its_pair_the_other_way_round_and_later():
    pairs = plan_pairs(SHARED, RUNS, 40, RNG(0))
    repeats = [one for one in pairs if one.repeats is not None]
    firsts = [pairs[one.repeats] for one in repeats]
    assert [(one.left, one.right) for one in repeats] == [(one.right, one.left) for one in firsts]
    assert all(
        first.number + 20 <= again.number for first, again in zip(firsts, repeats, strict=True)
    )


def test_neither_run_is_mostly_on_one_side():
    shared = [(f"case-{k}", (5,)) for k in range(400)]
    pairs = [one for one in plan_pairs(shared, RUNS, 400, RNG(0)) if one.kind is PairKind.PAIR]
    assert 160 < sum(one.left.run_id == "run-a" for one in pairs) < 240  # 4 standard deviations


def test_fewer_pictures_than_asked_give_fewer_pairs():
    kinds = kinds_of(plan_pairs(SHARED[:2], RUNS, 40, RNG(0)))
    assert kinds[PairKind.PAIR] == 8


def test_with_one_seed_no_model_stands_against_itself():
    shared = [(f"case-{k}", (5,)) for k in range(8)]
    assert kinds_of(plan_pairs(shared, RUNS, 8, RNG(0)))[PairKind.SAME_MODEL] == 0


def test_what_is_shown_tells_no_model_no_run_and_no_seed(studio, study, runs):
    shown = next_pair(studio.parts, study, "Ada")
    assert {one.name for one in fields(ShownPair)} == {
        "study_id",
        "number",
        "prompt",
        "num_left",
        "left_HWC",
        "right_HWC",
    }
    assert not any(run.run_id in str(shown) for run in runs)


def test_a_shown_pair_has_its_prompt_and_two_pictures(studio, study):
    shown = next_pair(studio.parts, study, "Ada")
    assert shown.prompt == f"thing {study.pairs[0].case_id.removeprefix('case-')}"
    assert (shown.left_HWC.shape, shown.right_HWC.dtype) == ((64, 64, 4), np.uint8)
    assert shown.left_HWC[..., 3].min() == 255


def test_the_next_pair_is_the_first_that_this_person_has_not_answered(studio, study):
    answer_pair(studio.parts, study, 0, Choice.TIE, name="Ada", seconds=1.0)
    numbers = [next_pair(studio.parts, study, name).number for name in ("Ada", "Bo")]
    assert numbers == [1, 0]


def test_a_pair_whose_picture_was_erased_is_passed_over(studio, study):
    parts, pair = studio.parts, study.pairs[0]
    image_id = parts.store.runs.image_at(pair.left.run_id, pair.case_id, pair.left.seed)
    parts.store.erase_image(image_id, reason="person_asked", recorded_at=parts.read_clock())
    shown = next_pair(parts, study, "Ada")
    assert shown.number > 0
    assert image_id not in {
        parts.store.runs.image_at(side.run_id, study.pairs[shown.number].case_id, side.seed)
        for side in (study.pairs[shown.number].left, study.pairs[shown.number].right)
    }


def test_when_everything_is_answered_there_is_no_next_pair(studio, study, runs):
    answer_by_run(studio, study, runs[0].run_id, "Ada")
    assert next_pair(studio.parts, study, "Ada") is None


def test_nobody_answers_a_pair_twice(studio, study):
    answer_pair(studio.parts, study, 0, Choice.LEFT, name="Ada", seconds=1.0)
    with pytest.raises(BadInput, match="answered by you before"):
        answer_pair(studio.parts, study, 0, Choice.RIGHT, name="Ada", seconds=1.0)


@pytest.mark.parametrize("number", [-1, 400])
def test_a_pair_that_is_not_there_cannot_be_answered(studio, study, number):
    with pytest.raises(BadInput, match=f"has no pair {number}"):
        answer_pair(studio.parts, study, number, Choice.LEFT, name="Ada", seconds=1.0)


def test_two_runs_have_one_study_that_is_gone_on_with(studio, runs, study):
    assert open_study(studio.parts, *runs) == study


def test_another_study_is_begun_when_asked(studio, runs, study):
    assert open_study(studio.parts, *runs, is_new=True).study_id != study.study_id


def test_a_run_is_not_laid_beside_itself(studio, runs):
    with pytest.raises(BadInput, match="two different runs are needed"):
        open_study(studio.parts, runs[0], runs[0])


def test_runs_of_other_suites_are_not_laid_beside_each_other(studio, runs):
    other = run_whole(studio, suite("other"))
    with pytest.raises(BadInput, match="of other suites, 'own' and 'other'"):
        open_study(studio.parts, runs[0], other)


def test_runs_without_a_picture_in_common_are_refused(studio, runs):
    begun = begin_run(studio.parts, suite(), Checks(studio.parts))
    with pytest.raises(BadInput, match="no picture of the same prompt and seed"):
        open_study(studio.parts, runs[0], begun)


@pytest.mark.parametrize("num", [0, 401])
def test_a_number_of_pairs_out_of_range_is_refused(studio, runs, num):
    with pytest.raises(BadInput, match=f"{num} pairs are asked for; allowed are 1 to 400"):
        open_study(studio.parts, *runs, num_pairs=num)


def test_nothing_is_ranked_before_the_first_answer(studio, study):
    standing = standing_of(studio.parts, study)
    assert (standing.ranking, standing.num_answers) == (None, 0)


def test_answers_about_one_model_alone_rank_nothing(studio, study):
    same = next(one for one in study.pairs if one.kind is PairKind.SAME_MODEL)
    answer_pair(studio.parts, study, same.number, Choice.LEFT, name="Ada", seconds=1.0)
    assert standing_of(studio.parts, study).ranking is None


def test_the_run_that_people_prefer_comes_first(studio, study, runs):
    for name in ("Ada", "Bo"):
        answer_by_run(studio, study, runs[1].run_id, name)
    standing = standing_of(studio.parts, study)
    assert next(iter(standing.ranking.strengths)) == standing.labels[runs[1].run_id]
    assert (standing.num_people, standing.num_answers) == (2, 2 * len(study.pairs))


def test_steady_answers_agree_with_themselves_when_a_pair_comes_again(studio, study, runs):
    answer_by_run(studio, study, runs[0].run_id, "Ada")
    ranking = standing_of(studio.parts, study).ranking
    assert (ranking.repeats_agree.value, ranking.repeats_agree.num) == (1.0, 1)


def test_answers_of_two_people_are_no_repeats_of_each_other(studio, study, runs):
    for name in ("Ada", "Bo"):
        answer_by_run(studio, study, runs[0].run_id, name)
    assert standing_of(studio.parts, study).ranking.repeats_agree.num == 2


def test_who_prefers_the_left_whatever_it_shows_is_seen(studio, study):
    for pair in study.pairs:
        answer_pair(studio.parts, study, pair.number, Choice.LEFT, name="Ada", seconds=1.0)
    ranking = standing_of(studio.parts, study).ranking
    assert (ranking.same_model_sides.value, ranking.repeats_agree.value) == (1.0, 0.0)


def test_the_same_answers_give_the_same_ranking(studio, study, runs):
    answer_by_run(studio, study, runs[0].run_id, "Ada")
    assert standing_of(studio.parts, study) == standing_of(studio.parts, study)
