"""Withdrawing a right: how long it takes to list and block every image it covers."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from benchmarks.figure import Measurement
from limner.app import open_judge
from limner.core.hashing import canonical_json, sha256_of_bytes
from limner.core.records import Request
from limner.core.rights import RightsEntry, RightsKind
from limner.core.settings import read_settings
from limner.store import schema
from limner.store.database import open_database, transaction
from limner.store.repository import Store
from limner.studio import rights
from limner.studio.generate import generate
from limner.studio.parts import Parts
from limner.testing import PaintedGenerator

NUM_IMAGES = 100_000
NUM_QUICK = 5_000
BATCH_ROWS = 1_000
WHOLE = Path(__file__).parents[1] / "tests" / "assets" / "whole.yaml"  # loads no network
START = datetime(2026, 1, 1, tzinfo=UTC)


def measure_withdrawal(is_quick: bool) -> Measurement:
    """Seconds from the withdrawal of a model's training source until all its images are blocked.

    The worst case: 100,000 stored images, every one drawn by the model that was trained on the
    source. Each gets a decision and an entry of the ledger, durably, in transactions of 2,000 with
    signed checkpoints. Also printed: how long listing alone takes, and withdrawing a consent that
    covers one image in a hundred. The rows are made from one painted image; files play no part.
    """
    num_images = NUM_QUICK if is_quick else NUM_IMAGES
    with tempfile.TemporaryDirectory() as folder:
        parts = _parts(Path(folder))
        _fill(parts, num_images)
        consent = rights.add(parts, _consent()).stored.entry_id
        source = rights.add(parts, _source()).stored.entry_id
        started = time.perf_counter()
        num_listed = len(rights.affected(parts, source))
        listed_seconds = time.perf_counter() - started
        num_named, named_seconds = _withdraw(parts, consent)
        before = time.process_time()
        num_blocked, seconds = _withdraw(parts, source)
        processor_seconds = time.process_time() - before
        parts.close()
    assert (num_listed, num_named + num_blocked) == (num_images, num_images)
    print(f"{num_images} images, {num_listed} listed in {listed_seconds:.1f} s")
    print(f"a consent that covers {num_named}: listed and blocked in {named_seconds:.1f} s")
    print(f"a source that covers all: {num_blocked} more blocked in {seconds:.1f} s")
    print(f"of that, processor time of this process: {processor_seconds:.1f} s")
    return Measurement(value=round(seconds, 2), n=num_images)


def _withdraw(parts: Parts, entry_id: int) -> tuple[int, float]:
    started = time.perf_counter()
    num_blocked = len(rights.withdraw(parts, entry_id).blocked)
    return num_blocked, time.perf_counter() - started


def _parts(home: Path) -> Parts:
    """Real parts, but for the clock and the generator, which paints."""
    settings = read_settings(default_home=home, environment={"LIMNER_CRITERIA": str(WHOLE)})
    return Parts(
        settings=settings,
        open_generator=PaintedGenerator,
        open_store=lambda: Store.open(settings.home),
        open_judge=lambda: open_judge(settings, lambda text: None),
        read_clock=lambda: START,
        rng=np.random.default_rng(0),
        version="0",
    )


def _consent() -> RightsEntry:
    ends = datetime(2027, 1, 1, tzinfo=UTC)
    return RightsEntry(kind=RightsKind.CONSENT, name="Jane Doe", purpose="posters", expires_at=ends)


def _source() -> RightsEntry:
    return RightsEntry(
        kind=RightsKind.SOURCE, title="icons 1.0", licence="MIT", keys=("model:painted",)
    )


def _fill(parts: Parts, num_images: int) -> None:
    """One image is drawn, the rows of the others are made from its row."""
    (drawn,) = generate(parts, Request(prompt="a red fox in the snow", seed=1), "png")
    engine = open_database(parts.settings.home)
    with transaction(engine) as connection:
        is_drawn = schema.images.c.image_id == drawn.image_id
        template = connection.execute(schema.images.select().where(is_drawn)).one()._asdict()
    for start in range(1, num_images, BATCH_ROWS):
        with transaction(engine) as connection:
            rows = list(_rows(template, start, min(start + BATCH_ROWS, num_images)))
            connection.execute(schema.images.insert(), rows)
    engine.dispose()


def _rows(template: dict[str, object], start: int, stop: int) -> Iterator[dict[str, object]]:
    """Rows as drawing leaves them; one in a hundred names a person."""
    recipe = json.loads(str(template["recipe"]))
    for number in range(start, stop):
        who = "jane doe" if number % 100 == 0 else "a red fox"
        text = canonical_json(recipe | {"prompt": f"{who} in the snow, number {number}"})
        yield template | {
            "image_id": sha256_of_bytes(f"file {number}".encode()),
            "pixels_sha256": sha256_of_bytes(f"pixels {number}".encode()),
            "recipe_sha256": sha256_of_bytes(text.encode()),
            "recipe": text,
        }
