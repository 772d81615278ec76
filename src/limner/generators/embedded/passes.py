"""One pass of the network for many requests: they join and leave at every pass.

Each course is at its own step of its own sampler, with its own guidance, prompt and canvas shape;
all that fits goes into one pass. There is no thread here: of the callers that wait for a step, one
runs the next pass for all of them, so a request that is alone runs as it would if there never were
others.

This module knows rows and arrays, nothing of prompts, pictures or networks.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager

import numpy as np

from limner.generators.embedded.course import Course, Way
from limner.generators.embedded.networks import Caption, Floats, PredictClean
from limner.generators.embedded.sampler import Canvas

# Shapes: B rows, C channels, H height, W width.

CELLS_IN_A_PASS = 1024  # of canvases; more of them gained nothing (docs/log.md)
AHEAD = 1  # steps a course may be ahead of what its caller was told
PACE_WEIGHT = 0.2  # of the newest pass in the running mean of seconds a row


class Passes:
    """The courses of one network, and the passes they share; safe from several threads.

    Args:
        predict: runs the network.
        max_cells: of canvases in one pass; a course that has more runs by itself.
        max_pictures: the same in pictures; ``None`` sets no limit.
        read_seconds: a steady clock.
    """

    def __init__(
        self,
        predict: PredictClean,
        *,
        max_cells: int = CELLS_IN_A_PASS,
        max_pictures: int | None = None,
        read_seconds: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._predict = predict
        self._max_cells = max_cells
        self._max_pictures = max_pictures
        self._read_seconds = read_seconds
        self._changed = threading.Condition()
        self._courses: list[Course] = []
        self._is_running = False
        self._row_seconds = 0.0  # running mean; nothing is known before the first pass
        self._joint: tuple[list[Course], Caption] | None = None
        self._room: Caption | None = None  # for as many rows as any pass had

    @contextmanager
    def course(self, way: Way) -> Generator[Course]:
        """A course that takes part from now on; on leaving, its rows are free at the next pass."""
        course = Course(way, self._read_seconds())
        with self._changed:
            self._courses.append(course)
        try:
            yield course
        finally:
            with self._changed:
                self._courses.remove(course)
                self._joint = None
                self._changed.notify_all()

    def next_step(self, course: Course) -> Canvas:
        """The clean estimate after the next step of a course; runs passes as long as none is there.

        Raises:
            Exception: what the network raised in a pass that this course was in.
        """
        while True:
            with self._changed:
                if course.num_untold:
                    return course.take_step()
                if course.fault is not None:
                    raise course.fault
                if self._is_running:
                    self._changed.wait()
                    continue
                chosen = self._chosen()
                self._is_running = True
            try:
                self._run(chosen)
            finally:
                with self._changed:
                    self._is_running = False
                    self._changed.notify_all()

    def _run(self, chosen: Sequence[Course]) -> None:
        started = self._read_seconds()
        noisy, times = zip(*(one.rows() for one in chosen), strict=True)
        try:
            clean = self._predict(noisy, np.concatenate(times), self._joint_caption(chosen))
        except Exception as error:  # noqa: BLE001 - told to every caller whose pass it was
            for one in chosen:
                one.fault = error
            return
        seconds = self._read_seconds() - started
        with self._changed:
            self._answer(chosen, clean, seconds)

    def _answer(self, chosen: Sequence[Course], clean: Sequence[Floats], seconds: float) -> None:
        num_pictures = sum(one.way.num_pictures for one in chosen)
        for one, clean_RCHW in zip(chosen, clean, strict=True):
            one.answer(clean_RCHW)
            one.seconds += seconds / num_pictures
            one.most_together = max(one.most_together, num_pictures)
        newest = seconds / sum(one.num_rows for one in chosen)
        weight = PACE_WEIGHT if self._row_seconds else 1.0
        self._row_seconds += weight * (newest - self._row_seconds)

    def _chosen(self) -> list[Course]:
        """Courses for the next pass: whose turn it is, and who else fits beside."""
        able = [one for one in self._courses if not one.is_over and one.num_untold <= AHEAD]
        able = [one for one in able if one.fault is None]
        first, *others = sorted(able, key=self._turn)
        chosen = [first]
        if first.way.is_alone:
            return chosen
        cells, pictures = first.num_cells, first.way.num_pictures
        for one in others:
            cells_then, pictures_then = cells + one.num_cells, pictures + one.way.num_pictures
            is_crowded = self._max_pictures is not None and pictures_then > self._max_pictures
            if one.way.is_alone or cells_then > self._max_cells or is_crowded:
                continue
            chosen.append(one)
            cells, pictures = cells_then, pictures_then
        return chosen

    def _turn(self, course: Course) -> float:
        """When it would have been done had it been alone since it came; the earliest goes first.

        Short ones overtake long ones, but a course of S seconds is overtaken only by those that
        come within S seconds of it: the oldest always gets there.
        """
        return course.joined_seconds + course.num_row_steps_left * self._row_seconds

    def _joint_caption(self, chosen: Sequence[Course]) -> Caption:
        """The captions of a pass; those of the last one again if the same courses are in it.

        They are laid into memory that is kept: fresh memory takes longer than the copying.
        """
        if len(chosen) == 1:
            return chosen[0].caption
        if self._joint is None or not _are_same(self._joint[0], chosen):
            captions = [one.caption for one in chosen]
            num_rows = sum(one.num_rows for one in chosen)
            if self._room is None or len(self._room.pooled) < num_rows:
                self._room = Caption(*(_rows_like(part, num_rows) for part in captions[0]))
            room = Caption(*(part[:num_rows] for part in self._room))
            for part, place in zip(zip(*captions, strict=True), room, strict=True):
                np.concatenate(part, out=place)
            self._joint = (list(chosen), room)
        return self._joint[1]


def _rows_like(part: Floats, num_rows: int) -> Floats:
    return np.empty((num_rows, *part.shape[1:]), part.dtype)


def _are_same(some: Sequence[Course], others: Sequence[Course]) -> bool:
    return len(some) == len(others) and all(a is b for a, b in zip(some, others, strict=True))
