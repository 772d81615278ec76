"""Keeping one process running: it is started again, later each time, and ended in good order."""

import sys
import time

import pytest

from limner.executors.supervisor import Kept, Supervisor

ENDS_AT_ONCE = [sys.executable, "-S", "-c", "pass"]
TIED = """
from threading import Event
from limner.executors.local import Tie
stop, rung = Event(), Event()
tie = Tie(rung.set, stop)
print("what is printed is no news")
rung.wait()
tie.ring()
stop.wait()
"""
ENDS_WITH_ITS_INPUT = [sys.executable, "-S", "-c", "import sys; sys.stdin.read()"]
PATIENCE_SECONDS = 30


def until(look):
    end = time.monotonic() + PATIENCE_SECONDS
    while not look():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.01)


@pytest.fixture
def keep():
    """Keep a command running: ``keep(command)``."""
    kept = []

    def make(command, **options):
        kept.append(Supervisor(command, read_seconds=time.monotonic, **options))
        kept[-1].start()
        return kept[-1]

    yield make
    for one in kept:
        one.close()


def test_a_process_that_lives_is_running(keep):
    supervisor = keep(ENDS_WITH_ITS_INPUT)
    until(lambda: supervisor.kept is Kept.RUNNING)
    assert supervisor.num_starts == 1


def test_a_process_that_ends_is_started_again(keep):
    supervisor = keep(ENDS_AT_ONCE, wait_seconds=0.001)
    until(lambda: supervisor.num_starts >= 3)


def test_each_wait_is_twice_the_one_before(keep, caplog):
    supervisor = keep(ENDS_AT_ONCE, wait_seconds=0.001)
    until(lambda: supervisor.num_starts >= 4)
    waits = [one.seconds for one in caplog.records if one.action == "worker_restarted"]
    assert waits[:3] == [0.001, 0.002, 0.004]


def test_what_cannot_be_started_is_tried_again(keep):
    supervisor = keep(["/nowhere/nothing"], wait_seconds=0.001)
    until(lambda: supervisor.num_starts >= 2)
    assert supervisor.kept is Kept.WAITING


def test_closing_ends_the_process_and_starts_no_other(keep):
    supervisor = keep(ENDS_WITH_ITS_INPUT)
    until(lambda: supervisor.kept is Kept.RUNNING)
    supervisor.close()
    assert (supervisor.kept, supervisor.num_starts) == (Kept.STOPPED, 1)


def test_one_that_was_never_started_is_stopped_and_closes():
    supervisor = Supervisor(ENDS_AT_ONCE, read_seconds=time.monotonic)
    supervisor.close()
    assert supervisor.kept is Kept.STOPPED


def test_news_reach_the_process_and_come_back(keep):
    heard = []
    supervisor = keep([sys.executable, "-c", TIED], hear=lambda: heard.append(True))
    until(lambda: supervisor.kept is Kept.RUNNING)
    supervisor.ring()
    until(lambda: heard)
    supervisor.close()  # its input ends, and it with it
    assert heard == [True]


def test_news_for_a_process_that_has_ended_go_nowhere(keep):
    supervisor = keep(ENDS_AT_ONCE, wait_seconds=PATIENCE_SECONDS)
    until(lambda: supervisor.kept is Kept.WAITING)
    supervisor.ring()
    supervisor.close()
    supervisor.ring()
