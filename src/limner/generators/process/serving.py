"""What an engine's process has in hand: requests that wait, and those that share a pass.

One thread does all of it, so an engine need not know of others. The oldest request goes first, and
with it those that agree with it, as many as the engine takes in a pass (`Together`); a request with
more pictures than that queues again for each further pass, once its pictures were taken, so nobody
waits longer than for the pass that runs and the turns before. An engine that does not offer
passes draws one whole request after another.

At every step each request in the pass is told, and says whether to go on. One that stops is let go
of at once and its picture thrown away; the pass ends early when nobody is left in it. A pass that
fails is drawn in halves, so that only the picture it failed by fails, and a pass that is too large
for the memory gets smaller.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from itertools import groupby
from queue import SimpleQueue
from typing import BinaryIO, NamedTuple

from limner.core.drawing import Plan, StepProgress
from limner.core.errors import DrawingCancelled, LimnerError
from limner.core.ports import Generator
from limner.generators.process.frames import Frame, write_frame
from limner.generators.process.messages import (
    OUT_OF_MEMORY,
    drawn_frame,
    error_frame,
    error_of_any,
    plan_frame,
    sketch_of,
    step_frame,
)
from limner.generators.together import PassStep, Row, Together, progress_of


@dataclass(eq=False, kw_only=True)
class Asked:
    """A request that is being drawn.

    Attributes:
        talk: under which it speaks.
        kind: of its plan, to the engine; ``None`` where each picture is drawn alone.
        num_done: pictures it was given.
        is_over: nothing more is drawn for it.
    """

    talk: int
    plan: Plan
    seeds: Sequence[int]
    kind: Hashable | None
    num_done: int = 0
    is_over: bool = False


class Place(NamedTuple):
    """One row of a pass, and whose it is."""

    asked: Asked
    seed: int


class Serving:
    """Serves one engine to everybody who speaks with its process.

    Args:
        generator: the engine.
        said: frames that come in.
        answers: they are answered on.
    """

    def __init__(self, generator: Generator, said: SimpleQueue[Frame], answers: BinaryIO) -> None:
        self._generator = generator
        self._together = generator if isinstance(generator, Together) else None
        self._said, self._answers = said, answers
        self._most_rows = self._together.batch_size if self._together else 1
        self._waiting: list[Asked] = []
        self._paused: list[Asked] = []
        self._running: list[Asked] = []

    @property
    def is_shared(self) -> bool:
        """Whether several may have requests here at once."""
        return self._together is not None

    def serve_next(self) -> None:
        """Take what was said, and draw one pass of what waits longest."""
        while not self._waiting:
            self._take(self._said.get())
        while not self._said.empty():
            self._take(self._said.get())
        if not self._waiting:
            return
        if self._together is None:
            self._draw_whole(self._waiting.pop(0))
        else:
            self._draw_pass(self._together, self._next_places())

    def _take(self, frame: Frame) -> None:
        """What is said between passes, or by somebody who is in none."""
        try:
            if frame.kind == "prepare":
                self._say(plan_frame(self._generator.prepare(sketch_of(frame))), frame.talk)
            elif frame.kind == "generate":
                self._waiting.append(self._asked_by(frame))
            elif frame.kind == "go":
                self._waiting += _taken_from(self._paused, frame.talk)
            elif frame.kind == "stop":
                self._stop(frame.talk)
        except Exception as error:  # noqa: BLE001 - told to who asked; the others go on
            self._say(error_frame(error_of_any(error)), frame.talk)

    def _asked_by(self, frame: Frame) -> Asked:
        plan = self._generator.prepare(sketch_of(frame))
        kind = self._together.kind_of(plan) if self._together else None
        return Asked(talk=frame.talk, plan=plan, seeds=frame.values["seeds"], kind=kind)

    def _stop(self, talk: int) -> None:
        """Let go of a request, wherever it is."""
        found = [one for one in self._running if one.talk == talk and not one.is_over]
        for one in [
            *found,
            *_taken_from(self._waiting, talk),
            *_taken_from(self._paused, talk),
        ]:
            self._end(one, error_frame(DrawingCancelled()))

    def _next_places(self) -> list[Place]:
        """The rows of the next pass; takes out of the queue whose they are."""
        first = self._waiting[0]
        most_rows = 1 if first.kind is None else self._most_rows
        places: list[Place] = []
        for one in list(self._waiting):
            agrees = one is first or (first.kind is not None and one.kind == first.kind)
            if agrees and len(places) < most_rows:
                left = one.seeds[one.num_done :][: most_rows - len(places)]
                places += [Place(one, seed) for seed in left]
                self._waiting.remove(one)
        return places

    def _draw_pass(self, together: Together, places: Sequence[Place]) -> None:
        self._running = [one for one, _ in _by_request(places)]
        self._draw_places(together, places)
        running, self._running = self._running, []
        for one in running:
            if one.is_over:
                continue
            if one.num_done == len(one.seeds):
                self._end(one, Frame(kind="done"))
            else:
                self._paused.append(one)
                self._say(Frame(kind="pause"), one.talk)

    def _draw_places(self, together: Together, places: Sequence[Place]) -> None:
        """Draw and deliver rows, in halves if they cannot be drawn at once."""
        places = [one for one in places if not one.asked.is_over]
        if not places:
            return
        members = _by_request(places)
        rows = [Row(one.asked.plan, one.seed) for one in places]
        fault: LimnerError | None = None
        try:
            drawn = together.draw_together(
                rows,
                on_step=lambda step: self._tell_pass(step, members),
                is_cancelled=lambda: all(one.is_over for one, _ in members),
            )
            for place, picture in zip(places, drawn, strict=True):
                if not place.asked.is_over:
                    self._say(drawn_frame(picture), place.asked.talk)
                    place.asked.num_done += 1
            return
        except Exception as error:  # noqa: BLE001 - told to whose row it was
            fault = error_of_any(error)
        if isinstance(fault, DrawingCancelled) or len(places) == 1:
            for one, _ in members:
                self._end(one, error_frame(fault))
            return
        half = len(places) // 2
        if fault.code == OUT_OF_MEMORY:
            self._most_rows = half
        self._draw_places(together, places[:half])
        self._draw_places(together, places[half:])

    def _draw_whole(self, asked: Asked) -> None:
        try:
            for drawn in self._generator.generate(
                asked.plan,
                asked.seeds,
                on_step=lambda progress: self._tell([(asked, progress)]),
                is_cancelled=lambda: asked.is_over,
            ):
                self._say(drawn_frame(drawn), asked.talk)
                if asked.is_over:
                    raise DrawingCancelled()
            self._say(Frame(kind="done"), asked.talk)
        except Exception as error:  # noqa: BLE001 - told to who asked
            self._say(error_frame(error_of_any(error)), asked.talk)

    def _tell_pass(self, step: PassStep, members: Sequence[tuple[Asked, slice]]) -> None:
        there = [one for one in members if not one[0].is_over]
        self._tell(
            [(one, progress_of(step, rows, one.num_done, len(one.seeds))) for one, rows in there]
        )
        if any(not one.is_over for one, _ in there):
            for one, _ in there:
                if one.is_over:  # the others go on, and it need not wait for them
                    self._say(error_frame(DrawingCancelled()), one.talk)

    def _tell(self, told: Sequence[tuple[Asked, StepProgress]]) -> None:
        """Tell requests of a step, and wait for each one's word; meanwhile take what others say."""
        silent = {one.talk: (one, progress) for one, progress in told}
        for talk, (_, progress) in silent.items():
            self._say(step_frame(progress), talk)
        while silent:
            frame = self._said.get()
            if frame.talk not in silent:
                self._take(frame)
                continue
            asked, progress = silent[frame.talk]
            if frame.kind == "preview":
                assert progress.read_preview is not None
                images = {"images": progress.read_preview()}
                self._say(Frame(kind="preview", arrays=images), frame.talk)
                continue
            asked.is_over = frame.kind != "go"
            del silent[frame.talk]

    def _end(self, asked: Asked, frame: Frame) -> None:
        asked.is_over = True
        self._say(frame, asked.talk)

    def _say(self, frame: Frame, talk: int) -> None:
        write_frame(self._answers, frame.under(talk))


def _taken_from(requests: list[Asked], talk: int) -> list[Asked]:
    """The request of a talk, if it is there; it is not afterwards."""
    found = [one for one in requests if one.talk == talk]
    requests[:] = [one for one in requests if one.talk != talk]
    return found


def _by_request(places: Sequence[Place]) -> list[tuple[Asked, slice]]:
    """Whose rows are where; the rows of one request lie together."""
    found: list[tuple[Asked, slice]] = []
    first = 0
    for asked, group in groupby(places, key=lambda one: one.asked):
        num = len(list(group))
        found.append((asked, slice(first, first + num)))
        first += num
    return found
