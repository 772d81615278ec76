"""Servers that run, each once for a file of tests, and clients of them."""

from pathlib import Path

import httpx
import openai
import pytest
from contract import running as running_server
from contract.running import serving
from painted_limner import WHOLE

LEFT = Path(__file__).parent / "left.yaml"


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    """A server that releases every whole picture."""
    with serving(tmp_path_factory.mktemp("home"), WHOLE) as found:
        yield found


@pytest.fixture(scope="module")
def strict(tmp_path_factory):
    """A server that holds what is on the right and refuses blocked terms."""
    with serving(tmp_path_factory.mktemp("strict"), LEFT) as found:
        yield found


@pytest.fixture
def sdk(running):
    with sdk_of(running) as client:
        yield client


@pytest.fixture
def strict_sdk(strict):
    with sdk_of(strict) as client:
        yield client


@pytest.fixture
def web(running):
    headers = {"Authorization": f"Bearer {running.token()}"}
    with httpx.Client(base_url=running.url, headers=headers, timeout=60) as client:
        yield client


@pytest.fixture
def until():
    """Wait until something holds."""
    return running_server.until


def sdk_of(running, **options):
    """The official SDK, pointed at a server; it does not try again unless asked to."""
    settings = {"api_key": running.token(), "max_retries": 0, "timeout": 60} | options
    return openai.OpenAI(base_url=f"{running.url}/v1", **settings)
