"""Traces of traffic: what comes when; and what is told of a run."""

from collections import Counter

import pytest
from benchmarks import traces
from benchmarks.limits import Limits
from benchmarks.system_processes import Drawn
from benchmarks.traffic import measured


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_trace_comes_as_fast_as_its_load_says_in_order_and_in_bursts(seed):
    times = [one.at_seconds for one in traces.poisson(200, seed, 4.0)]
    assert len(times) / times[-1] == pytest.approx(4.0)
    assert times == sorted(times)
    assert len(set(times)) < len(times)


def test_what_comes_by_chance_is_the_mixed_trace_and_faster_loads_are_the_same_one_hurried():
    slow, fast = (traces.poisson(50, 7, rate) for rate in (1.0, 4.0))
    assert [one._replace(at_seconds=0.0) for one in slow] == traces.mixed(50, 7)
    assert [one.at_seconds / 4 for one in slow] == pytest.approx([one.at_seconds for one in fast])


def test_each_trace_mixes_what_its_name_says_and_nothing_else():
    def kinds(trace):
        fields = ("steps", "guidance", "size")
        return {name: len({getattr(one, name) for one in trace}) for name in fields}

    assert kinds(traces.uniform(60)) == {"steps": 1, "guidance": 1, "size": 1}
    assert kinds(traces.sizes(60, 1)) == {"steps": 1, "guidance": 1, "size": 3}
    assert kinds(traces.mixed(60, 1)) == {"steps": 3, "guidance": 3, "size": 1}
    assert kinds(traces.repeated(60, 1)) == {"steps": 1, "guidance": 1, "size": 1}
    assert {one.at_seconds for one in traces.mixed(60, 1)} == {0.0}


def test_a_few_prompts_are_most_of_the_repeated_trace_and_seeds_differ():
    trace = traces.repeated(200, 2)
    assert Counter(one.prompt for one in trace).most_common(1)[0][1] > 40
    assert len({one.seed for one in trace}) == len(trace)


def test_a_trace_is_the_same_every_time():
    for make in (traces.sizes, traces.mixed, traces.repeated):
        assert make(20, 5) == make(20, 5)


def test_shares_are_of_the_time_that_the_same_tokens_take_as_products():
    trace = traces.poisson(4, 1, 2.0)
    done = [one.at_seconds + 0.5 for one in trace]
    drawn = Drawn(done, 8.0, num_passes=10, num_tokens=1000, cpu_seconds=12.0, peak_bytes=7)
    ran = measured(trace, drawn, Limits(own_seconds=0.002, large_seconds=0.001))
    assert ran.waits == pytest.approx([0.5] * 4)
    assert (ran.rate, ran.tokens, ran.cpu_seconds) == (0.5, 100, 3)
    assert (ran.own_share, ran.large_share) == (0.25, 0.125)
