"""Two models on the same prompts and seeds: who wins, by how much, and how sure that is."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from limner.core.errors import BadInput
from limner.evals.comparison import (
    clustered_share,
    compare,
    detectable_difference,
    holm,
    mean_interval,
    same_model_winners,
    sign_flip_p,
    t_quantile,
)

RNG = np.random.default_rng

P_VALUES = st.lists(st.floats(0, 1), min_size=1, max_size=8)


@given(P_VALUES)
def test_holm_never_lowers_a_p_value_nor_passes_one(p_values: list[float]):
    assert all(p <= one <= 1 for p, one in zip(p_values, holm(p_values), strict=True))


@given(P_VALUES, st.randoms())
def test_holm_does_not_depend_on_the_order(p_values: list[float], chance):
    order = list(range(len(p_values)))
    chance.shuffle(order)
    shuffled = holm([p_values[at] for at in order])
    assert shuffled == pytest.approx([holm(p_values)[at] for at in order])


def test_holm_gives_the_values_of_the_textbook():
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])


@given(st.lists(st.sampled_from([0.0, 1.0]), min_size=8, max_size=80))
def test_an_interval_holds_its_value_and_stays_within_the_range(values: list[float]):
    estimate = mean_interval(np.array(values), RNG(0), 200)
    if estimate.low is not None and estimate.high is not None:
        assert 0 <= estimate.low <= estimate.value <= estimate.high <= 1


@given(st.lists(st.lists(st.sampled_from([0.0, 1.0, np.nan]), min_size=4, max_size=4), max_size=30))
def test_a_share_lies_in_its_interval(outcomes: list[list[float]]):
    estimate = clustered_share(np.array(outcomes).reshape(-1, 4))
    if estimate.value is not None:
        assert 0 <= estimate.low <= estimate.value <= estimate.high <= 1


def test_a_share_of_nothing_is_not_known():
    assert clustered_share(np.full((3, 4), np.nan)).value is None


def test_pictures_of_a_prompt_that_are_all_alike_count_once():
    alike = clustered_share(np.repeat(np.tile([[0.0], [1.0]], (20, 1)), 4, axis=1))
    apart = clustered_share((RNG(0).random((40, 4)) < 0.5).astype(float))
    assert alike.high - alike.low > 1.7 * (apart.high - apart.low)


@pytest.mark.parametrize("num_prompts", [8, 33, 100])
def test_a_further_wrong_picture_never_raises_the_lower_end(num_prompts):
    """One of 132 pictures wrong once had a lower end of 67 %, three of them 82 %, none 90 %."""
    outcomes, ends = np.ones((num_prompts, 4)), []
    for wrong in range(num_prompts // 2):
        ends.append(clustered_share(outcomes).low)
        outcomes[wrong, 0] = 0
    assert ends == sorted(ends, reverse=True)


@given(st.lists(st.floats(-1, 1, allow_subnormal=False), min_size=1, max_size=30))
def test_the_p_value_is_the_same_when_the_models_are_swapped(differences: list[float]):
    values = np.array(differences)
    assert sign_flip_p(values, RNG(1), 300) == sign_flip_p(-values, RNG(1), 300)


def test_models_that_never_differ_have_no_winner():
    outcomes = RNG(0).random((30, 4)) < 0.5
    pair = (outcomes.astype(float), outcomes.astype(float))
    assert compare({"count": pair}, RNG(0))["count"].winner is None


def test_a_model_that_is_much_better_wins():
    rng = RNG(0)
    first, second = (rng.random((60, 4)) < share for share in (0.4, 0.8))
    found = compare({"count": (first.astype(float), second.astype(float))}, rng)["count"]
    assert (found.winner, found.difference.low > 0.2) == ("second", True)


def test_pictures_only_one_run_could_judge_count_for_neither():
    first, second = np.zeros((10, 4)), np.zeros((10, 4))
    first[0], second[0, 0] = 1.0, np.nan
    second[1:] = np.nan
    assert compare({"count": (first, second)}, RNG(0))["count"].first == 1.0


def test_fewer_than_four_seeds_are_refused():
    with pytest.raises(BadInput, match="have 3 seeds a prompt; a comparison needs at least 4"):
        compare({"count": (np.zeros((9, 3)), np.zeros((9, 3)))}, RNG(0))


def test_runs_on_other_prompts_are_refused():
    with pytest.raises(BadInput, match="only runs on the same prompts and seeds"):
        compare({"count": (np.zeros((9, 4)), np.zeros((8, 4)))}, RNG(0))


def test_a_run_whose_halves_are_alike_does_not_win_against_itself():
    outcomes = (RNG(3).random((60, 4)) < 0.6).astype(float)
    assert same_model_winners({"count": outcomes}, RNG(0)) == ()


def test_more_prompts_show_smaller_differences():
    assert detectable_difference(400, 4) == pytest.approx(detectable_difference(100, 4) / 2)


def test_the_difference_that_can_be_seen_is_as_the_formula_of_the_sources_says():
    # One picture a prompt: n = 2 (z + z)^2 p (1-p) (1-rho) / d^2, all of rho from the prompt.
    reach = 1.959964 + 0.841621
    expected = (2 * reach**2 * 0.7 * 0.3 * (1 - 0.25) / 660) ** 0.5
    assert detectable_difference(660, 1) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(
    ("degrees", "expected"), [(1, 12.706), (2, 4.303), (4, 2.776), (9, 2.262), (29, 2.045)]
)
def test_quantiles_of_t_are_those_of_the_tables(degrees: int, expected: float):
    assert t_quantile(0.975, degrees) == pytest.approx(expected, rel=0.004)


def test_the_shares_differ_by_the_difference_where_prompts_have_unlike_many_pictures():
    first_PS, second_PS = np.full((2, 4), np.nan), np.full((2, 4), np.nan)
    first_PS[0], second_PS[0] = (1, 1, 1, 1), (0, 0, 1, 1)  # one prompt asked for four times
    first_PS[1, 0], second_PS[1, 0] = 0, 1  # another once
    found = compare({"a": (first_PS, second_PS)}, np.random.default_rng(0), least_seeds=1)["a"]
    assert found.second - found.first == pytest.approx(found.difference.value) == 0.25
