"""Streams of a job's events, as many as are open."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from threading import Event, Semaphore

import httpx
import pytest
from contract.running import listening

from limner.core.records import Request
from limner.faces.http import app
from limner.studio.tokens import Tokens

NUM_THREADS = 3
PATIENCE_SECONDS = 5


@pytest.fixture
def web(studio, monkeypatch):
    """A client of a server that has three threads for short work and no worker."""
    monkeypatch.setattr(app, "NUM_THREADS", NUM_THREADS)
    token = Tokens(studio.parts).create("dana", ["generate"])
    headers = {"Authorization": f"Bearer {token.text}"}
    with (
        listening(studio) as url,
        httpx.Client(base_url=url, headers=headers, timeout=PATIENCE_SECONDS) as client,
    ):
        yield client


@pytest.fixture
def job_id(studio):
    """A job of dana's that nobody draws."""
    job = studio.jobs.submit(Request(prompt="a fox"), owner="dana", client="sdapi")
    yield job.job_id
    studio.jobs.cancel(job.job_id)  # so that no thread waits for it any longer


@pytest.mark.parametrize("path", ["/draw/jobs/{}/events", "/api/jobs/{}/events?previews=true"])
def test_open_streams_leave_the_server_free_for_others(web, job_id, path):
    with ExitStack() as open_streams:
        for _ in range(2 * NUM_THREADS):
            stream = open_streams.enter_context(web.stream("GET", path.format(job_id)))
            assert next(stream.iter_lines()) == "event: state"
        assert web.get("/api/session").status_code == 200


def test_looks_at_the_progress_leave_the_server_free_for_others(web, studio, job_id, monkeypatch):
    begun, is_free = Semaphore(0), Event()

    def watch_quietly(*_, **__):
        begun.release()
        is_free.wait(2 * PATIENCE_SECONDS)
        yield from ()

    studio.parts.store.leases.claim("w", studio.parts.read_clock())
    monkeypatch.setattr(studio.jobs, "watch", watch_quietly)
    with ThreadPoolExecutor(NUM_THREADS) as pool:
        looks = [pool.submit(web.get, "/sdapi/v1/progress") for _ in range(NUM_THREADS)]
        for _ in looks:
            begun.acquire()
        assert web.get("/api/session").status_code == 200
        is_free.set()
        assert {look.result().json()["state"]["job"] for look in looks} == {job_id}
