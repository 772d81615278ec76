"""Making ahead: order, faults, leaving early, and how far ahead it goes."""

import threading
import time

import pytest

from limner.studio.ahead import MOST_AHEAD, made_ahead


def counting(num, made=None, fault=None):
    def make(is_left):
        for number in range(num):
            if is_left():
                raise InterruptedError
            if made is not None:
                made.append(number)
            yield number
        if fault is not None:
            raise fault

    return make


def is_soon(condition):
    deadline = time.monotonic() + 10
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.001)
    return condition()


def running():
    return [one for one in threading.enumerate() if one.name == "draw ahead"]


def test_everything_comes_in_its_order():
    assert list(made_ahead(counting(50))) == list(range(50))


def test_the_next_is_made_while_nobody_takes_and_not_too_many_are():
    made = []
    taken = made_ahead(counting(100, made))
    assert next(taken) == 0
    assert is_soon(lambda: len(made) == MOST_AHEAD + 2)  # one is taken, one waits for room
    time.sleep(0.02)
    assert len(made) == MOST_AHEAD + 2
    taken.close()


def test_a_fault_is_raised_after_what_was_made_before_it():
    taken = made_ahead(counting(3, fault=ValueError("ink")))
    assert [next(taken) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(ValueError, match="ink"):
        next(taken)
    assert running() == []


@pytest.mark.parametrize("num", [5, 100])
def test_whoever_leaves_early_leaves_nothing_running(num):
    taken = made_ahead(counting(num))
    next(taken)
    taken.close()
    assert running() == []
