"""Streams of a job's events, as many as are open."""

import json
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


def revoke(studio):
    tokens = Tokens(studio.parts)
    tokens.revoke(tokens.list()[0].token_id)


def last_event(lines):
    """Of what a stream still brings: the last event, and what it says."""
    kind, data = [line for line in lines if line.startswith(("event: ", "data: "))][-2:]
    return kind.removeprefix("event: "), json.loads(data.removeprefix("data: "))


@pytest.mark.parametrize(
    ("path", "kind", "field", "said"),
    [
        ("/api/jobs/{}/events", "error", "code", "token_refused"),
        ("/draw/jobs/{}/events", "fault", "said", "The token is unknown, expired or revoked."),
    ],
)
def test_a_revoked_token_ends_its_stream(web, studio, job_id, path, kind, field, said):
    with web.stream("GET", path.format(job_id)) as stream:
        lines = stream.iter_lines()
        assert next(lines) == "event: state"
        revoke(studio)
        studio.jobs.pause(job_id)
        last, document = last_event(lines)
    assert (last, document[field][: len(said)]) == (kind, said)


def test_a_revoked_token_ends_a_stream_where_nothing_happens(web, studio, job_id, monkeypatch):
    monkeypatch.setattr("limner.faces.http.compat.drawing.KEEP_ALIVE_SECONDS", 0.05)
    with web.stream("GET", f"/api/jobs/{job_id}/events") as stream:
        lines = stream.iter_lines()
        assert next(lines) == "event: state"
        revoke(studio)
        assert last_event(lines)[0] == "error"


def test_a_revoked_token_ends_its_stream_of_images(web, studio):
    fields = {"prompt": "a fox", "stream": True}
    with web.stream("POST", "/v1/images/generations", json=fields) as stream:
        revoke(studio)
        studio.jobs.cancel(stream.headers["limner-job"].removeprefix("/api/jobs/"))
        last, document = last_event(stream.iter_lines())
    assert (last, document["error"]["code"]) == ("error", "token_refused")
