"""Facts of estimates without labels, and of the chart of audits."""

import numpy as np
import pytest

from limner.monitoring import chart
from limner.monitoring.chart import Answers
from limner.monitoring.performance import guess_rates


def test_calibrated_probabilities_tell_the_truth_without_labels():
    rng = np.random.default_rng(1)
    num_covered = 0
    for _ in range(200):
        probability = rng.beta(1, 6, 300)
        is_bad, is_released = rng.random(300) < probability, probability < 0.3
        guessed = guess_rates(probability, is_released).released_bad
        assert guessed.low is not None
        assert guessed.high is not None
        num_covered += guessed.low <= is_bad[is_released].mean() <= guessed.high
    assert num_covered >= 180


def test_probabilities_that_are_wrong_are_believed():
    """What the module says of itself: only audits see it."""
    rng = np.random.default_rng(2)
    truth = rng.beta(2, 6, 2000)
    told, is_bad = truth / 3, rng.random(2000) < truth
    guessed = guess_rates(told, np.ones(2000, np.bool_)).released_bad
    assert guessed.high is not None
    assert guessed.high < is_bad.mean()


def test_shares_of_both_kinds_of_mistake():
    rates = guess_rates(np.array([0.1, 0.3, 0.8]), np.array([True, True, False]))
    assert rates.released_bad.value == pytest.approx(0.2)
    assert rates.stopped_good.value == pytest.approx(0.2)
    assert rates.recall == pytest.approx(0.8 / 1.2)


def test_nothing_is_guessed_of_nothing():
    rates = guess_rates(np.zeros(0), np.zeros(0, np.bool_))
    assert rates.released_bad.value is None
    assert rates.recall is None


def test_the_chart_is_a_distribution():
    assert chart.upper_tail(Answers(3, 40), Answers(0, 25)) == pytest.approx(1.0)
    tails = [chart.upper_tail(Answers(3, 40), Answers(k, 25)) for k in range(26)]
    assert tails == sorted(tails, reverse=True)


def test_a_false_positive_rate_that_creeps_is_found():
    assert chart.upper_tail(Answers(4, 100), Answers(14, 50)) < 0.001
    assert chart.upper_tail(Answers(4, 100), Answers(3, 50)) > 0.2


def test_the_limit_is_where_the_tail_is_small_enough():
    before, level = Answers(5, 100), 0.01
    share = chart.limit(before, 50, level)
    num = round(share * 50)
    assert chart.upper_tail(before, Answers(num, 50)) <= level
    assert chart.upper_tail(before, Answers(num - 1, 50)) > level


def test_few_answers_make_a_wide_limit():
    assert chart.limit(Answers(1, 20), 30, 0.01) > chart.limit(Answers(10, 200), 30, 0.01)
