"""A server on the painted generator, and people who ask it."""

import pytest
from fastapi.testclient import TestClient

from limner.faces.http.app import make_app
from limner.studio.tokens import Tokens

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
