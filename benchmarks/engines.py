"""What engines in processes of their own promise: a killed one loses no job, a cancelled one stops.

The engine is the embedded model, opened by `open_embedded` in a process of its own, as the setting
``engines`` has it; the jobs, the worker and the store are the product's.
"""

from __future__ import annotations

import os
import signal
import tempfile
import time
from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event, Thread
from typing import cast

import numpy as np

from benchmarks.figure import Measurement
from limner.app import wire_parts
from limner.core.drawing import StepProgress
from limner.core.errors import DrawingCancelled
from limner.core.forms import ModelForm
from limner.core.jobs import OVER, JobState
from limner.core.models import Licence
from limner.core.ports import Generator as Engine
from limner.core.records import Operation, Request
from limner.core.settings import Settings, read_settings
from limner.generators.conformance import Trial
from limner.generators.embedded import EmbeddedGenerator
from limner.generators.process.generator import ProcessGenerator
from limner.studio.model_shelf import ModelShelf
from limner.studio.parts import Parts
from limner.studio.studio import Studio
from limner.studio.working import run_worker

NAME = "far-1"
STEPS = 12
DEADLINE_SECONDS = 1800.0


def open_embedded(_: ModelForm) -> Engine:
    """The embedded model behind a form; what the engine's process is started with."""
    return EmbeddedGenerator(num_threads=1)


def measure_engine_kills(is_quick: bool) -> Measurement:
    """Jobs lost, or finished without exactly their pictures, after 50 forced kills of an engine.

    A worker draws jobs of two pictures with an engine in a process of its own. Whenever the engine
    has been up for a random moment of up to two seconds, it is killed with SIGKILL, 50 times; then
    what is left is drawn. A job that three kills in a row happened to hit is parked, and retried
    as a person would; how many were is printed. The worker's own process must outlive them all.
    """
    num_kills = 3 if is_quick else 50
    rng = np.random.default_rng(6)
    with tempfile.TemporaryDirectory() as folder:
        settings = _settings(Path(folder) / "home")
        with Studio(wire_parts(settings)) as studio, _working(settings) as (engine, worker):
            job_ids: list[str] = []
            for _ in range(num_kills):
                _fill(studio, job_ids)
                _kill_in_mid_job(studio, engine, float(rng.uniform(0, 2)))
            num_retried = _finish(studio, job_ids)
            faults = _faults(studio, job_ids)
            faults["the worker ended"] += not worker.is_alive()
            studio.parts.generator_of(NAME).close()  # pyright: ignore[reportAttributeAccessIssue]
    lost = sum(faults.values())
    told = {name: count for name, count in faults.items() if count} or "none"
    print(f"{num_kills} kills, {len(job_ids)} jobs, {num_retried} retried; faults: {told}")
    return Measurement(value=float(lost), n=num_kills)


def measure_engine_cancels(is_quick: bool) -> Measurement:
    """Most steps an engine ran after it was cancelled, over 50 cancels at random moments.

    Drawings with an engine in a process of its own are cancelled by another thread at a random
    moment; the steps told after that are counted, the one that was running then among them. After
    each the next drawing must reach its first step. Also printed: how long a cancelled drawing
    took to end.
    """
    num_cancels = 5 if is_quick else 50
    rng = np.random.default_rng(7)
    with tempfile.TemporaryDirectory() as folder:
        parts = wire_parts(_settings(Path(folder) / "home"))
        engine = cast(ProcessGenerator, parts.generator_of(NAME))
        trial = Trial(generator=engine, num_steps=STEPS)
        step_seconds = _step_seconds(trial)
        late: list[int] = []
        delays_ms: list[float] = []
        while len(late) < num_cancels:
            after_seconds = float(rng.uniform(0.5, STEPS - 1.5)) * step_seconds
            if (found := _cancel_once(trial, after_seconds)) is not None:
                late.append(found[0])
                delays_ms.append(1000 * found[1])
        engine.close()
    print(
        f"{num_cancels} cancels: ended in {np.quantile(delays_ms, 0.5):.0f} ms at p50, "
        f"{np.quantile(delays_ms, 0.95):.0f} ms at p95; a step takes {1000 * step_seconds:.0f} ms"
    )
    return Measurement(value=float(max(late)), n=num_cancels)


