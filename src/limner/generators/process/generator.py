"""A generator whose engine runs in a process of its own; this end of the pipe.

The process starts when it is first needed and ends when it has been idle, when another model is
loaded, or with this process. If it dies, who draws is told so with `EngineLost`, which a job may be
tried again after; the next drawing starts another. At every step the engine waits for a word, so
that a cancelled drawing stops before the next.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from threading import Condition, Lock, Timer

import numpy as np
from numpy.typing import NDArray

from limner.core.drawing import Drawn, Plan, Sketch, StepProgress
from limner.core.errors import DrawingCancelled, EngineLost, LimnerError
from limner.core.forms import ModelForm
from limner.core.ports import GeneratorCard
from limner.generators.process.frames import Frame
from limner.generators.process.messages import drawn_of, plan_of, sketch_frame
from limner.generators.process.outside import POLL_SECONDS, EngineProcess, Housing, Talk

# Shapes: B pictures, H height, W width, C channels.

PATIENCE_SECONDS = 120.0  # for a step to end that is cancelled; then the process is killed

SAID = ("step", "drawn", "pause", "done")  # of a drawing

Watcher = Callable[[StepProgress], None]


class Room:
    """Where engines' processes live: one model at a time, and none that has been idle too long.

    Whoever came first enters first. An engine that is shared lets in more of its own callers, until
    somebody waits for another model.

    Args:
        idle_seconds: after which an engine that nobody uses ends; 0 keeps it.
    """

    def __init__(self, idle_seconds: float = 0.0) -> None:
        self._idle_seconds = idle_seconds
        self._changed = Condition()
        self._queue: deque[object] = deque()
        self._num_inside = 0
        self._tenant: ProcessGenerator | None = None
        self._timer: Timer | None = None

    @contextmanager
    def turn(
        self, generator: ProcessGenerator, is_cancelled: Callable[[], bool]
    ) -> Generator[None]:
        """Load or draw with one engine; whichever was loaded before makes room.

        Raises:
            DrawingCancelled: while waiting.
        """
        self._enter(generator, is_cancelled)
        try:
            yield
        finally:
            with self._changed:
                self._num_inside -= 1
                self._start_timer()
                self._changed.notify_all()

    def close(self) -> None:
        """End the engine that is loaded."""
        with self._changed:
            if self._timer is not None:
                self._timer.cancel()
            if self._tenant is not None:
                self._tenant.close()
                self._tenant = None

    def _enter(self, generator: ProcessGenerator, is_cancelled: Callable[[], bool]) -> None:
        ticket = object()
        with self._changed:
            self._queue.append(ticket)
            try:
                while self._queue[0] is not ticket or not self._is_open_to(generator):
                    self._changed.wait(POLL_SECONDS)
                    if is_cancelled():
                        raise DrawingCancelled()
                self._make_room_for(generator)
                self._num_inside += 1
            finally:
                self._queue.remove(ticket)
                self._changed.notify_all()

    def _is_open_to(self, generator: ProcessGenerator) -> bool:
        return not self._num_inside or (self._tenant is generator and generator.is_shared)

    def _make_room_for(self, generator: ProcessGenerator) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self._tenant is not generator and self._tenant is not None:
            self._tenant.close()
        self._tenant = generator

    def _start_timer(self) -> None:
        if self._idle_seconds and not self._num_inside:
            self._timer = Timer(self._idle_seconds, self._close_if_idle)
            self._timer.daemon = True
            self._timer.start()

    def _close_if_idle(self) -> None:
        with self._changed:
            if not self._num_inside:
                self.close()


class ProcessGenerator:
    """Draws with an engine in a process of its own. Making one starts nothing.

    Args:
        form: of the model.
        housing: how the process is started.
        room: shared by all that may not be loaded at once.
    """

    def __init__(self, form: ModelForm, housing: Housing, room: Room) -> None:
        self._form = form
        self._card = form.card
        self._housing = housing
        self._room = room
        self._starting = Lock()
        self._child: EngineProcess | None = None

    @property
    def card(self) -> GeneratorCard:
        """What the form says."""
        return self._card

    @property
    def pid(self) -> int | None:
        """Of the engine's process; ``None`` while there is none."""
        child = self._child
        return None if child is None or not child.is_alive else child.pid

    @property
    def is_shared(self) -> bool:
        """Whether the engine takes several requests at once; known while its process lives."""
        child = self._child
        return child is not None and child.is_shared

    def prepare(self, sketch: Sketch) -> Plan:
        """Accept a sketch or refuse it, as the engine does; see the port."""
        with self._room.turn(self, lambda: False), self._talk() as talk:
            talk.say(sketch_frame("prepare", sketch))
            return plan_of(talk.hear("plan"), sketch)

    def generate(
        self,
        plan: Plan,
        seeds: Sequence[int],
        *,
        on_step: Watcher | None = None,
        is_cancelled: Callable[[], bool] | None = None,
    ) -> Iterator[Drawn]:
        """Draw one picture for every seed; see the port.

        Raises:
            EngineLost: the process died; retryable.
            EngineFailed: the engine could not draw this.
        """
        is_cancelled = is_cancelled or (lambda: False)
        if is_cancelled():
            raise DrawingCancelled()
        with self._room.turn(self, is_cancelled), self._talk() as talk:
            drawing = _Drawing(talk, on_step, is_cancelled)
            try:
                talk.say(sketch_frame("generate", plan.sketch, seeds=list(seeds)))
                yield from drawing.pictures()
            finally:
                drawing.finish()

    def close(self) -> None:
        """End the process, if there is one; the next use starts another."""
        child, self._child = self._child, None
        if child is not None:
            child.close()

    def _talk(self) -> Talk:
        """A conversation with the engine, whose process is started if there is none."""
        with self._starting:
            talk = None if self._child is None else self._child.talk()
            while talk is None:
                self.close()
                self._child = EngineProcess(self._form, self._housing)
                talk = self._child.talk()
            return talk


