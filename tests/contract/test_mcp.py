"""The official MCP client against `limner mcp`, a process of its own, on the painted generator."""

import base64
import io
import json
import os
import subprocess
import sys
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import anyio
import pytest
from anyio.from_thread import start_blocking_portal
from contract.running import until
from mcp import Client, StdioServerParameters, stdio_client
from painted_limner import WHOLE
from PIL import Image as PillowImage

from limner.core.jobs import JobState
from limner.store.repository import Store

NOW = datetime(2026, 1, 1, tzinfo=UTC)
PROGRAM = Path(__file__).parents[1] / "painted_limner.py"
LEFT = Path(__file__).parent / "left.yaml"  # the product has no such check, so all is held


class Agent:
    """A client with a server of its own."""

    def __init__(self, client, portal, home):
        self.client, self._portal, self.home = client, portal, home

    def call(self, tool, *, with_progress=None, **arguments):
        async def work():
            return await self.client.call_tool(tool, arguments, progress_callback=with_progress)

        return self._portal.call(work)

    def run(self, work):
        return self._portal.call(work)


@contextmanager
def connected(home, *, criteria=WHOLE, name="ada", paint_seconds="0"):
    """An agent whose server is a process of its own on this data folder."""
    environment = {
        "LIMNER_HOME": str(home),
        "LIMNER_CRITERIA": str(criteria),
        "LIMNER_MARK": "false",
        "PAINT_SECONDS": paint_seconds,
        "PYTHONPATH": os.pathsep.join(sys.path),
    }
    server = StdioServerParameters(
        command=sys.executable, args=[str(PROGRAM), "mcp", "--name", name], env=environment
    )
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(Client(stdio_client(server))) as client,
    ):
        yield Agent(client, portal, home)


@pytest.fixture(scope="module")
def agent(tmp_path_factory):
    with connected(tmp_path_factory.mktemp("home")) as found:
        yield found


@pytest.fixture(scope="module")
def held(tmp_path_factory):
    """An agent where every picture is held."""
    with connected(tmp_path_factory.mktemp("held"), criteria=LEFT) as found:
        yield found


@pytest.fixture(scope="module")
def slow(tmp_path_factory):
    """An agent whose pictures take 4 seconds."""
    with connected(tmp_path_factory.mktemp("slow"), paint_seconds="1") as found:
        yield found


def pictures(result):
    return [
        PillowImage.open(io.BytesIO(base64.b64decode(one.data)))
        for one in result.content
        if one.type == "image"
    ]


def newest(store):
    return store.jobs.list(NOW, owner="ada", states=(), before=None, limit=1)[0]


def test_there_are_three_tools(agent):
    async def work():
        return [one.name for one in (await agent.client.list_tools()).tools]

    assert sorted(agent.run(work)) == ["generate", "status", "verify"]


def test_generate_gives_the_pictures_and_the_job(agent):
    result = agent.call("generate", prompt="a fox", n=2, seed=7, size="128x96")
    assert [one.size for one in pictures(result)] == [(128, 96)] * 2
    assert [one["seed"] for one in result.structured_content["released"]] == [7, 8]
    assert not result.is_error


def test_the_text_says_what_the_structure_says(agent):
    result = agent.call("generate", prompt="a fox")
    assert json.loads(result.content[0].text) == result.structured_content


def test_a_held_picture_is_named_and_not_given(held):
    result = held.call("generate", prompt="a fox")
    (kept,) = result.structured_content["not_released"]
    assert (kept["outcome"], pictures(result), result.is_error) == ("held", [], True)


def test_status_gives_a_held_picture_no_more_than_generate_did(held):
    job_id = held.call("generate", prompt="a fox").structured_content["job_id"]
    result = held.call("status", job_id=job_id, with_images=True)
    assert pictures(result) == []
    assert result.structured_content["not_released"][0]["outcome"] == "held"


def test_status_gives_released_pictures_when_asked(agent):
    job_id = agent.call("generate", prompt="a fox").structured_content["job_id"]
    assert len(pictures(agent.call("status", job_id=job_id, with_images=True))) == 1
    assert pictures(agent.call("status", job_id=job_id)) == []


def test_a_job_of_somebody_else_is_not_there(agent):
    job_id = agent.call("generate", prompt="a fox").structured_content["job_id"]
    with connected(agent.home, name="bo") as other:
        result = other.call("status", job_id=job_id)
    assert result.is_error
    assert "job_not_found" in result.content[0].text


def test_verify_says_what_a_file_is_worth(agent, tmp_path):
    path = tmp_path / "fox.png"
    path.write_bytes(base64.b64decode(agent.call("generate", prompt="a fox").content[1].data))
    assert agent.call("verify", path=str(path)).structured_content["state"] == "trusted"


def test_verify_of_no_picture_says_so(agent, tmp_path):
    path = tmp_path / "notes.txt"
    path.write_text("nothing")
    assert agent.call("verify", path=str(path)).structured_content["state"] == "unreadable"


@pytest.mark.parametrize(
    "arguments",
    [{"prompt": ""}, {"prompt": "a fox", "n": 99}, {"prompt": "a fox", "size": "huge"}, {}],
)
def test_what_cannot_be_honoured_is_an_error_the_agent_can_read(agent, arguments):
    result = agent.call("generate", **arguments)
    assert result.is_error
    assert result.content[0].text


def test_progress_is_told(slow):
    told = []

    async def note(progress, total, message):
        told.append((progress, total))

    slow.call("generate", prompt="a fox", with_progress=note)
    assert told
    assert all(0 <= progress <= total for progress, total in told)


def test_an_agent_that_gives_up_has_its_job_cancelled(slow):
    async def work():
        with anyio.move_on_after(3):
            await slow.client.call_tool("generate", {"prompt": "an owl", "n": 4})

    slow.run(work)
    store = Store.open(slow.home)
    try:
        until(lambda: newest(store).state is JobState.CANCELLED)
    finally:
        store.close()


def test_without_the_extra_the_command_says_what_to_install(tmp_path):
    code = "import sys; sys.modules['mcp'] = None; sys.argv = ['limner', 'mcp']; "
    code += "from limner.__main__ import main; main()"
    ran = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env=os.environ | {"LIMNER_HOME": str(tmp_path)},
        timeout=120,
    )
    assert ran.returncode == 2
    assert "pip install 'limner[mcp]'" in ran.stderr
