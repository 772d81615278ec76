import multiprocessing
import os
import signal

import pytest
from pool_works import open_doubler, open_fragile, open_nothing

from limner.executors.pool import Loss, Pool, PoolBroken


def run(open_work, tasks, limit_seconds=30.0, num_processes=2):
    pool = Pool(open_work, num_processes=num_processes, limit_seconds=limit_seconds)
    return dict(pool.run(tasks))


def test_every_task_is_answered_once():
    assert run(open_doubler, range(30)) == {one: 2 * one for one in range(30)}


def test_a_process_that_is_starting_does_not_hear_ctrl_c():
    def tasks():
        (starting,) = multiprocessing.active_children()
        os.kill(starting.pid, signal.SIGINT)
        yield 4

    assert run(open_doubler, tasks(), num_processes=1) == {4: 8}


def test_messages_larger_than_a_pipe_go_both_ways():
    large = bytes(500_000)
    answers = list(Pool(open_doubler, num_processes=1, limit_seconds=30).run([large] * 4))
    assert [len(answer) for _, answer in answers] == [1_000_000] * 4


@pytest.fixture(scope="module")
def fragile():
    return run(open_fragile, range(8), limit_seconds=1.5)


def test_a_process_that_dies_loses_its_task_alone(fragile):
    assert fragile[3] == Loss("ended (signal SIGKILL)")


def test_a_process_that_hangs_is_ended(fragile):
    assert fragile[5] == Loss("gave no answer within 1.5 seconds")


def test_all_other_tasks_are_answered_all_the_same(fragile):
    assert {one: answer for one, answer in fragile.items() if one not in (3, 5)} == {
        one: one for one in (0, 1, 2, 4, 6, 7)
    }


def test_processes_that_never_start_end_the_run():
    with pytest.raises(PoolBroken, match="exit code 7"):
        run(open_nothing, range(100), num_processes=1)


def test_the_stream_of_tasks_is_never_held():
    taken = []

    def tasks():
        for one in range(1000):
            taken.append(one)
            yield one

    running = Pool(open_doubler, num_processes=1, limit_seconds=30).run(tasks())
    next(running)
    running.close()
    assert len(taken) <= 4
