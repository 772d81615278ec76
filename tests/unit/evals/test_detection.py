"""Hits, false alarms and d' against textbook values."""

import numpy as np
import pytest

from limner.evals.detection import detection
from limner.evals.intervals import share


def test_d_prime_nears_the_textbook_value():
    # Macmillan and Creelman 2005, table 1.1: hits 20 of 25, false alarms 10 of 25: d' 1.095.
    # Ten thousand times as many make the half observation vanish.
    found = detection(num_hits=200_000, num_bad=250_000, num_false_alarms=100_000, num_good=250_000)
    assert found.d_prime.value == pytest.approx(1.095, abs=0.001)


def test_d_prime_is_finite_for_a_perfect_reviewer():
    found = detection(num_hits=10, num_bad=10, num_false_alarms=0, num_good=10)
    assert found.d_prime.value == pytest.approx(3.38, abs=0.01)


def test_doubting_everything_tells_nothing_apart():
    found = detection(num_hits=8, num_bad=8, num_false_alarms=8, num_good=8)
    assert found.d_prime.value == pytest.approx(0.0)
    assert found.criterion.value is not None
    assert found.criterion.value < 0


def test_d_prime_needs_both_kinds():
    found = detection(num_hits=3, num_bad=4, num_false_alarms=0, num_good=0)
    assert found.d_prime.value is None
    assert found.false_alarm_rate.value is None


def test_wilsons_interval_is_the_published_one():
    # Newcombe 1998, table I, method 3: 15 of 148 gives 0.0624 to 0.1605.
    found = share(15, 148)
    assert (found.low, found.high) == (
        pytest.approx(0.0624, abs=0.0001),
        pytest.approx(0.1605, abs=0.0001),
    )


def test_a_share_of_none_stays_between_0_and_1():
    found = share(0, 10)
    assert found.low == pytest.approx(0.0, abs=1e-12)
    assert found.high == pytest.approx(0.2775, abs=0.0001)


def test_intervals_of_d_prime_hold_the_truth():
    rng, num_held = np.random.default_rng(2), 0
    for _ in range(300):
        hits, false_alarms = rng.binomial(60, 0.8413), rng.binomial(60, 0.1587)  # d' is 2
        found = detection(
            num_hits=int(hits), num_bad=60, num_false_alarms=int(false_alarms), num_good=60
        ).d_prime
        assert found.low is not None
        assert found.high is not None
        num_held += found.low <= 2.0 <= found.high
    assert num_held >= 276  # 92 of a hundred
