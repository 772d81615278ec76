"""Jobs that must be drawn within a time: refused at once, ended when over, and else untouched."""

import time
from dataclasses import replace
from datetime import timedelta
from threading import Event

import pytest

from limner.core.errors import BadInput
from limner.core.jobs import JobState
from limner.core.records import Request
from limner.executors.local import Presence
from limner.studio.working import Worker


@pytest.fixture
def worker(studio, home):
    presence = Presence(home / "workers")
    yield Worker(studio.parts, presence, read_seconds=time.monotonic, stop=Event())
    presence.close()


@pytest.fixture
def submit(studio):
    def submit(within, num_images=1, **options):
        request = Request(prompt="a fox", seed=3, num_images=num_images, within_seconds=within)
        return studio.jobs.submit(replace(request, **options), owner="ann").job_id

    return submit


@pytest.fixture
def later(studio, monkeypatch):
    """Set the clock ahead."""

    def later(seconds):
        now = studio.parts.read_clock() + timedelta(seconds=seconds)
        monkeypatch.setattr(studio.parts, "read_clock", lambda: now)

    return later


def test_a_job_that_is_drawn_in_time_is_as_any_other(studio, worker, submit):
    job_id = submit(60.0)
    worker.draw_next()
    assert studio.jobs.get(job_id).state is JobState.FINISHED


def test_a_job_that_waited_too_long_is_not_drawn(studio, worker, submit, later, painter):
    job_id = submit(60.0)
    later(61)
    worker.draw_next()
    job = studio.jobs.get(job_id)
    assert (job.state, job.error.code, painter.num_drawn) == (JobState.FAILED, "deadline_missed", 0)


def test_a_job_whose_time_ends_while_it_is_drawn_keeps_what_is_finished(
    studio, worker, submit, painter, monkeypatch
):
    jobs, later = studio.parts.store.jobs, studio.parts.read_clock() + timedelta(minutes=5)
    number = jobs.number

    def asked():
        if painter.num_drawn == 4:
            while studio.parts.store.count_images() < 4:
                time.sleep(0.001)
            monkeypatch.setattr(attempted[0], "read_clock", lambda: later)
        return number()

    attempted, for_requester = [], studio.parts.for_requester
    monkeypatch.setattr(
        studio.parts,
        "for_requester",
        lambda name: attempted.append(for_requester(name)) or attempted[-1],
    )
    monkeypatch.setattr(jobs, "number", asked)
    job_id = submit(60.0, num_images=8)
    worker.draw_next()
    job = studio.jobs.get(job_id)
    assert (job.state, job.error.code, len(job.images)) == (JobState.FAILED, "deadline_missed", 4)


def test_a_job_that_can_never_be_drawn_in_time_is_refused_at_once(studio, worker, submit, painter):
    painter.seconds_per_step = 0.01
    submit(None, num_images=5)
    worker.draw_next()  # so that something is measured
    with pytest.raises(BadInput, match=r"cannot be drawn within 0.02 seconds; its 4 pictures"):
        submit(0.02, num_images=4)
    assert submit(60.0, num_images=4)


def test_nothing_is_refused_before_anything_is_measured(submit):
    assert submit(0.1, num_images=64)


@pytest.mark.parametrize("within", [0.0, -1.0, float("inf"), float("nan"), 1e9])
def test_a_time_that_is_none_is_refused(submit, within):
    with pytest.raises(BadInput, match="allowed is above 0 to 604800"):
        submit(within)


def test_what_no_machine_can_draw_in_time_is_refused_before_anything_is_measured(submit):
    with pytest.raises(BadInput, match=r"cannot be drawn within 0.001 seconds"):
        submit(0.001, num_images=64)


def test_one_slow_picture_refuses_nobody(worker, submit, painter):
    painter.seconds_per_step = 0.05
    submit(None)
    worker.draw_next()
    assert submit(0.1)
