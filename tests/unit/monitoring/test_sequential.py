"""Facts of reading a stream image by image."""

import math

import numpy as np
import pytest

from limner.monitoring.sequential import ChangeDetector, as_logarithm, first_alarm


def test_false_alarms_keep_their_promise():
    """Within n images the probability is at most n / threshold: here 1000 / 20,000 = 5 %."""
    rng = np.random.default_rng(1)
    alarms = sum(
        first_alarm(rng.normal(size=200), rng.normal(size=1000), 20_000, rng) is not None
        for _ in range(120)
    )
    assert alarms <= 12


@pytest.mark.parametrize(("shift", "within"), [(0.5, 200), (1.0, 60)])
def test_a_shift_is_found_soon(shift: float, within: int):
    rng = np.random.default_rng(2)
    delays = [
        first_alarm(rng.normal(size=500), rng.normal(shift, 1, 1000), 20_000, rng) or 1000
        for _ in range(15)
    ]
    assert np.median(delays) <= within


def test_a_late_change_is_found_as_soon_as_an_early_one():
    rng = np.random.default_rng(3)
    stream = np.concatenate([rng.normal(size=1000), rng.normal(1.0, 1, 300)])
    at = first_alarm(rng.normal(size=500), stream, 1e6, rng)
    assert at is not None
    assert 1000 < at <= 1090


def test_equal_values_are_no_change():
    rng = np.random.default_rng(4)
    assert first_alarm([0.0] * 200, [0.0] * 2000, 1e5, rng) is None


def test_the_same_seed_reads_the_same():
    def read() -> list[float]:
        detector = ChangeDetector([1.0, 1.0, 2.0], np.random.default_rng(5))
        return [detector.add(one) for one in (1.0, 2.0, 1.0)]

    assert read() == read()


def test_the_statistic_never_overflows():
    detector = ChangeDetector(np.zeros(100), np.random.default_rng(6))
    for number in range(3000):
        statistic = detector.add(float(number + 1))
    assert math.isfinite(as_logarithm(statistic))
    assert as_logarithm(0.0) == 0.0
