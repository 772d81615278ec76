import time
from threading import Barrier, Event

import pytest

from limner.executors.local import Lanes, Presence, Pulse, work


def test_a_living_worker_is_not_gone(tmp_path):
    one, other = Presence(tmp_path), Presence(tmp_path)
    assert not one.is_gone(other.worker)
    assert not one.is_gone(one.worker)
    one.close()
    other.close()


def test_of_an_unknown_worker_nothing_is_told(tmp_path):
    presence = Presence(tmp_path)
    assert not presence.is_gone("worker-elsewhere")
    presence.close()


def test_a_worker_that_ends_leaves_no_file(tmp_path):
    Presence(tmp_path).close()
    assert list(tmp_path.iterdir()) == []


def test_a_worker_that_broke_is_seen_to_be_gone(tmp_path):
    broken, other = Presence(tmp_path), Presence(tmp_path)
    broken.close(is_clean=False)
    assert other.is_gone(broken.worker)
    other.close()


def test_files_of_workers_that_are_gone_are_cleared_and_of_living_ones_kept(tmp_path):
    broken, other, living = (Presence(tmp_path) for _ in range(3))
    broken.close(is_clean=False)
    other.forget_gone()
    assert {one.stem for one in tmp_path.iterdir()} == {other.worker, living.worker}
    other.close()
    living.close()


@pytest.mark.parametrize("hurries", [True, False])
def test_a_pulse_beats_at_intervals_and_when_hurried(hurries):
    beats = Event()
    every = 60.0 if hurries else 0.01
    with Pulse(beats.set, on_fault=lambda _: None, every_seconds=every, least_seconds=0) as pulse:
        if hurries:
            pulse.hurry()
        assert beats.wait(30)


def test_a_beat_that_fails_does_not_end_the_pulse():
    faults, again = [], Event()

    def send():
        if not faults:
            raise OSError("once")
        again.set()

    with Pulse(send, on_fault=faults.append, every_seconds=0.01, least_seconds=0):
        assert again.wait(30)
    assert len(faults) == 1


def loop(
    draw_next,
    *,
    is_once=False,
    stop=None,
    sweep=lambda: None,
    read_number=lambda: 0,
    wait_for_news=lambda: time.sleep(0.005),
):
    work(
        draw_next,
        sweep=sweep,
        read_number=read_number,
        wait_for_news=wait_for_news,
        read_seconds=time.monotonic,
        stop=stop or Event(),
        is_once=is_once,
    )


def test_once_ends_when_nothing_waits():
    left = [True, True, False]
    loop(lambda: left.pop(0), is_once=True)
    assert left == []


def test_a_loop_that_is_stopped_draws_nothing_more():
    stop, drawn = Event(), []

    def draw_next():
        drawn.append(True)
        stop.set()
        return True

    loop(draw_next, stop=stop)
    assert drawn == [True]


def test_lost_jobs_are_looked_for_before_anything_is_drawn():
    done = []
    loop(lambda: bool(done.append("draw")), is_once=True, sweep=lambda: done.append("sweep"))
    assert done == ["sweep", "draw"]


def test_a_change_while_nothing_was_found_is_looked_at_at_once():
    numbers = iter([1, 2, 2])
    stop, asked = Event(), []

    def draw_next():
        asked.append(True)
        if len(asked) == 2:
            stop.set()
        return False

    loop(draw_next, stop=stop, read_number=lambda: next(numbers, 2))
    assert len(asked) == 2


def test_news_end_the_wait_for_a_change():
    numbers, stop, asked = [1], Event(), []

    def draw_next():
        asked.append(True)
        if len(asked) == 2:
            stop.set()
        return False

    def wait_for_news():
        numbers.append(2)

    loop(draw_next, stop=stop, read_number=lambda: numbers[-1], wait_for_news=wait_for_news)
    assert len(asked) == 2


def lanes_of(draws, num_lanes=2):
    left = list(draws)
    return Lanes(lambda: left.pop(0) if left else None, num_lanes=num_lanes)


def test_lanes_run_side_by_side_up_to_their_number():
    together, going = Barrier(2), Event()
    with lanes_of([lambda: together.wait(20), lambda: together.wait(20), going.set]) as lanes:
        assert [lanes.draw_next(), lanes.draw_next()] == [True, True]
        while not going.is_set():  # the third waits for a lane
            assert lanes.draw_next() or going.wait(20)


def test_a_lane_is_waited_for_when_all_are_taken():
    hold, ran = Event(), []
    with lanes_of([lambda: hold.wait(20), lambda: ran.append(1)], num_lanes=1) as lanes:
        lanes.draw_next()
        assert lanes.draw_next()
        assert ran == []
        hold.set()
        while not ran:
            lanes.draw_next()


def test_lanes_have_nothing_to_end_when_none_runs():
    with lanes_of([]) as lanes:
        assert not lanes.draw_next()
        assert not lanes.end_next()


def test_what_ends_a_lane_is_raised_to_who_asks_next():
    def explode():
        raise OSError("the disk is gone")

    def run_out(lanes):
        while lanes.end_next():
            pass

    with lanes_of([explode]) as lanes:
        lanes.draw_next()
        with pytest.raises(OSError, match="the disk is gone"):
            run_out(lanes)


def test_leaving_lanes_waits_for_what_runs():
    done = []
    with lanes_of([lambda: (time.sleep(0.05), done.append(1))]) as lanes:
        lanes.draw_next()
    assert done == [1]
