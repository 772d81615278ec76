"""The consistency band of calibrated probabilities, with cases that are right or wrong together."""

import numpy as np
import pytest
from benchmarks.checks_reliability import calibration

NUM_CASES = 2000


@pytest.fixture
def rng():
    return np.random.default_rng(3)


@pytest.fixture
def chances(rng):
    return rng.uniform(0.02, 0.98, NUM_CASES)


def groups_of(num_cases):
    return [str(number) for number in range(num_cases)]


def test_perfect_probabilities_are_inside_their_band(rng, chances):
    ratios = []
    for _ in range(20):
        made = calibration(chances, rng.random(NUM_CASES) < chances, groups_of(NUM_CASES), rng)
        ratios.append(made.error / made.band)
    assert np.mean(np.array(ratios) > 1) <= 0.2


def test_probabilities_that_are_too_sure_are_outside_their_band(rng, chances):
    truths = rng.random(NUM_CASES) < 0.25 + chances / 2
    made = calibration(chances, truths, groups_of(NUM_CASES), rng)
    assert made.error > 2 * made.band


def test_cases_that_are_right_together_widen_the_band_as_if_there_were_fewer(rng, chances):
    truths = rng.random(NUM_CASES) < chances
    alone = calibration(chances, truths, groups_of(NUM_CASES), rng)
    repeated = calibration(
        np.repeat(chances, 9),
        np.repeat(truths, 9),
        np.repeat(groups_of(NUM_CASES), 9).tolist(),
        rng,
    )
    assert repeated.error == pytest.approx(alone.error, abs=0.003)
    assert repeated.band == pytest.approx(alone.band, rel=0.1)


def test_the_band_of_cases_on_their_own_is_that_of_drawn_truths(rng, chances):
    """As Bröcker and Smith draw it: truths from the probabilities themselves."""
    drawn = [
        calibration(chances, rng.random(NUM_CASES) < chances, groups_of(NUM_CASES), rng).error
        for _ in range(30)
    ]
    made = calibration(chances, rng.random(NUM_CASES) < chances, groups_of(NUM_CASES), rng)
    assert made.band == pytest.approx(float(np.quantile(drawn, 0.95)), rel=0.3)
