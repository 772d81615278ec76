"""What serving costs and withstands: `limner studio` as it runs, asked by programs over HTTP."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Generator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path

import httpx
import numpy as np

import limner
from benchmarks.figure import Measurement, median_measurement
from limner.core.jobs import JobState
from limner.core.records import Request
from limner.studio.picture_file import read_content
from limner.studio.planning import plan_request
from limner.studio.tokens import Tokens

PROMPT = "a red fox"
CRITERIA = """\
# A whole picture is released: what is measured is serving, not judging.
format: limner.criteria/1
name: whole
owner: benchmarks
review_by: 2100-01-01
impact_tiers: {low: 1}
default_impact: low
audit: {released: 0, refused: 0}
criteria:
  - {id: whole, question: "Is this a whole picture?", about: image, check: integrity,
     version: "1", fail: refuse, unsure: refuse, error: refuse}
"""
START_SECONDS = 120
ANSWER_SECONDS = 600
FEW_STEPS = 2  # so that clients press the service more than the drawing
QUICK_CLIENTS, QUICK_SECONDS = 20, 15
NUM_CLIENTS, LOAD_SECONDS = 200, 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """A running `limner studio`.

    Attributes:
        url: without a slash at its end.
        studio: on the same data folder, in this process.
    """

    url: str
    studio: limner.Studio

    def token(self, name: str) -> str:
        """A token of this person."""
        return Tokens(self.studio.parts).create(name, ["generate"]).text


def measure_http_overhead(is_quick: bool) -> Measurement:
    """Median milliseconds that HTTP, JSON, PNG and sealing add to drawing one picture.

    `limner studio` and its worker run as processes of their own with the embedded model. A client
    asks `/v1/images/generations` for a picture as base64, waits, and decodes the JSON; it is the
    one of the standard library, which costs little itself (httpx takes most of a millisecond).
    Then the same picture is drawn here, from the same seed, by the same generator with nothing
    around it, while the service is idle; the difference of the two wall times counts. So everything
    counts that comes on top of drawing: HTTP, the job's rows, waking worker and client, whatever
    slows drawing down in a worker that is served, finishing, PNG, storing, the ledger, sealing,
    JSON. Criteria ask for a whole picture only and no mark is put in: judging (`checks-time`) and
    marking have figures of their own. Also printed: the medians of both times; the difference to
    the time that the worker stored with the picture, which is that of the network's passes alone;
    and all of it with the criteria and the mark as a new install has them.
    """
    num_pictures = 12 if is_quick else 200
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder)) as served:
        added_ms = added_by_serving(served, num_pictures)
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder), is_plain=False) as served:
        print("and with the criteria and the mark of a new install:")
        added_by_serving(served, max(6, num_pictures // 10))
    return median_measurement(added_ms)


def added_by_serving(served: Served, num_pictures: int) -> list[float]:
    """Milliseconds added to each picture; the first ones, which load things, are not counted."""
    added_ms: list[float] = []
    drawing_ms: list[float] = []
    passing_ms: list[float] = []  # of the network, as the worker measured it
    headers = {
        "Authorization": f"Bearer {served.token('clock')}",
        "Content-Type": "application/json",
    }
    address = served.url.removeprefix("http://")
    with closing(HTTPConnection(address, timeout=ANSWER_SECONDS)) as client:
        for number in range(-3, num_pictures):
            body = {"prompt": PROMPT, "seed": number % 2**32, "response_format": "b64_json"}
            begun = time.perf_counter()
            client.request("POST", "/v1/images/generations", json.dumps(body), headers)
            answer = json.loads(client.getresponse().read())
            base64.b64decode(answer["data"][0]["b64_json"])
            wall_ms = (time.perf_counter() - begun) * 1e3
            record = served.studio.parts.store.image_by_id(answer["limner"]["images"][0]["id"])
            assert record is not None
            alone_ms = drawn_alone_ms(served.studio, int(body["seed"]))
            if number >= 0:
                drawing_ms.append(alone_ms)
                added_ms.append(wall_ms - alone_ms)
                passing_ms.append(wall_ms - record.seconds * 1e3)
    print(
        f"{num_pictures} pictures: drawing {np.median(drawing_ms):.0f} ms, serving adds "
        f"{np.median(added_ms):.1f} ms (95th percentile {np.percentile(added_ms, 95):.1f} ms), "
        f"{np.median(passing_ms):.1f} ms to the network's passes alone"
    )
    return added_ms


def drawn_alone_ms(studio: limner.Studio, seed: int) -> float:
    """Milliseconds of drawing the picture of a seed by the generator that serves, and no more."""
    parts = studio.parts
    plan = plan_request(parts, Request(prompt=PROMPT, seed=seed)).plans[PROMPT]
    begun = time.perf_counter()
    (_,) = parts.generator.generate(plan, [seed])
    return (time.perf_counter() - begun) * 1e3


def measure_concurrent_clients(is_quick: bool) -> Measurement:
    """Faults that clients of `limner studio` found who all asked at once; none is allowed.

    Each client is a person of its own and asks again as soon as it is answered, with a prompt and
    a seed that nobody else has; the pictures are drawn by the embedded model in two steps. A fault
    is: an answer without the picture; a picture whose recipe has another prompt or seed (swapped);
    an image that two answers brought (doubled); a status of 500 or above; a status of 429 without
    `Retry-After`; a connection that broke; a job that nobody asked for or that was answered and is
    not finished. Clients that still wait when time is up are answered, and counted.
    """
    num_clients = QUICK_CLIENTS if is_quick else NUM_CLIENTS
    seconds = QUICK_SECONDS if is_quick else LOAD_SECONDS
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder)) as served:
        load = Load(served=served, seconds=seconds)
        asyncio.run(load.run(num_clients))
        load.check_jobs()
    waits = np.asarray(load.waits_seconds)
    print(
        f"{num_clients} clients for {seconds} s: {len(waits)} pictures, "
        f"{load.num_turned_away} honest 429, waits median {np.median(waits):.1f} s, "
        f"95th percentile {np.percentile(waits, 95):.1f} s; faults: {dict(load.faults) or 'none'}"
    )
    return Measurement(value=float(load.faults.total()), n=len(waits))


@dataclass(kw_only=True)
class Load:
    """Many clients at once, and what they found.

    Attributes:
        served: whom they ask.
        seconds: for how long they begin new requests.
        faults: by kind.
        waits_seconds: of every answer with a picture.
        num_turned_away: answers 429 that said when to come again.
    """

    served: Served
    seconds: float
    faults: Counter[str] = field(default_factory=Counter[str])
    waits_seconds: list[float] = field(default_factory=list[float])
    num_turned_away: int = 0
    _image_ids: set[str] = field(default_factory=set[str])
    _jobs: set[str] = field(default_factory=set[str])

    async def run(self, num_clients: int) -> None:
        """Let every client ask until time is up."""
        tokens = [self.served.token(f"client {number}") for number in range(num_clients)]
        ends_at = time.monotonic() + self.seconds
        limits = httpx.Limits(max_connections=None)
        async with httpx.AsyncClient(
            base_url=self.served.url, timeout=ANSWER_SECONDS, limits=limits
        ) as client:
            asking = [self._ask(client, *one, ends_at) for one in enumerate(tokens)]
            await asyncio.gather(*asking)

    async def _ask(
        self, client: httpx.AsyncClient, number: int, token: str, ends_at: float
    ) -> None:
        headers = {"Authorization": f"Bearer {token}"}
        turn = 0
        while time.monotonic() < ends_at:
            prompt, seed = f"{PROMPT} {number}", number * 10_000 + turn
            body = {"prompt": prompt, "seed": seed, "steps": FEW_STEPS}
            begun = time.monotonic()
            try:
                answer = await client.post("/v1/images/generations", json=body, headers=headers)
            except httpx.HTTPError as error:
                self.faults[f"connection: {type(error).__name__}"] += 1
                continue
            if answer.status_code == 200:
                self.waits_seconds.append(time.monotonic() - begun)
                self._check(answer, prompt, seed)
                turn += 1
            elif answer.status_code == 429 and "retry-after" in answer.headers:
                self.num_turned_away += 1
                await asyncio.sleep(float(answer.headers["retry-after"]))
            else:
                self.faults[f"status {answer.status_code}"] += 1

    def _check(self, answer: httpx.Response, prompt: str, seed: int) -> None:
        document = answer.json()
        if len(document["data"]) != 1:
            self.faults["lost"] += 1
            return
        content = base64.b64decode(document["data"][0]["b64_json"])
        own = read_content(content, "answer", 64).texts.own or {}
        if (own.get("prompt"), own.get("seed")) != (prompt, seed):
            self.faults["swapped"] += 1
        image_id = document["limner"]["images"][0]["id"]
        if image_id in self._image_ids:
            self.faults["doubled"] += 1
        self._image_ids.add(image_id)
        self._jobs.add(answer.headers["limner-job"].rpartition("/")[2])

    def check_jobs(self) -> None:
        """Hold the answers against the jobs as they are stored."""
        found: dict[str, JobState] = {}
        before = None
        while listed := self.served.studio.jobs.list(owner=None, before=before, limit=500):
            found |= {one.job_id: one.state for one in listed}
            before = listed[-1].job_id
        self.faults["unasked jobs"] += len(found.keys() - self._jobs)
        self.faults["unfinished jobs"] += sum(
            found.get(one) is not JobState.FINISHED for one in self._jobs
        )
        self.faults += Counter()  # kinds that never happened are not listed


@contextmanager
def serving(home: Path, *, is_plain: bool = True) -> Generator[Served]:
    """`limner studio` on a new data folder, as processes of its own.

    Args:
        home: the data folder.
        is_plain: a whole picture is released and no mark is put in.
    """
    environment = dict(os.environ) | {"LIMNER_HOME": str(home)}
    if is_plain:
        (home / "plain.yaml").write_text(CRITERIA, encoding="utf-8")
        environment |= {"LIMNER_CRITERIA": str(home / "plain.yaml"), "LIMNER_MARK": "false"}
    command = [sys.executable, "-m", "limner", "studio", "--port", "0", "--no-browser"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    try:
        with limner.Studio(home) as studio:
            yield Served(url=url_of(process), studio=studio)
    finally:
        process.terminate()
        process.wait(START_SECONDS)
        if process.stdout is not None:
            process.stdout.close()


def url_of(process: subprocess.Popen[str]) -> str:
    """Where a `limner studio` that was just started listens; it has loaded by then."""
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("http"):
            return line.partition("/?")[0]
    raise RuntimeError("limner studio ended before it listened")
