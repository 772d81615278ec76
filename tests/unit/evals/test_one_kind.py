import numpy as np
import pytest

from limner.evals.one_kind import lowest_bound


def test_a_bound_is_the_highest_score_where_no_more_can_be_spared():
    scores = np.arange(22.0)
    assert lowest_bound(scores, 0.1, 0.1)[:3] == (21.0, 22, 0)


def test_there_is_no_bound_for_one_example_fewer_than_could_show_it():
    found = lowest_bound(np.arange(21.0), 0.1, 0.1)
    assert (found.at, found.num_needed) == (None, 22)


def test_equal_scores_stay_on_one_side():
    assert lowest_bound(np.zeros(200), 0.1, 0.1)[:3] == (0.0, 200, 0)


def test_nothing_is_certified_of_no_examples():
    assert lowest_bound(np.zeros(0), 0.1, 0.1).at is None


@pytest.mark.parametrize(("num", "limit"), [(60, 0.1), (200, 0.05)])
def test_more_lie_past_a_bound_no_more_often_than_was_said(num, limit):
    rng = np.random.default_rng(5)
    bounds = [lowest_bound(rng.random(num), limit, 0.1).at for _ in range(2000)]
    broken = np.mean([at is not None and 1 - at > limit for at in bounds])
    assert 0.02 < broken < 0.12
