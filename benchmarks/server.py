"""What the server promises: it answers at once, and nothing that is sent makes it fail."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from threading import Event, Thread
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.figure import Measurement, median_measurement
from limner.app import load_settings, open_judge
from limner.faces.http.app import make_app
from limner.faces.http.rates import Rate
from limner.store.repository import Store
from limner.studio.parts import Parts
from limner.studio.studio import Studio
from limner.studio.tokens import Tokens
from limner.studio.working import run_worker
from limner.testing import PaintedGenerator

if TYPE_CHECKING:
    import schemathesis
    from hypothesis.strategies import SearchStrategy

POLL_SECONDS = 0.005
PATIENCE_SECONDS = 60.0

CRITERIA = """
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


def measure_server_start(is_quick: bool) -> Measurement:
    """Seconds from starting `limner studio` to its first answer on `/health`, in fresh processes.

    The first process, which reads the files from disk and makes the database, is left out. Asked
    every 5 ms; the time in which the interpreter starts is in it. Also printed: the seconds until
    the first route that reads the database answers.
    """
    with tempfile.TemporaryDirectory() as home:
        timed = [_start(home) for _ in range((3 if is_quick else 20) + 1)]
    ready = sorted(one[1] for one in timed[1:])
    print(f"the whole API answers after {ready[len(ready) // 2]:.2f} s (median)")
    return median_measurement([one[0] for one in timed[1:]])


def measure_api_fuzz(is_quick: bool) -> Measurement:
    """Answers of 500 and above to what schemathesis makes of the OpenAPI; none is allowed.

    Every operation of the published schema, with a token of every scope, gets requests that keep
    to the schema and requests that do not, 100 in all and 6 in a quick run, and a tenth as many
    without a token. The painted generator draws what is accepted, in a worker of its own.
    What was answered is printed by status.
    """
    with tempfile.TemporaryDirectory() as home:
        Path(home, "criteria.yaml").write_text(CRITERIA, encoding="utf-8")
        with _painted(Path(home)) as studio, _worker(Path(home)):
            answered = _fuzz(studio, num_examples=6 if is_quick else 100)
    num_faults = sum(num for (_, status), num in answered.items() if status >= 500)
    by_status = Counter[int]()
    for (operation, status), num in answered.items():
        by_status[status] += num
        if status >= 500:
            print(f"{status} from {operation}: {num} times")
    print("answers by status:", dict(sorted(by_status.items())))
    return Measurement(value=float(num_faults), n=sum(answered.values()))


def _start(home: str) -> tuple[float, float]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "limner", "studio", "--no-browser", "--port", str(port)]
    started = time.perf_counter()
    process = subprocess.Popen(
        command,
        env={**os.environ, "LIMNER_HOME": home},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        first = _answered(f"http://127.0.0.1:{port}/health", started)
        whole = _answered(f"http://127.0.0.1:{port}/openapi.json", started)
    finally:
        process.terminate()
        process.wait()
    return first, whole


def _answered(address: str, started: float) -> float:
    while time.perf_counter() - started < PATIENCE_SECONDS:
        try:
            with urllib.request.urlopen(address, timeout=PATIENCE_SECONDS) as answer:
                answer.read()
            return time.perf_counter() - started
        except urllib.error.URLError:
            time.sleep(POLL_SECONDS)
    raise TimeoutError(f"{address} did not answer")


def _parts(home: Path) -> Parts:
    settings = load_settings(home)
    painter = PaintedGenerator()
    return Parts(
        settings=settings,
        open_generator=lambda: painter,
        open_store=lambda: Store.open(home),
        open_judge=lambda: open_judge(settings, lambda _text: None),
        read_clock=lambda: datetime.now(UTC),
        rng=np.random.default_rng(0),
        version="0.0.0",
    )


@contextmanager
def _painted(home: Path) -> Generator[Studio]:
    with Studio(_parts(home)) as studio:
        list(studio.generate("a fox", seed=1))  # something to be found
        yield studio


@contextmanager
def _worker(home: Path) -> Generator[None]:
    parts, stop = _parts(home), Event()
    thread = Thread(target=lambda: run_worker(parts, stop=stop))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
        parts.close()


def _fuzz(studio: Studio, *, num_examples: int) -> Counter[tuple[str, int]]:
    import schemathesis

    app = make_app(studio)
    every = Rate(per_second=1e9, burst=1e9)
    app.state.services.rates.known = app.state.services.rates.unknown = every
    token = Tokens(studio.parts).create("fuzz", ["admin"]).text
    known = {"Host": "localhost", "Authorization": f"Bearer {token}"}
    answered = Counter[tuple[str, int]]()
    schema = schemathesis.openapi.from_asgi("/openapi.json", app, headers={"Host": "localhost"})
    for result in schema.get_all_operations():
        operation = result.ok()
        answered += _ask(operation, known, num_examples)
        answered += _ask(operation, {"Host": "localhost"}, max(1, num_examples // 10))
    return answered


def _ask(
    operation: schemathesis.APIOperation, headers: dict[str, str], num_examples: int
) -> Counter[tuple[str, int]]:
    from hypothesis import HealthCheck, Phase, given, settings

    answered = Counter[tuple[str, int]]()

    @settings(
        max_examples=num_examples,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=_cases(operation))
    def ask(case: schemathesis.Case) -> None:
        answered[operation.label, int(case.call(headers=headers).status_code)] += 1

    ask()
    return answered


def _cases(operation: schemathesis.APIOperation) -> SearchStrategy[schemathesis.Case]:
    """Requests that keep to the schema, and such as do not."""
    from hypothesis import strategies
    from schemathesis import GenerationMode

    kept = operation.as_strategy(generation_mode=GenerationMode.POSITIVE)
    try:
        broken = operation.as_strategy(generation_mode=GenerationMode.NEGATIVE)
    except Exception:  # noqa: BLE001 - an operation without parameters has nothing to break
        return kept
    return strategies.one_of(kept, broken)
