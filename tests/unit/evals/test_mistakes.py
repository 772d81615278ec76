"""Tests of a share of mistakes are held against counting all outcomes, not against themselves."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from limner.evals.mistakes import binomial_tail, mistakes_bound, mistakes_p_value, rows_needed


def p_value(num_wrong, num, limit):
    is_wrong = np.arange(num) < num_wrong
    return mistakes_p_value(is_wrong, np.ones(num), limit, is_equal=True)


@given(st.integers(0, 40), st.floats(0, 1))
def test_the_binomial_tail_is_the_sum_of_its_terms(num, share):
    terms = [math.comb(num, k) * share**k * (1 - share) ** (num - k) for k in range(num + 1)]
    for num_hits in range(num + 1):
        expected = sum(terms[: num_hits + 1])
        assert binomial_tail(num_hits, num, share) == pytest.approx(expected, abs=1e-9)


def test_the_binomial_tail_stays_right_for_many_draws():
    assert binomial_tail(49_999, 100_000, 0.5) == pytest.approx(0.5, abs=0.002)


@pytest.mark.parametrize(
    ("limit", "num_wrong", "num"),
    [(0.1, 0, 29), (0.1, 10, 167), (0.05, 0, 59), (0.05, 1, 93), (0.02, 0, 149), (0.01, 0, 299)],
)
def test_the_fewest_rows_of_the_usual_table_just_do(limit, num_wrong, num):
    assert p_value(num_wrong, num, limit) <= 0.05 < p_value(num_wrong, num - 1, limit)


@given(st.integers(1, 60), st.floats(0.01, 0.99), st.floats(0, 0.3), st.floats(0.01, 0.3))
def test_the_exact_test_errs_no_more_often_than_it_says(num, limit, excess, delta):
    """All outcomes counted, at shares of mistakes at and over the limit."""
    truth = min(1.0, limit + excess * (1 - limit))
    wrongly = sum(
        math.comb(num, k) * truth**k * (1 - truth) ** (num - k)
        for k in range(num + 1)
        if p_value(k, num, limit) <= delta
    )
    assert wrongly <= delta + 1e-9


@settings(max_examples=50)
@given(
    st.lists(st.sampled_from([0.05, 0.2, 1.0]), min_size=1, max_size=8),
    st.floats(0.05, 0.9),
    st.floats(0.01, 0.5),
)
def test_the_betting_test_errs_no_more_often_than_it_says(weights, limit, delta):
    """All outcomes counted, every row being wrong with exactly the limit's chance."""
    weight = np.array(weights)
    wrongly = 0.0
    for mask in range(2 ** len(weights)):
        is_wrong = np.array([bool(mask >> k & 1) for k in range(len(weights))])
        if mistakes_p_value(is_wrong, weight, limit, is_equal=False) <= delta:
            wrongly += float(np.prod(np.where(is_wrong, limit, 1 - limit)))
    assert wrongly <= delta + 1e-9


@given(st.integers(0, 30), st.integers(0, 30), st.floats(0.01, 0.99), st.booleans())
def test_a_mistake_more_never_speaks_for_a_promise(num_wrong, num_right, limit, is_equal):
    num = num_wrong + num_right + 1
    fewer, more = np.arange(num) < num_wrong, np.arange(num) < num_wrong + 1
    p = [mistakes_p_value(one, np.ones(num), limit, is_equal=is_equal) for one in (fewer, more)]
    assert p[0] <= p[1] + 1e-12


def test_the_order_of_rows_does_not_matter():
    rng = np.random.default_rng(0)
    is_wrong, weight = rng.random(200) < 0.03, rng.choice([0.05, 1.0], 200)
    order = rng.permutation(200)
    p = mistakes_p_value(is_wrong, weight, 0.1, is_equal=False)
    assert mistakes_p_value(is_wrong[order], weight[order], 0.1, is_equal=False) == (
        pytest.approx(p)
    )


@pytest.mark.parametrize("is_equal", [True, False])
def test_nothing_is_shown_without_rows(is_equal):
    none = np.zeros(0, dtype=bool)
    assert mistakes_p_value(none, np.zeros(0), 0.5, is_equal=is_equal) == 1.0
    assert mistakes_bound(none, np.zeros(0), 0.05, is_equal=is_equal) == 1.0


def test_the_bound_is_that_of_clopper_and_pearson():
    # 0 of 59: 1 - 0.05 ** (1 / 59); 3 of 20: the 95 % quantile of Beta(4, 17)
    bound = mistakes_bound(np.zeros(59, dtype=bool), np.ones(59), 0.05, is_equal=True)
    assert bound == pytest.approx(1 - 0.05 ** (1 / 59))
    bound = mistakes_bound(np.arange(20) < 3, np.ones(20), 0.05, is_equal=True)
    assert bound == pytest.approx(0.34366, abs=1e-4)


def test_rows_needed_are_the_fewest_where_no_mistake_is_expected():
    assert rows_needed(0.05, 0.05) == 59


def test_no_number_of_rows_shows_what_is_not_so():
    assert rows_needed(0.05, 0.05, 0.05) is None
    assert rows_needed(0.0, 0.05) is None


def test_the_rows_needed_do_four_times_in_five():
    num = rows_needed(0.1, 0.05, 0.05)
    assert num is not None
    wrong = np.random.default_rng(0).binomial(num, 0.05, 4000)
    shown = np.mean([binomial_tail(int(one), num, 0.1) <= 0.05 for one in wrong])
    assert 0.7 < shown < 0.9
