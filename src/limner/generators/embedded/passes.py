"""One pass of the network for many requests: they join and leave at every pass.

Each course is at its own step of its own sampler, with its own guidance, prompt and canvas shape;
all that fits goes into one pass. Where the network lets passes run side by side, the courses are
shared out among them. There is no thread here: of the callers that wait for a step, one runs the
next pass for all that are in it, so a request that is alone runs as it would if there never were
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
from limner.generators.embedded.rows import SIZES_BESIDE
from limner.generators.embedded.sampler import Canvas

# Shapes: B rows, C channels, H height, W width.

CELLS_IN_A_PASS = 1024  # of canvases; more of them gained nothing (docs/log.md)
ROWS_BESIDE = max(SIZES_BESIDE)  # of a pass that runs beside others
AHEAD = 1  # steps a course may be ahead of what its caller was told
PACE_WEIGHT = 0.2  # of the newest pass in the running mean of seconds a row


class Passes:
    """The courses of one network, and the passes they share; safe from several threads.

    Args:
        predict: runs the network.
        max_cells: of canvases in one pass; a course that has more runs by itself.
        max_pictures: the same in pictures; ``None`` sets no limit.
        read_num_beside: how many passes may run side by side now; `predict` is then told
            ``is_beside=True``.
        read_seconds: a steady clock.
    """

    def __init__(
        self,
        predict: PredictClean,
        *,
        max_cells: int = CELLS_IN_A_PASS,
        max_pictures: int | None = None,
        read_num_beside: Callable[[], int] = lambda: 1,
        read_seconds: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._predict = predict
        self._max_cells = max_cells
        self._max_pictures = max_pictures
        self._read_num_beside = read_num_beside
        self._read_seconds = read_seconds
        self._lock = threading.Lock()
        self._waiting: dict[Course, threading.Condition] = {}
        self._courses: list[Course] = []
        self._running: list[list[Course]] = []
        self._num_beside = 1  # as read when the first of those that run began
        self._row_seconds = 0.0  # running mean; nothing is known before the first pass
        self._joints: list[_Joint] = []  # of passes that do not run

    @property
    def are_beside(self) -> bool:
        """Whether passes run side by side at this moment."""
        return self._num_beside > 1

    @contextmanager
    def course(self, way: Way) -> Generator[Course]:
        """A course that takes part from now on; on leaving, its rows are free at the next pass."""
        course = Course(way, self._read_seconds())
        with self._lock:
            self._courses.append(course)
        try:
            yield course
        finally:
            with self._lock:
                self._courses.remove(course)
                for joint in self._joints:
                    joint.courses = []
                self._wake_one()

    def next_step(self, course: Course) -> Canvas:
        """The clean estimate after the next step of a course; runs passes as long as none is there.

        Raises:
            Exception: what the network raised in a pass that this course was in.
        """
        while True:
            with self._lock:
                if course.num_untold:
                    return course.take_step()
                if course.fault is not None:
                    raise course.fault
                chosen = self._chosen()
                if not chosen:
                    self._wait(course)
                    continue
                self._running.append(chosen)
                is_beside = self._num_beside > 1 and not chosen[0].way.is_alone
            try:
                self._run(chosen, is_beside=is_beside)
            finally:
                with self._lock:
                    self._running.remove(chosen)
                    for one in chosen:
                        self._wake(one)
                    self._wake_one()

    def _wait(self, course: Course) -> None:
        """Wait until the course has a step, or another pass may run."""
        self._waiting[course] = waiter = threading.Condition(self._lock)
        try:
            waiter.wait()
        finally:
            self._waiting.pop(course, None)

    def _wake(self, course: Course) -> None:
        if course in self._waiting:
            self._waiting.pop(course).notify()

    def _wake_one(self) -> None:
        """Wake somebody who may run the next pass; all of them would be in each other's way."""
        if self._waiting:
            self._wake(next(iter(self._waiting)))

    def _run(self, chosen: list[Course], *, is_beside: bool) -> None:
        started = self._read_seconds()
        noisy, times = zip(*(one.rows() for one in chosen), strict=True)
        more = {"is_beside": True} if is_beside else {}
        try:
            with self._joint_caption(chosen) as caption:
                clean = self._predict(noisy, np.concatenate(times), caption, **more)
        except Exception as error:  # noqa: BLE001 - told to every caller whose pass it was
            for one in chosen:
                one.fault = error
            return
        seconds = self._read_seconds() - started
        with self._lock:
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
        """Courses for the next pass: whose turn it is, and who else fits beside.

        None where no more passes may run now, or nobody waits for one. Of several passes side by
        side each has its share of the courses, all of one shape: those of others would run after
        them, and not beside.
        """
        if not self._running:
            self._num_beside = self._read_num_beside() if len(self._courses) > 1 else 1
        num_more = self._num_beside - len(self._running)
        able = self._able()
        if num_more < 1 or not able:
            return []
        first, *others = sorted(able, key=self._turn)
        chosen = [first]
        if first.way.is_alone:
            return chosen
        max_cells = self._max_cells
        if self._num_beside > 1:
            others = [one for one in others if one.shape == first.shape]
            share = -(-sum(one.num_rows for one in able) // num_more)
            max_cells = min(max_cells, min(share, ROWS_BESIDE) * first.num_cells // first.num_rows)
        cells, pictures = first.num_cells, first.way.num_pictures
        for one in others:
            cells_then, pictures_then = cells + one.num_cells, pictures + one.way.num_pictures
            is_crowded = self._max_pictures is not None and pictures_then > self._max_pictures
            if one.way.is_alone or cells_then > max_cells or is_crowded:
                continue
            chosen.append(one)
            cells, pictures = cells_then, pictures_then
        return chosen

    def _able(self) -> list[Course]:
        """Courses that a pass may take: not at their end, not ahead, and in no pass now."""
        busy = {one for chosen in self._running for one in chosen}
        able = [one for one in self._courses if not one.is_over and one.num_untold <= AHEAD]
        return [one for one in able if one.fault is None and one not in busy]

    def _turn(self, course: Course) -> float:
        """When it would have been done had it been alone since it came; the earliest goes first.

        Short ones overtake long ones, but a course of S seconds is overtaken only by those that
        come within S seconds of it: the oldest always gets there.
        """
        return course.joined_seconds + course.num_row_steps_left * self._row_seconds

    @contextmanager
    def _joint_caption(self, chosen: list[Course]) -> Generator[Caption]:
        """The captions of a pass; those of an earlier one again if the same courses are in it.

        They are laid into memory that is kept: fresh memory takes longer than the copying.
        """
        if len(chosen) == 1:
            yield chosen[0].caption
            return
        with self._lock:
            joint = self._idle_joint(chosen)
        try:
            yield joint.caption_of(chosen)
        finally:
            with self._lock:
                self._joints.append(joint)

    def _idle_joint(self, chosen: list[Course]) -> _Joint:
        same = [one for one in self._joints if one.courses == chosen]
        joint = (same or self._joints or [_Joint()])[0]
        self._joints = [one for one in self._joints if one is not joint]
        return joint


class _Joint:
    """Memory for the captions of a pass.

    Attributes:
        courses: whose captions it has.
    """

    def __init__(self) -> None:
        self.courses: list[Course] = []
        self._room: Caption | None = None  # for as many rows as any pass had

    def caption_of(self, courses: list[Course]) -> Caption:
        """The captions of courses, one after the other."""
        num_rows = sum(one.num_rows for one in courses)
        captions = [one.caption for one in courses]
        if self._room is None or len(self._room.pooled) < num_rows:
            self._room = Caption(*(_rows_like(part, num_rows) for part in captions[0]))
            self.courses = []
        room = Caption(*(part[:num_rows] for part in self._room))
        if self.courses != courses:
            for part, place in zip(zip(*captions, strict=True), room, strict=True):
                np.concatenate(part, out=place)
            self.courses = list(courses)
        return room


def _rows_like(part: Floats, num_rows: int) -> Floats:
    return np.empty((num_rows, *part.shape[1:]), part.dtype)
