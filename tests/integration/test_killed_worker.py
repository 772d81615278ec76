"""Workers in processes of their own that are killed: every job finishes, no picture twice."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from limner.core.hashing import sha256_of_bytes
from limner.core.jobs import JobState
from limner.core.records import Request

PROGRAM = Path(__file__).parents[1] / "painted_limner.py"


@pytest.fixture
def start(home, tmp_path):
    """Start a worker in a process of its own."""
    started = []

    def start(*options: str, seconds_per_step=0.0) -> subprocess.Popen:
        process = subprocess.Popen(
            [sys.executable, str(PROGRAM), "worker", *options],
            cwd=tmp_path,
            env=os.environ | {"LIMNER_HOME": str(home), "PAINT_SECONDS": str(seconds_per_step)},
            stderr=subprocess.DEVNULL,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()


def submit(studio, seed, num_images):
    request = Request(prompt="a fox", num_images=num_images, seed=seed)
    return studio.jobs.submit(request, owner=f"owner {seed % 3}").job_id


def wait_until(is_so, seconds=120.0):
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, "it never came to this"
        time.sleep(0.005)


def test_jobs_of_killed_workers_finish_with_every_picture_once(studio, start):
    job_ids = [submit(studio, seed=100 * k, num_images=6) for k in range(6)]
    store = studio.parts.store
    for round_ in range(4):
        process = start(seconds_per_step=0.01)
        enough = store.count_images() + 2 + round_
        wait_until(lambda: store.count_images() >= enough)  # noqa: B023 - called in this round
        time.sleep(0.003 * round_)
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert start("--once").wait(timeout=240) == 0
    jobs = [studio.jobs.get(job_id) for job_id in job_ids]
    assert {job.state for job in jobs} == {JobState.FINISHED}
    seeds = [image.seed for job in jobs for image in job.images]
    assert seeds == [100 * k + i for k in range(6) for i in range(6)]
    assert store.count_images() == 36
    for job in jobs:
        for image in job.images:
            record = store.image_by_id(image.image_id)
            assert sha256_of_bytes(store.read_image(record)) == image.image_id
            assert store.seal_of(image.image_id) is not None


def test_a_worker_that_is_told_to_stop_gives_its_job_back_and_ends_well(studio, start):
    job_id = submit(studio, seed=1, num_images=8)
    process = start(seconds_per_step=0.2)
    wait_until(lambda: studio.jobs.get(job_id).state is JobState.RUNNING)
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=60) == 0
    job = studio.jobs.get(job_id)
    assert (job.state, job.error) == (JobState.QUEUED, None)


def test_a_job_is_cancelled_while_another_process_draws_it(studio, start):
    job_id = submit(studio, seed=1, num_images=40)
    start(seconds_per_step=0.1)
    wait_until(lambda: studio.jobs.get(job_id).progress is not None)
    studio.jobs.cancel(job_id)
    job = studio.jobs.wait(job_id, timeout_seconds=60)
    assert job.state is JobState.CANCELLED
    assert len(job.images) < 40


def test_two_workers_share_the_jobs(studio, start):
    job_ids = [submit(studio, seed=10 * k, num_images=2) for k in range(8)]
    processes = [start("--once", seconds_per_step=0.01) for _ in range(2)]
    assert [process.wait(timeout=240) for process in processes] == [0, 0]
    jobs = [studio.jobs.get(job_id) for job_id in job_ids]
    assert {(job.state, len(job.images)) for job in jobs} == {(JobState.FINISHED, 2)}
