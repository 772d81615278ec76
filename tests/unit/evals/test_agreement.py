"""Agreement held against published worked examples."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from limner.evals.agreement import (
    ac1_estimate,
    alpha_estimate,
    cohen_kappa,
    gwet_ac1,
    krippendorff_alpha,
    raw_agreement,
)

# Krippendorff 2011, section C: 4 observers, 12 units, 5 categories, some missing.
_OBSERVERS = """
1 2 3 3 2 1 4 1 2 . . .
1 2 3 3 2 2 4 1 2 5 . 3
. 3 3 3 2 3 4 2 2 5 1 .
1 2 3 3 2 4 4 1 2 5 1 .
"""
PUBLISHED_UR = np.array(
    [
        [int(one) - 1 if one != "." else -1 for one in line.split()]
        for line in _OBSERVERS.strip().splitlines()
    ]
).T


def two_raters(table):
    """One row a unit, from a square table of counts."""
    return np.array(
        [(k, m) for k, row in enumerate(table) for m, count in enumerate(row) for _ in range(count)]
    )


@pytest.mark.parametrize(("level", "published"), [("nominal", 0.743), ("ordinal", 0.815)])
def test_alpha_is_the_published_one(level, published):
    alpha = krippendorff_alpha(PUBLISHED_UR, num_categories=5, level=level)
    assert alpha == pytest.approx(published, abs=0.0005)


def test_alpha_of_two_observers_is_the_published_one():
    # Krippendorff 2011, section B: 2 observers, 12 units, 5 categories: 0.692.
    first = "a a b b d c c c e d d a".split()
    second = "b a b b b c c c e d d d".split()
    ratings_UR = np.array(
        [["abcde".index(one) for one in pair] for pair in zip(first, second, strict=True)]
    )
    assert krippendorff_alpha(ratings_UR, num_categories=5) == pytest.approx(0.692, abs=0.0005)


def test_binary_alpha_is_the_published_one():
    # Krippendorff 2011, section A: 2 observers, 10 units: 0.095.
    first, second = [0, 1, 0, 0, 0, 0, 0, 0, 1, 0], [1, 1, 1, 0, 0, 1, 0, 0, 0, 0]
    ratings_UR = np.array([first, second]).T
    assert krippendorff_alpha(ratings_UR, num_categories=2) == pytest.approx(0.095, abs=0.0005)


def test_ac1_is_the_published_one():
    # The same data in Gwet's Handbook and his package irrCAC (cac.raw4raters): 0.77544.
    assert gwet_ac1(PUBLISHED_UR, num_categories=5) == pytest.approx(0.77544, abs=0.000005)


def test_raw_agreement_is_the_published_one():
    assert raw_agreement(PUBLISHED_UR, num_categories=5) == pytest.approx(0.81818, abs=0.000005)


def test_ac1_stays_high_where_alpha_collapses():
    ratings_UR = two_raters([[118, 5], [2, 0]])
    assert krippendorff_alpha(ratings_UR, num_categories=2) < 0.0
    assert gwet_ac1(ratings_UR, num_categories=2) == pytest.approx(0.9408, abs=0.0001)


def test_alpha_of_one_single_answer_is_not_defined():
    assert np.isnan(krippendorff_alpha(np.zeros((5, 2), int), num_categories=3))


def test_units_with_one_rating_say_nothing_about_agreement():
    estimate = alpha_estimate(
        np.array([[0, -1], [1, -1]]), np.random.default_rng(0), num_categories=2
    )
    assert (estimate.value, estimate.num) == (None, 0)


def test_the_interval_is_around_the_value():
    estimate = ac1_estimate(
        two_raters([[30, 5], [4, 20]]), np.random.default_rng(0), num_categories=2
    )
    assert estimate.low is not None
    assert estimate.value is not None
    assert estimate.high is not None
    assert estimate.low < estimate.value < estimate.high
    assert estimate.num == 59


def test_nearly_all_intervals_hold_the_true_agreement():
    rng, num_held, true_agreement = np.random.default_rng(1), 0, 0.8
    for _ in range(30):
        first = rng.integers(0, 2, 100)
        second = np.where(rng.random(100) < true_agreement, first, 1 - first)
        estimate = ac1_estimate(np.stack([first, second], axis=1), rng, num_categories=2)
        # Two balanced categories: chance agreement is one half, so AC1 is 2 x 0.8 - 1.
        assert estimate.low is not None
        assert estimate.high is not None
        num_held += estimate.low <= 0.6 <= estimate.high
    assert 26 <= num_held


def test_full_agreement_of_few_has_no_interval():
    ratings_UR = np.array([[0, 0], [1, 1], [0, 0]])
    estimate = ac1_estimate(ratings_UR, np.random.default_rng(0), num_categories=2)
    assert (estimate.value, estimate.low, estimate.high) == (1.0, None, None)


@given(st.lists(st.tuples(st.integers(-1, 2), st.integers(-1, 2)), min_size=1, max_size=12))
def test_agreement_is_at_most_one_and_does_not_depend_on_the_order_of_raters(pairs):
    ratings_UR = np.array(pairs)
    for measure in (krippendorff_alpha, gwet_ac1, raw_agreement):
        value = measure(ratings_UR, num_categories=3)
        swapped = measure(ratings_UR[:, ::-1], num_categories=3)
        assert np.isnan(value) or value <= 1 + 1e-12
        assert value == pytest.approx(swapped, nan_ok=True)


def test_kappa_is_that_of_a_worked_example():
    """50 proposals, two readers: 20 both yes, 15 both no, 5 and 10 otherwise; kappa is 0.4."""
    assert cohen_kappa(two_raters([[20, 5], [10, 15]]), num_categories=2) == pytest.approx(0.4)


def test_kappa_counts_units_that_both_rated_and_is_none_without_any():
    ratings = np.array([[0, 0], [1, 1], [0, -1], [-1, 1]])
    assert cohen_kappa(ratings, num_categories=2) == 1
    assert np.isnan(cohen_kappa(ratings[2:], num_categories=2))
    assert np.isnan(cohen_kappa(np.zeros((9, 2), int), num_categories=2))
