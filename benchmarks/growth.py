"""How cost grows: time against pictures together, size, queue length and number of stored images.

Each curve changes one thing and leaves the rest. Its points take turns, so that all of them meet
the same machine. The ends of the bars are the fastest and the slowest round.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

import limner
from benchmarks.figure import Measurement, median_measurement
from benchmarks.many_images import FIRST_AT, add_images
from benchmarks.plot import Panel, Point, svg_of
from limner.core.drawing import Sketch
from limner.core.jobs import Happening
from limner.core.records import Operation, Size
from limner.generators.embedded import EmbeddedGenerator
from limner.store.jobs import NewJob
from limner.store.repository import Store

PLOT = Path(__file__).parents[1] / "docs" / "images" / "growth.svg"
PROMPT = "a red fox"
BATCHES, QUICK_BATCHES = (1, 2, 4, 8, 16, 32), (1, 2, 4)
SIDES_PX, QUICK_SIDES_PX = (64, 128, 256, 512, 1024, 2048), (64, 256, 1024)
QUEUES, QUICK_QUEUES = (1, 4, 16, 64, 256, 500), (1, 16, 64)
STORED, QUICK_STORED = (1, 10, 100, 1_000, 10_000, 100_000), (1, 100, 2_000)
ROUNDS, QUICK_ROUNDS = 15, 3
OWNERS = 4  # that queue

Times = Mapping[int, list[float]]
"""Seconds of every round, by point."""


def measure_growth(is_quick: bool) -> Measurement:
    """How many times longer a picture takes with 100,000 images stored than with one.

    The whole way of a picture: drawing, marking, checks, storing, sealing. Besides, curves of the
    time of pictures drawn together by their number, of a whole picture by its width and height, of
    taking a job from the queue by how many wait, and of a whole picture by how many images are
    stored are printed, and a full run draws them (docs/images/growth.svg). A quick run has the
    smaller half of the points; its last store holds 2,000 images.
    """
    rounds = QUICK_ROUNDS if is_quick else ROUNDS
    stored = stored_times(QUICK_STORED if is_quick else STORED, rounds)
    panels = [
        _panel(
            "Pictures drawn together", "pictures", "seconds for all of them",
            batch_times(QUICK_BATCHES if is_quick else BATCHES, rounds),
        ),
        _panel(
            "Size of a picture", "width and height in pixels", "seconds, drawn to sealed",
            size_times(QUICK_SIDES_PX if is_quick else SIDES_PX, rounds),
        ),
        _panel(
            "Length of the queue", "jobs that wait", "seconds to take the next",
            queue_times(QUICK_QUEUES if is_quick else QUEUES, rounds),
        ),
        _panel("Images in the store", "stored images", "seconds, drawn to sealed", stored),
    ]  # fmt: skip
    for panel in panels:
        print(f"{panel.title}: {panel.upwards}")
        for one in panel.points:
            print(f"  {one.at:>8,.0f}  {one.median:.4f}  ({one.low:.4f} to {one.high:.4f})")
    if not is_quick:
        PLOT.write_text(svg_of(panels), encoding="utf-8")
    first, *_, last = stored.values()
    return median_measurement([after / before for before, after in zip(first, last, strict=True)])


def batch_times(batches: Sequence[int], rounds: int) -> Times:
    """Drawing pictures of one request together, the drawing alone, at the default steps."""
    generator = EmbeddedGenerator(batch_size=max(batches))
    card = generator.card
    sketch = Sketch(
        operation=Operation.TEXT,
        prompt=PROMPT,
        negative="",
        style=None,
        steps=card.steps.default,
        guidance=card.guidance.default,
        sampler=card.samplers[0],
        canvas=card.canvases[0],
        is_transparent=False,
    )
    plan = generator.prepare(sketch)

    def draw(num: int) -> float:
        started = time.perf_counter()
        list(generator.generate(plan, range(num)))
        return time.perf_counter() - started

    return _in_turn(batches, draw, rounds)


def size_times(sides_px: Sequence[int], rounds: int) -> Times:
    """A whole picture by its width and height; the network draws 256 pixels whatever is asked."""
    with tempfile.TemporaryDirectory() as home, limner.Studio(home) as studio:
        draw = _drawer(studio)
        return _in_turn(sides_px, lambda side_px: draw(Size(side_px, side_px)), rounds)


def queue_times(lengths: Sequence[int], rounds: int) -> Times:
    """Taking the next job; what was taken ends and another waits before the next take."""
    with tempfile.TemporaryDirectory() as folder:
        queues = {length: _Queue(Path(folder) / str(length), length) for length in lengths}
        try:
            return _in_turn(lengths, lambda length: queues[length].take(), rounds)
        finally:
            for queue in queues.values():
                queue.store.close()


def stored_times(numbers: Sequence[int], rounds: int) -> Times:
    """A whole picture by how many images are stored; each has a data folder of its own."""
    with tempfile.TemporaryDirectory() as folder:
        studios = {number: limner.Studio(Path(folder) / str(number)) for number in numbers}
        try:
            for number, studio in studios.items():
                (image,) = studio.generate(PROMPT, seed=0)
                add_images(Path(folder) / str(number), image.image_id, range(number - 1))
            drawers = {number: _drawer(studio) for number, studio in studios.items()}
            return _in_turn(numbers, lambda number: drawers[number](None), rounds)
        finally:
            for studio in studios.values():
                studio.close()


def _drawer(studio: limner.Studio) -> Callable[[Size | None], float]:
    """Draws another picture at every call, and says how long it took."""
    seeds = iter(range(1, 2**31))

    def draw(size: Size | None) -> float:
        asked = {} if size is None else {"size": str(size)}
        started = time.perf_counter()
        list(studio.generate(PROMPT, seed=next(seeds), **asked))
        return time.perf_counter() - started

    return draw


class _Queue:
    """A store where so many jobs wait."""

    def __init__(self, home: Path, length: int) -> None:
        self.store = Store.open(home)
        self._num_added = 0
        for _ in range(length):
            self._add()

    def take(self) -> float:
        """Seconds of taking the next job."""
        started = time.perf_counter()
        claim = self.store.leases.claim("worker", FIRST_AT)
        seconds = time.perf_counter() - started
        assert claim is not None
        self.store.leases.end(claim, Happening.FAIL, FIRST_AT, seconds=seconds, num_images=0)
        self._add()
        return seconds

    def _add(self) -> None:
        number = self._num_added
        self._num_added += 1
        new = NewJob(
            job_id=f"job-{number}",
            owner=f"owner {number % OWNERS}",
            priority=0,
            file_format="png",
            client="",
            asked_sha256=str(number),
            request={"prompt": PROMPT},
            shots=((PROMPT, number),),
            created_at=FIRST_AT,
        )
        self.store.jobs.add(new)


def _in_turn(points: Sequence[int], run: Callable[[int], float], rounds: int) -> Times:
    """Every point once to warm up, then once a round, in turn and back."""
    times: dict[int, list[float]] = {point: [] for point in points}
    for number in range(rounds + 1):
        for point in points[:: -1 if number % 2 else 1]:
            seconds = run(point)
            if number:
                times[point].append(seconds)
    return times


def _panel(title: str, across: str, upwards: str, times: Times) -> Panel:
    points = [
        Point(at=at, median=float(np.median(taken)), low=min(taken), high=max(taken))
        for at, taken in times.items()
    ]
    return Panel(title=title, across=across, upwards=upwards, points=points)
