"""Traces of traffic: what comes when."""

import pytest
from benchmarks.traffic import poisson


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_trace_comes_as_fast_as_its_load_says_in_order_and_in_bursts(seed):
    times = [one.at_seconds for one in poisson(200, seed, 4.0)]
    assert len(times) / times[-1] == pytest.approx(4.0)
    assert times == sorted(times)
    assert len(set(times)) < len(times)
