"""Clients that leave, and clients that come at the same time."""

import base64
import threading

import openai
import pytest
from contract.conftest import sdk_of

from limner.core.jobs import OVER, JobState
from limner.studio.picture_file import read_content
from limner.studio.working import LANES


@pytest.fixture
def slowly(running):
    running.painter.seconds_per_step = 0.05
    yield running
    running.painter.seconds_per_step = 0.0


def test_a_client_that_leaves_has_its_job_cancelled_at_once(slowly, until):
    with sdk_of(slowly, timeout=0.5) as leaving, pytest.raises(openai.APITimeoutError):
        leaving.images.generate(prompt="a fox", n=8, extra_body={"steps": 50})
    until(lambda: slowly.last_job().state in OVER, seconds=5)
    assert slowly.last_job().state is JobState.CANCELLED


def test_a_client_that_leaves_the_queue_has_its_job_cancelled(slowly, until):
    filling = [
        slowly.studio.jobs.submit(slowly.request("a fox", steps=50), owner=f"owner {k}")
        for k in range(LANES)
    ]

    def states() -> set[JobState]:
        return {slowly.studio.jobs.get(job.job_id).state for job in filling}

    until(lambda: states() == {JobState.RUNNING})
    with sdk_of(slowly, timeout=0.5) as leaving, pytest.raises(openai.APITimeoutError):
        leaving.images.generate(prompt="an owl")
    until(lambda: slowly.last_job().state in OVER, seconds=5)
    assert JobState.RUNNING in states()
    for job in filling:
        slowly.studio.jobs.cancel(job.job_id)


def test_everybody_gets_their_own_image(running):
    """Twelve people at once; each knows the seed and the prompt of their own."""
    wrong: list[int] = []

    def ask(number: int) -> None:
        with sdk_of(running, api_key=running.token(f"p{number}")) as client:
            answer = client.images.generate(
                prompt=f"fox {number}", extra_body={"seed": 1000 + number}
            )
        own = read_content(base64.b64decode(answer.data[0].b64_json), "it", 64).texts.own
        if (own["prompt"], own["seed"]) != (f"fox {number}", 1000 + number):
            wrong.append(number)

    for number in range(12):
        running.token(f"p{number}")
    threads = [threading.Thread(target=ask, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert wrong == []
    assert not any(thread.is_alive() for thread in threads)


def test_a_job_is_its_owners(running):
    with sdk_of(running, api_key=running.token("olga")) as client:
        client.images.generate(prompt="a fox")
    assert running.last_job().owner == "olga"
