"""A generator whose engine runs in a process of its own; this end of the pipe.

The process starts when it is first needed and ends when it has been idle, when another model is
loaded, or with this process. If it dies, who draws is told so with `EngineLost`, which a job may be
tried again after; the next drawing starts another. At every step the engine waits for a word, so
that a cancelled drawing stops before the next.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import RLock, Thread, Timer
from typing import BinaryIO, cast

import numpy as np
from numpy.typing import NDArray

from limner.core.drawing import Drawn, Plan, Sketch, StepProgress
from limner.core.errors import DrawingCancelled, EngineLost, GeneratorUnavailable, LimnerError
from limner.core.forms import ModelForm
from limner.core.ports import GeneratorCard
from limner.generators.process.frames import Frame, read_frame, write_frame
from limner.generators.process.messages import drawn_of, error_of, plan_of, sketch_frame

# Shapes: B pictures, H height, W width, C channels.

POLL_SECONDS = 0.25  # between two looks at whether drawing was cancelled
PATIENCE_SECONDS = 120.0  # for a step to end that is cancelled; then the process is killed
CLOSE_SECONDS = 5.0

Watcher = Callable[[StepProgress], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Housing:
    """How an engine's process is started.

    Attributes:
        engine: ``module:function`` that gives a generator by a form, imported in the process.
        python: interpreter of the environment the engine lives in; ``None`` for this one.
        memory_mb: most memory it may take, in millions of bytes; 0 sets no limit.
    """

    engine: str
    python: Path | None = None
    memory_mb: int = 0


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
        self._child: _Child | None = None

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

    def _ready_child(self) -> _Child:
        if self._child is None or not self._child.is_alive:
            self.close()
            self._child = _Child(self._form, self._housing)
        return self._child


class _Child:
    """The process, and what it says."""

    def __init__(self, form: ModelForm, housing: Housing) -> None:
        python = str(housing.python or sys.executable)
        module = "limner.generators.process.child"
        command = [python, "-m", module, housing.engine, str(housing.memory_mb)]
        try:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,  # libraries print prompts there
            )
        except OSError as error:
            raise GeneratorUnavailable(
                f"The interpreter {python!r} cannot be started.",
                hint=f"Name one that can in the setting '{form.engine}_python'.",
            ) from error
        self._said: SimpleQueue[Frame | LimnerError | None] = SimpleQueue()
        Thread(target=self._listen, daemon=True).start()
        try:
            self._greet(form, python)
        except BaseException:
            self.kill()
            raise

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def is_alive(self) -> bool:
        return self._process.poll() is None

    def say(self, frame: Frame) -> None:
        """Tell it something.

        Raises:
            EngineLost: it is gone.
        """
        try:
            write_frame(cast(BinaryIO, self._process.stdin), frame)
        except EngineLost as error:
            raise self._lost() from error

    def hear(self, *kinds: str) -> Frame:
        """What it says next, waiting as long as it takes; errors as `hear_soon`."""
        while True:
            frame = self.hear_soon(POLL_SECONDS, *kinds)
            if frame is not None:
                return frame

    def hear_soon(self, seconds: float, *kinds: str) -> Frame | None:
        """What it says next; ``None`` if it says nothing for so long.

        Raises:
            LimnerError: that it tells.
            EngineLost: it is gone, or says something else than one of `kinds`.
        """
        try:
            said = self._said.get(timeout=seconds)
        except Empty:
            return None
        if said is None:
            raise self._lost()
        if isinstance(said, LimnerError):
            self.kill()
            raise said
        if said.kind == "error":
            error = error_of(said)
            if error.code == "engine_out_of_memory":
                self.kill()  # gives the memory back
            raise error
        if said.kind not in kinds:
            self.kill()
            raise EngineLost(
                f"The engine's process says {said.kind!r} out of turn.", retryable=True
            )
        return said

    def close(self) -> None:
        """End it: it goes when its input ends."""
        self._hang_up()
        try:
            self._process.wait(CLOSE_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """End it at once."""
        self._process.kill()
        self._process.wait()
        self._hang_up()

    def _hang_up(self) -> None:
        with suppress(OSError):  # it died with something unsaid in the pipe
            cast(BinaryIO, self._process.stdin).close()

    def _greet(self, form: ModelForm, python: str) -> None:
        said = self.hear("hello").values["limner"]
        own = version("limner")
        if said != own:
            raise GeneratorUnavailable(
                f"The environment of {python!r} has limner {said}; it must be {own}.",
                hint=f"{python} -m pip install 'limner[{form.engine}]=={own}'",
            )
        self.say(Frame(kind="open", values={"form": form.to_document()}))
        self.hear("ready")

    def _listen(self) -> None:
        stream = cast(BinaryIO, self._process.stdout)
        with stream:
            try:
                while (frame := read_frame(stream)) is not None:
                    self._said.put(frame)
            except LimnerError as error:
                if self.is_alive:
                    self._said.put(error)
            self._said.put(None)

    def _lost(self) -> EngineLost:
        status = self._process.wait()
        self._hang_up()
        ending = f"signal {-status}" if status < 0 else f"exit status {status}"
        hint = "It may have run out of memory." if status == -9 else ""
        return EngineLost(
            f"The engine's process ended by {ending} before it was done.",
            hint=hint,
            retryable=True,
        )


class _Drawing:
    """One drawing on a process: hands steps and pictures on, and stops it."""

    def __init__(
        self, child: _Child, on_step: Watcher | None, is_cancelled: Callable[[], bool]
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
