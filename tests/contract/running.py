"""A server that really listens, and a worker that really draws jobs, on the painted generator."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import numpy as np
import uvicorn

from limner.app import open_enlargers
from limner.checks.integrity import Integrity
from limner.checks.request.terms import SHIPPED_TERMS, Terms
from limner.core.jobs import Job
from limner.core.judging import Better, CheckCard, Finding, ImageSubject, Limits
from limner.core.records import Request, Size
from limner.core.settings import Settings, read_settings
from limner.faces.http.app import make_app
from limner.store.repository import Store
from limner.studio.criteria_file import criteria_in_force
from limner.studio.judging import Judge
from limner.studio.parts import Parts
from limner.studio.studio import Studio
from limner.studio.tokens import Tokens
from limner.studio.working import run_worker
from limner.testing import PAINTED_CARD, PaintedGenerator

START_SECONDS = 60
TWO_CANVASES = replace(PAINTED_CARD, canvases=(Size(64, 64), Size(128, 128)))


class LeftSide:
    """A check that every other seed fails: whether the subject is on the left."""

    card = CheckCard(
        name="left-side",
        version="1",
        question="Is it on the left?",
        better=Better.HIGHER,
        limits=Limits(pass_at=1, fail_at=0),
    )

    def measure(self, subject: ImageSubject, /) -> Finding:
        columns = np.nonzero(subject.image_HWC[..., 3])[1]
        return Finding(score=float(columns.mean() < subject.image_HWC.shape[1] / 2))


class PreviewingPainter(PaintedGenerator):
    """The painted generator, with a preview after every step."""

    def generate(self, plan, seeds, *, on_step=None, is_cancelled=None):
        def with_preview(progress):
            shape = (progress.batch_size, 16, 16, 4)
            grey = np.full(shape, 40 + progress.step, np.uint8)
            on_step(replace(progress, read_preview=lambda: grey))

        told = None if on_step is None else with_preview
        yield from super().generate(plan, seeds, on_step=told, is_cancelled=is_cancelled)


class Seeds(NamedTuple):
    """Seeds one after another."""

    first: int
    count: int


@dataclass(kw_only=True)
class Running:
    """A running server.

    Attributes:
        url: without a slash at its end.
        studio: of the server.
        painter: that the worker draws with.
    """

    url: str
    studio: Studio
    painter: PaintedGenerator
    tokens: dict[tuple[str, str], str] = field(default_factory=dict)

    right_seeds = (0, 1, 4)
    left_seeds = (2, 3)
    mixed = Seeds(first=0, count=5)

    def token(self, name: str = "dana", scope: str = "generate") -> str:
        """A token of this person."""
        key = (name, scope)
        if key not in self.tokens:
            self.tokens[key] = Tokens(self.studio.parts).create(name, [scope]).text
        return self.tokens[key]

    def job(self, path: str) -> Job:
        """The job under an address of the native interface."""
        return self.studio.jobs.get(path.removeprefix("/api/jobs/"))

    def last_job(self) -> Job:
        """The newest job of all."""
        return self.studio.jobs.list(owner=None, limit=1)[0]

    def request(self, prompt: str, **changes: int) -> Request:
        """A request with this prompt."""
        return Request(prompt=prompt, **changes)

    def num_jobs(self) -> int:
        """How many jobs there are."""
        return len(self.studio.jobs.list(owner=None, limit=500))


def painted_parts(settings: Settings, painter: PaintedGenerator) -> Parts:
    """Parts with the real clock, whose checks load no network."""
    return Parts(
        settings=settings,
        open_generator=lambda: painter,
        open_store=lambda: Store.open(settings.home),
        open_judge=lambda: Judge(
            criteria=criteria_in_force(settings),
            request_checks={"terms": Terms(SHIPPED_TERMS)},
            image_checks={"integrity": Integrity(), "left-side": LeftSide()},
        ),
        read_clock=lambda: datetime.now(UTC),
        rng=np.random.default_rng(0),
        version="0.0.0",
        enlargers=open_enlargers(settings),
    )


@contextmanager
def serving(home: Path, criteria: Path, **variables: str) -> Generator[Running]:
    """A server and a worker on one data folder, as two studios that share nothing else."""
    environment = {"LIMNER_CRITERIA": str(criteria), "LIMNER_MARK": "false", **variables}
    settings = read_settings(default_home=home, environment=environment)
    painter = PreviewingPainter(card=TWO_CANVASES)
    with (
        Studio(painted_parts(settings, painter)) as studio,
        working(painted_parts(settings, painter)),
        listening(studio) as url,
    ):
        yield Running(url=url, studio=studio, painter=painter)


@contextmanager
def working(parts: Parts) -> Generator[None]:
    """A worker in a thread."""
    stop = threading.Event()
    thread = threading.Thread(target=lambda: run_worker(parts, stop=stop), daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(START_SECONDS)
        parts.close()


@contextmanager
def listening(studio: Studio) -> Generator[str]:
    """A server in a thread, on a port that is free."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
        server = uvicorn.Server(uvicorn.Config(make_app(studio), log_level="warning"))
        thread = threading.Thread(target=lambda: server.run(sockets=[listener]), daemon=True)
        thread.start()
        until(lambda: server.started)
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            server.should_exit = True
            thread.join(START_SECONDS)


def until(holds: Callable[[], object], *, seconds: float = START_SECONDS) -> None:
    """Wait until something holds."""
    ends_at = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < ends_at, "it never came to hold"
        time.sleep(0.01)
