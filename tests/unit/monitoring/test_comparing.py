"""Facts of the tests of two samples: their levels, against exact values and by simulation."""

import numpy as np
import pytest

from limner.monitoring.comparing import (
    chi_square,
    drawn_p,
    holm,
    kolmogorov_smirnov,
    mean_difference,
    num_draws_for,
)
from limner.monitoring.kernel import discrepancy, witness


def test_kolmogorov_tail_is_that_of_the_tables():
    """1.3581 is the 5 % point of Kolmogorov's limit, 1.6276 the 1 % point (Smirnov 1948)."""
    from limner.monitoring.comparing import _kolmogorov_tail

    assert _kolmogorov_tail(1.3581) == pytest.approx(0.05, abs=1e-4)
    assert _kolmogorov_tail(1.6276) == pytest.approx(0.01, abs=1e-4)
    assert _kolmogorov_tail(0.0) == 1.0


def test_distance_of_distribution_functions_is_the_largest_one():
    before, after = np.array([1.0, 2, 3, 4]), np.array([3.0, 4, 5, 6])
    assert kolmogorov_smirnov(before, after).statistic == 0.5
    assert kolmogorov_smirnov(before, before).p == 1.0


def test_samples_of_one_distribution_rarely_differ():
    rng = np.random.default_rng(1)
    p = [kolmogorov_smirnov(rng.normal(size=300), rng.normal(size=100)).p for _ in range(2000)]
    assert np.mean(np.array(p) <= 0.05) <= 0.06
    assert np.mean(np.array(p) <= 0.01) <= 0.015


def test_ties_make_no_false_alarm():
    rng = np.random.default_rng(2)
    p = [
        kolmogorov_smirnov(
            rng.integers(0, 3, 300).astype(float), rng.integers(0, 3, 100).astype(float)
        ).p
        for _ in range(1000)
    ]
    assert np.mean(np.array(p) <= 0.05) <= 0.05


def test_a_new_kind_is_found_and_the_same_mix_is_not():
    rng = np.random.default_rng(3)
    assert chi_square(np.array([[300, 100, 0], [60, 20, 20]]), rng).p < 0.001
    assert chi_square(np.array([[300, 100, 0], [75, 25, 0]]), rng).p > 0.5


def test_rare_kinds_keep_the_level():
    rng = np.random.default_rng(4)
    rare = [0.96, 0.02, 0.01, 0.01]
    p = [
        chi_square(
            np.stack([rng.multinomial(200, rare), rng.multinomial(60, rare)]), rng, num_draws=400
        ).p
        for _ in range(400)
    ]
    assert np.mean(np.array(p) <= 0.05) <= 0.08


def test_one_kind_only_is_no_change():
    assert chi_square(np.array([[300], [100]]), np.random.default_rng(0)).p == 1.0


def test_a_higher_mean_is_found_in_its_direction_only():
    rng = np.random.default_rng(5)
    low, high = rng.beta(1, 9, 200), rng.beta(3, 7, 100)
    assert mean_difference(low, high, rng, 2000).p < 0.002
    assert mean_difference(high, low, rng, 2000).p > 0.9


def test_drawing_stops_when_p_is_clearly_large_and_is_never_zero():
    drawn: list[int] = []

    def draw(num: int) -> np.ndarray:
        drawn.append(num)
        return np.ones(num)

    assert drawn_p(0.5, draw, 100_000) == 1.0
    assert sum(drawn) == 500
    assert drawn_p(2.0, draw, 999) == 1 / 1000


def test_draws_suffice_for_the_smallest_p_that_counts():
    assert 1 / (num_draws_for(0.005, 20) + 1) < 0.005 / 20


def test_holm_is_the_worked_example():
    """Of Holm 1979: p 0.01, 0.02, 0.03, 0.04 become 0.04, 0.06, 0.06, 0.06."""
    assert holm([0.01, 0.04, 0.03, 0.02]) == pytest.approx([0.04, 0.06, 0.06, 0.06])
    assert holm([]) == []


def test_discrepancy_finds_a_shift_spread_over_many_coordinates():
    rng = np.random.default_rng(6)
    shifted = rng.normal(size=(200, 64)) + 0.35 * (np.arange(64) < 8)
    assert discrepancy(rng.normal(size=(200, 64)), shifted, rng, 2000).p < 0.01


def test_discrepancy_keeps_its_level():
    rng = np.random.default_rng(7)
    p = [
        discrepancy(rng.normal(size=(60, 8)), rng.normal(size=(30, 8)), rng, 200).p
        for _ in range(300)
    ]
    assert np.mean(np.array(p) <= 0.05) <= 0.08


def test_discrepancy_is_the_one_of_its_definition():
    rng = np.random.default_rng(8)
    before, after = rng.normal(size=(5, 3)), rng.normal(size=(4, 3))
    both = np.concatenate([before, after])
    squared = ((both[:, None] - both[None]) ** 2).sum(axis=2)
    kernel = np.exp(-squared / np.median(squared[squared > 1e-12]))
    mine, theirs = kernel[:5, :5], kernel[5:, 5:]
    expected = (
        (mine.sum() - 5) / 20 + (theirs.sum() - 4) / 12 - 2 * kernel[:5, 5:].mean()
    )  # the diagonal is ones
    assert discrepancy(before, after, rng, 10).statistic == pytest.approx(expected, abs=1e-5)


def test_the_witness_points_at_what_is_new():
    rng = np.random.default_rng(9)
    after = np.concatenate([rng.normal(size=(40, 4)), rng.normal(6, 1, (20, 4))])
    shown = witness(rng.normal(size=(100, 4)), after)
    assert shown[40:].min() > shown[:40].max()
