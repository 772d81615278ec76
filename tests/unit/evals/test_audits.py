"""Rates from audits are right on average, where naive ones are not."""

import numpy as np
import pytest

from limner.evals.audits import Audited, decision_rates


def audited(is_stopped, is_bad, probability):
    return Audited(is_stopped=is_stopped, is_bad=is_bad, probability=probability)


def test_an_audited_decision_stands_for_those_that_were_not():
    # 1 of 10 releases is audited, every hold: 2 audited bad releases stand for 20.
    decisions = [audited(False, True, 0.1)] * 2 + [audited(True, True, 1.0)] * 20
    found = decision_rates(decisions, np.random.default_rng(0))
    assert found.recall.value == pytest.approx(0.5)


def test_precision_is_among_what_was_released():
    decisions = [audited(False, False, 0.5)] * 9 + [audited(False, True, 0.5)]
    decisions += [audited(True, True, 1.0)] * 50
    found = decision_rates(decisions, np.random.default_rng(0))
    assert (found.precision.value, found.precision.num) == (pytest.approx(0.9), 10)


def test_ten_good_releases_of_ten_do_not_prove_that_all_are_good():
    decisions = [audited(False, False, 0.5)] * 10
    found = decision_rates(decisions, np.random.default_rng(0)).precision
    assert (found.value, found.high) == (1.0, pytest.approx(1.0))
    assert found.low == pytest.approx(0.7225, abs=0.0001)


def test_unequal_weights_are_worth_fewer_observations():
    rng = np.random.default_rng(0)
    equal = decision_rates([audited(False, False, 0.5)] * 10, rng).precision
    decisions = [audited(False, False, p) for p in [1.0] * 5 + [0.05] * 5]
    unequal = decision_rates(decisions, rng).precision
    assert unequal.low is not None
    assert equal.low is not None
    assert unequal.low < equal.low


def test_nothing_audited_gives_no_rate():
    found = decision_rates([], np.random.default_rng(0))
    assert (found.precision.value, found.recall.value) == (None, None)


def test_recall_is_unbiased_where_counting_the_audited_is_not():
    rng = np.random.default_rng(3)
    weighted, naive = [], []
    for _ in range(20):
        is_bad = rng.random(2000) < 0.1
        is_stopped = np.where(is_bad, rng.random(2000) < 0.6, rng.random(2000) < 0.05)
        probability = np.where(is_stopped, 1.0, 0.2)
        is_seen = rng.random(2000) < probability
        seen = [
            audited(bool(s), bool(b), float(p))
            for s, b, p, is_in in zip(is_stopped, is_bad, probability, is_seen, strict=True)
            if is_in
        ]
        bad = [one for one in seen if one.is_bad]
        naive.append(sum(one.is_stopped for one in bad) / len(bad))
        total = sum(1 / one.probability for one in bad)
        weighted.append(decision_rates(seen, rng).recall.value)
        assert weighted[-1] == pytest.approx(
            sum(one.is_stopped / one.probability for one in bad) / total
        )
    assert np.mean(weighted) == pytest.approx(0.6, abs=0.03)
    assert np.mean(naive) > 0.8
