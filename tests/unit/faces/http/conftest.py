"""A server on the painted generator, a worker that draws, and people who ask."""

from threading import Event

import pytest
from fastapi.testclient import TestClient

from limner.core.criteria import Consequence
from limner.core.deciding import Decision, Outcome, Reason
from limner.faces.http.app import make_app
from limner.store.judgements import add_judgement
from limner.store.reviews import open_card
from limner.studio.tokens import Tokens
from limner.studio.working import run_worker

ADDRESS = "http://127.0.0.1:8000"


@pytest.fixture
def app(studio):
    return make_app(studio)


@pytest.fixture
def token(studio):
    """Make a token: ``token("dana", "generate")``."""

    def make(name="dana", *scopes, **options):
        return Tokens(studio.parts).create(name, scopes or ("generate",), **options).text

    return make


@pytest.fixture
def stranger(app):
    """A client without a token."""
    with TestClient(app, base_url=ADDRESS) as client:
        yield client


@pytest.fixture
def client(app, token):
    """Clients with a token: ``client("dana", "generate").get("/api/jobs")``."""
    opened = []

    def make(name="dana", *scopes):
        headers = {"Authorization": f"Bearer {token(name, *scopes)}"}
        opened.append(TestClient(app, base_url=ADDRESS, headers=headers).__enter__())
        return opened[-1]

    yield make
    for one in opened:
        one.__exit__(None, None, None)


@pytest.fixture
def draw(studio):
    """Draw every job that waits: ``draw()``."""
    return lambda: run_worker(studio.parts, stop=Event(), is_once=True)


@pytest.fixture
def drawn(client, draw):
    """Have a job drawn for somebody: ``drawn("dana", prompt="a fox")`` gives its document."""

    def make(name="dana", **fields):
        asking = client(name, "generate")
        answer = asking.post("/api/jobs", json={"prompt": "a fox", "seed": 1, **fields})
        assert answer.status_code == 202, answer.text
        draw()
        return asking.get(answer.json()["poll_url"]).json()

    return make


@pytest.fixture
def hold(studio):
    """Hold an image that was released, with a card: ``hold(image_id)`` gives the card's id."""

    def make(image_id, requester="dana"):
        parts = studio.parts
        decision = Decision(
            outcome=Outcome.HELD,
            reasons=(
                Reason(
                    source="whole", verdict=None, consequence=Consequence.HOLD, note="Look at it."
                ),
            ),
            criteria_sha256=None,
            impact=None,
            audit_probability=1.0,
            is_audited=False,
            needs_second=False,
        )
        now = parts.read_clock()
        with parts.store.reviews.writing(now) as connection:
            add_judgement(connection, image_id, [], decision, decided_by="rule", now=now)
            return open_card(
                connection,
                image_id=image_id,
                kind="held",
                opened_at=now,
                document={
                    "question": "May this image leave?",
                    "requester": requester,
                    "impact": None,
                    "needs_second": False,
                    "due_at": None,
                    "reasons": ["Look at it."],
                },
            )

    return make