def _settings(home: Path) -> Settings:
    """Settings of a data folder whose shelf has the embedded model in a process of its own."""
    settings = read_settings(
        default_home=home,
        home=home,
        environment={"LIMNER_ENGINES": "far=benchmarks.engines:open_embedded"},
    )
    card = EmbeddedGenerator().card
    form = ModelForm(
        name=NAME,
        version=card.version,
        engine="far",
        location="inside the package",
        files={},
        licence=Licence(expression=card.licence, source="LICENSE", reviewer="benchmarks"),
        canvases=card.canvases,
        side_px=card.side_px,
        steps=card.steps,
        guidance=card.guidance,
        samplers=card.samplers,
        strength=card.strength,
        max_prompt_tokens=card.max_prompt_tokens,
        operations=frozenset({Operation.TEXT}),
        abilities=card.abilities,
    )
    ModelShelf(home, lambda _: EmbeddedGenerator()).keep(form)
    return settings


@contextmanager
def _working(settings: Settings) -> Generator[tuple[ProcessGenerator, Thread]]:
    """A worker of the data folder in a thread, and the engine it draws with."""
    parts: Parts = wire_parts(settings)
    stop = Event()
    thread = Thread(target=lambda: run_worker(parts, stop=stop), daemon=True)
    engine = cast(ProcessGenerator, parts.generator_of(NAME))
    thread.start()
    try:
        yield engine, thread
    finally:
        stop.set()
        thread.join(60)
        engine.close()
        parts.close()


def _fill(studio: Studio, job_ids: list[str]) -> None:
    while studio.jobs.num_waiting() < 2:
        number = len(job_ids)
        request = Request(
            prompt="a red fox", model=NAME, seed=100 * number, num_images=2, steps=STEPS
        )
        job_ids.append(studio.jobs.submit(request, owner=f"owner {number % 3}").job_id)


def _kill_in_mid_job(studio: Studio, engine: ProcessGenerator, after_seconds: float) -> None:
    """Kill the engine's process that draws, some time after it was seen."""
    ends_at = time.monotonic() + DEADLINE_SECONDS
    while not (studio.parts.store.leases.held() and engine.pid is not None):
        assert time.monotonic() < ends_at, "no job was taken"
        time.sleep(0.01)
    time.sleep(after_seconds)
    pid = engine.pid
    if pid is not None:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    while engine.pid == pid and pid is not None:
        time.sleep(0.01)


def _finish(studio: Studio, job_ids: list[str]) -> int:
    """Wait until every job is over; how many were parked and retried."""
    num_retried, ends_at = 0, time.monotonic() + DEADLINE_SECONDS
    while True:
        jobs = [studio.jobs.get(job_id) for job_id in job_ids]
        for job in jobs:
            if job.state is JobState.PARKED:
                studio.jobs.retry(job.job_id)
                num_retried += 1
        if all(job.state in OVER and job.state is not JobState.PARKED for job in jobs):
            return num_retried
        assert time.monotonic() < ends_at, "the jobs do not end"
        time.sleep(0.2)


def _faults(studio: Studio, job_ids: list[str]) -> Counter[str]:
    faults: Counter[str] = Counter()
    for number, job_id in enumerate(job_ids):
        job = studio.jobs.get(job_id)
        seeds = sorted(one.seed for one in job.images)
        faults["jobs not finished"] += job.state is not JobState.FINISHED
        faults["jobs with other pictures than asked"] += seeds != [100 * number, 100 * number + 1]
    return faults


def _step_seconds(trial: Trial) -> float:
    """How long a step takes, the engine being loaded."""
    trial.draw(0)
    told_at: list[float] = []
    trial.draw(1, on_step=lambda _: told_at.append(time.perf_counter()))
    return float(np.median(np.diff(told_at)))


def _cancel_once(trial: Trial, after_seconds: float) -> tuple[int, float] | None:
    """Steps told after cancelling, and seconds until the drawing ended; ``None`` if it was over."""
    cancelled, steps_after = Event(), 0
    cancelled_at = 0.0
    thread: Thread | None = None

    def cancel() -> None:
        nonlocal cancelled_at
        time.sleep(after_seconds)
        cancelled_at = time.perf_counter()
        cancelled.set()

    def on_step(_: StepProgress) -> None:
        nonlocal steps_after, thread
        if thread is None:
            thread = Thread(target=cancel)
            thread.start()
        steps_after += cancelled.is_set()

    try:
        trial.draw(2, on_step=on_step, is_cancelled=cancelled.is_set)
    except DrawingCancelled:
        ended_at = time.perf_counter()
        _require_free(trial)
        return steps_after, ended_at - cancelled_at
    finally:
        if thread is not None:
            thread.join()
    return None


def _require_free(trial: Trial) -> None:
    """Draw again up to the first step; raises if the engine does not."""
    told: list[StepProgress] = []
    with suppress(DrawingCancelled):
        trial.draw(3, on_step=told.append, is_cancelled=lambda: bool(told))
    assert len(told) == 1, "the engine was not freed"
