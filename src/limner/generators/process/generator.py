"""A generator whose engine runs in a process of its own; this end of the pipe.

The process starts when it is first needed and ends when it has been idle, when another model is
loaded, or with this process. If it dies, who draws is told so with `EngineLost`, which a job may be
tried again after; the next drawing starts another. At every step the engine waits for a word, so
that a cancelled drawing stops before the next.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from threading import RLock, Timer

import numpy as np
from numpy.typing import NDArray

from limner.core.drawing import Drawn, Plan, Sketch, StepProgress
from limner.core.errors import DrawingCancelled, EngineLost, LimnerError
from limner.core.forms import ModelForm
from limner.core.ports import GeneratorCard
from limner.generators.process.frames import Frame
from limner.generators.process.messages import drawn_of, plan_of, sketch_frame
from limner.generators.process.outside import POLL_SECONDS, EngineProcess, Housing

# Shapes: B pictures, H height, W width, C channels.

PATIENCE_SECONDS = 120.0  # for a step to end that is cancelled; then the process is killed

Watcher = Callable[[StepProgress], None]


class Room:
    """Where engines' processes live: one at a time, and none that has been idle too long.

    Args:
        idle_seconds: after which an engine that nobody uses ends; 0 keeps it.
    """

    def __init__(self, idle_seconds: float = 0.0) -> None:
        self._idle_seconds = idle_seconds
        self._lock = RLock()
        self._tenant: ProcessGenerator | None = None
        self._timer: Timer | None = None

    @contextmanager
    def turn(self, generator: ProcessGenerator) -> Generator[None]:
        """The only one that loads or draws; whoever was loaded before makes room."""
        with self._lock:
            if self._timer is not None:
                self._timer.cancel()
            if self._tenant is not generator and self._tenant is not None:
                self._tenant.close()
            self._tenant = generator
            try:
                yield
            finally:
                self._start_timer()

    def close(self) -> None:
        """End the engine that is loaded."""
        with self._lock:
            if self._timer is not None:
                self._timer.cancel()
            if self._tenant is not None:
                self._tenant.close()
                self._tenant = None

    def _start_timer(self) -> None:
        if self._idle_seconds:
            self._timer = Timer(self._idle_seconds, self.close)
            self._timer.daemon = True
            self._timer.start()


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
        self._child: EngineProcess | None = None

    @property
    def card(self) -> GeneratorCard:
        """What the form says."""
        return self._card

    @property
    def pid(self) -> int | None:
        """Of the engine's process; ``None`` while there is none."""
        return None if self._child is None or not self._child.is_alive else self._child.pid

    def prepare(self, sketch: Sketch) -> Plan:
        """Accept a sketch or refuse it, as the engine does; see the port."""
        with self._room.turn(self):
            child = self._ready_child()
            child.say(sketch_frame("prepare", sketch))
            return plan_of(child.hear("plan"), sketch)

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
        with self._room.turn(self):
            if is_cancelled():
                raise DrawingCancelled()
            child = self._ready_child()
            drawing = _Drawing(child, on_step, is_cancelled)
            try:
                child.say(sketch_frame("generate", plan.sketch, seeds=list(seeds)))
                yield from drawing.pictures()
            finally:
                drawing.finish()

    def close(self) -> None:
        """End the process, if there is one; the next use starts another."""
        child, self._child = self._child, None
        if child is not None:
            child.close()

    def _ready_child(self) -> EngineProcess:
        if self._child is None or not self._child.is_alive:
            self.close()
            self._child = EngineProcess(self._form, self._housing)
        return self._child


class _Drawing:
    """One drawing on a process: hands steps and pictures on, and stops it."""

    def __init__(
        self, child: EngineProcess, on_step: Watcher | None, is_cancelled: Callable[[], bool]
    ) -> None:
        self._child, self._on_step, self._is_cancelled = child, on_step, is_cancelled
        self._has_stepped = False
        self._is_over = False
        self._is_waiting = False  # the engine waits for a word
        self._is_stopped = False

    def pictures(self) -> Iterator[Drawn]:
        """The pictures, in the order of their seeds."""
        try:
            while (frame := self._next()).kind != "done":
                if frame.kind == "drawn":
                    yield drawn_of(frame)
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
        """See that the engine draws no more, whatever ended the drawing."""
        if self._is_over or not self._child.is_alive:
            return
        deadline = time.monotonic() + PATIENCE_SECONDS
        try:
            if self._is_waiting:
                self._child.say(Frame(kind="stop"))
            while time.monotonic() < deadline:
                frame = self._child.hear_soon(POLL_SECONDS, "step", "drawn", "done", "preview")
                if frame is not None and frame.kind == "done":
                    return
                if frame is not None and frame.kind == "step":
                    self._child.say(Frame(kind="stop"))
        except LimnerError:  # it says that it was cancelled, or it is gone: both will do
            return
        self._child.kill()

    def _next(self) -> Frame:
        """What the engine says next, looking meanwhile at whether drawing was cancelled."""
        cancelled_at = None
        while True:
            frame = self._child.hear_soon(POLL_SECONDS, "step", "drawn", "done")
            if frame is not None:
                return frame
            if cancelled_at is None and self._is_cancelled():
                cancelled_at = time.monotonic()
            if cancelled_at is None:
                continue
            if not self._has_stepped or time.monotonic() - cancelled_at > PATIENCE_SECONDS:
                self._child.kill()  # still loading, or stuck in a step
                raise DrawingCancelled()

    def _step(self, frame: Frame) -> None:
        self._has_stepped = self._is_waiting = True
        if self._on_step is not None:
            self._on_step(self._progress_of(frame))
        self._is_stopped = self._is_cancelled()
        self._is_waiting = False
        self._child.say(Frame(kind="stop" if self._is_stopped else "go"))

    def _progress_of(self, frame: Frame) -> StepProgress:
        said = dict(frame.values)
        has_preview = said.pop("has_preview")
        return StepProgress(**said, read_preview=self._read_preview if has_preview else None)

    def _read_preview(self) -> NDArray[np.uint8]:
        self._child.say(Frame(kind="preview"))
        return self._child.hear("preview").arrays["images"]