class _Drawing:
    """One drawing on a process: hands steps and pictures on, and stops it."""

    def __init__(
        self, talk: Talk, on_step: Watcher | None, is_cancelled: Callable[[], bool]
    ) -> None:
        self._talk, self._on_step, self._is_cancelled = talk, on_step, is_cancelled
        self._has_stepped = False
        self._is_over = False
        self._is_stopped = False

    def pictures(self) -> Iterator[Drawn]:
        """The pictures, in the order of their seeds."""
        try:
            while (frame := self._next()).kind != "done":
                if frame.kind == "drawn":
                    yield drawn_of(frame)
                elif frame.kind == "pause":
                    self._talk.say(Frame(kind="go"))
                else:
                    self._step(frame)
            self._is_over = True
        except EngineLost as error:
            self._is_over = True
            if self._is_stopped:  # some libraries can only be stopped by ending their process
                raise DrawingCancelled() from error
            raise
        except LimnerError:
            self._is_over = True
            raise

    def finish(self) -> None:
        """See that the engine draws this no more, whatever ended the drawing."""
        if self._is_over or not self._talk.is_alive:
            return
        deadline = time.monotonic() + PATIENCE_SECONDS
        try:
            self._talk.say(Frame(kind="stop"))
            while time.monotonic() < deadline and self._talk.is_alone:
                frame = self._talk.hear_soon(POLL_SECONDS, *SAID, "preview")
                if frame is not None and frame.kind == "done":
                    return
        except LimnerError:  # it says that it was cancelled, or it is gone: both will do
            return
        self._talk.kill_if_alone()

    def _next(self) -> Frame:
        """What the engine says next, looking meanwhile at whether drawing was cancelled.

        Where others draw with the same process, a cancelled drawing leaves it to them; where it is
        alone, and the model is still being loaded or a step does not end, the process is ended.
        """
        cancelled_at = None
        while True:
            frame = self._talk.hear_soon(POLL_SECONDS, *SAID)
            if frame is not None:
                return frame
            if cancelled_at is None and self._is_cancelled():
                cancelled_at = time.monotonic()
            if cancelled_at is None:
                continue
            is_patient = time.monotonic() - cancelled_at <= PATIENCE_SECONDS
            if self._has_stepped and is_patient and self._talk.is_alone:
                continue
            if not self._talk.kill_if_alone():
                self._talk.say(Frame(kind="stop"))
                self._is_over = True
            raise DrawingCancelled()

    def _step(self, frame: Frame) -> None:
        self._has_stepped = True
        if self._on_step is not None:
            self._on_step(self._progress_of(frame))
        self._is_stopped = self._is_cancelled()
        self._talk.say(Frame(kind="stop" if self._is_stopped else "go"))

    def _progress_of(self, frame: Frame) -> StepProgress:
        said = dict(frame.values)
        has_preview = said.pop("has_preview")
        return StepProgress(**said, read_preview=self._read_preview if has_preview else None)

    def _read_preview(self) -> NDArray[np.uint8]:
        self._talk.say(Frame(kind="preview"))
        return self._talk.hear("preview").arrays["images"]
