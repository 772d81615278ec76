"""Blind side-by-side answers become a ranking with intervals."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from limner.core.errors import BadInput
from limner.evals.ranking import Answer, rank, strengths_of

RNG = np.random.default_rng


def answers_of(strengths: dict[str, float], num: int, seed: int) -> list[Answer]:
    rng, names = RNG(seed), list(strengths)
    drawn: list[Answer] = []
    for number in range(num):
        left, right = (names[at] for at in rng.choice(len(names), 2, replace=False))
        chance = strengths[left] / (strengths[left] + strengths[right])
        choice = "left" if rng.random() < chance else "right"
        drawn.append(Answer(f"prompt {number % 60}", left, right, choice))
    return drawn


def test_the_model_that_is_preferred_more_often_comes_first():
    ranking = rank(answers_of({"weak": 1, "strong": 4, "middle": 2}, 600, 1), RNG(0), 100)
    assert list(ranking.strengths) == ["strong", "middle", "weak"]


def test_intervals_hold_the_true_strengths():
    true = {"first": 1.0, "second": 3.0}
    ranking = rank(answers_of(true, 900, 2), RNG(0), 300)
    expected = 3**0.5 / (1 + 3**0.5)  # against their geometric mean
    assert ranking.strengths["second"].low < expected < ranking.strengths["second"].high


@given(st.integers(0, 40), st.integers(0, 40))
def test_two_models_share_one_whole(first: int, second: int):
    found = strengths_of(np.array([[0.0, first], [second, 0.0]]))
    assert found.sum() == pytest.approx(1.0)


def test_ties_alone_rank_nobody():
    ranking = rank([Answer("a fox", "one", "two", "tie")] * 4, RNG(0), 20)
    assert ranking.strengths["one"].value == pytest.approx(0.5)


def test_a_model_that_always_wins_has_a_finite_strength():
    ranking = rank([Answer("a fox", "one", "two", "left")] * 9, RNG(0), 20)
    assert 0.5 < ranking.strengths["one"].value < 1


def test_a_model_against_itself_shows_which_side_people_favour():
    pairs = [Answer("a fox", "one", "one", "left")] * 3 + [Answer("a fox", "one", "two", "left")]
    assert rank(pairs, RNG(0), 20).same_model_sides.value == 1.0


def test_a_pair_shown_again_the_other_way_round_shows_how_steady_people_are():
    pairs = [Answer("a fox", "one", "two", "left"), Answer("a fox", "two", "one", "right")]
    assert rank(pairs, RNG(0), 20).repeats_agree.value == 1.0


def test_answers_about_one_model_alone_rank_nothing():
    with pytest.raises(BadInput, match="two different models"):
        rank([Answer("a fox", "one", "one", "left")], RNG(0))
