"""An engine's process, seen from outside; what runs in it is child.py."""

from __future__ import annotations

import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from typing import BinaryIO, cast

from limner.core.errors import EngineLost, GeneratorUnavailable, LimnerError
from limner.core.forms import ModelForm
from limner.generators.process.frames import Frame, read_frame, write_frame
from limner.generators.process.messages import error_of

POLL_SECONDS = 0.25  # between two looks at whether drawing was cancelled
CLOSE_SECONDS = 5.0


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


class EngineProcess:
    """The process an engine runs in, seen from outside: started, spoken with, ended.

    Args:
        form: of the model it opens.
        housing: how it is started.

    Raises:
        GeneratorUnavailable: it cannot be started, or has another version of limner.
        LimnerError: that the engine tells when it opens the model.
    """

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
        """Its number."""
        return self._process.pid

    @property
    def is_alive(self) -> bool:
        """Whether it has not ended."""
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
