"""An engine's process, seen from outside; what runs in it is child.py."""

from __future__ import annotations

import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Lock, Thread
from typing import BinaryIO, cast

from limner.core.errors import EngineLost, GeneratorUnavailable, LimnerError
from limner.core.forms import ModelForm
from limner.generators.process.frames import Frame, read_frame, write_frame
from limner.generators.process.messages import OUT_OF_MEMORY, error_of

POLL_SECONDS = 0.25  # between two looks at whether drawing was cancelled
CLOSE_SECONDS = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Housing:
    """How an engine's process is started.

    Attributes:
        engine: ``module:function`` that gives a generator by a form, imported in the process.
        python: interpreter of the environment the engine lives in; ``None`` for this one.
        memory_mb: most memory it may take, in millions of bytes; 0 sets no limit.
        python_setting: that names the interpreter; empty where none does.
    """

    engine: str
    python: Path | None = None
    memory_mb: int = 0
    python_setting: str = ""


class EngineProcess:
    """The process an engine runs in, seen from outside: started, spoken with, ended.

    Args:
        form: of the model it opens.
        housing: how it is started.

    Attributes:
        is_shared: several may have requests there at once.

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
                hint=f"Name one that can in the setting {housing.python_setting!r}."
                if housing.python_setting
                else "",
            ) from error
        self._writing, self._talking = Lock(), Lock()
        self._talks: dict[int, Talk] = {}
        self._num_talks = 0
        self._is_ending = False
        first = self._new_talk()
        Thread(target=self._listen, daemon=True).start()
        try:
            with first:
                self.is_shared = self._greet(first, form, python)
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

    def talk(self) -> Talk | None:
        """A conversation with it; ``None`` if it ends or has ended."""
        with self._talking:
            return self._new_talk() if self.is_alive and not self._is_ending else None

    def end_talk(self, talk: Talk) -> None:
        """What is still said in it is not listened to."""
        with self._talking:
            self._talks.pop(talk.number, None)

    def say(self, frame: Frame) -> None:
        """Tell it something.

        Raises:
            EngineLost: it is gone.
        """
        try:
            with self._writing:
                write_frame(cast(BinaryIO, self._process.stdin), frame)
        except EngineLost as error:
            raise self.lost() from error

    def is_alone(self, talk: Talk) -> bool:
        """Whether nobody else speaks with it."""
        with self._talking:
            return not set(self._talks) - {talk.number}

    def kill_if_alone(self, talk: Talk) -> bool:
        """End it at once if nobody else speaks with it; whether that was so."""
        with self._talking:
            if set(self._talks) - {talk.number}:
                return False
            self._is_ending = True
        self.kill()
        return True

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

    def lost(self) -> EngineLost:
        """That it ended, and how."""
        status = self._process.wait()
        self._hang_up()
        ending = f"signal {-status}" if status < 0 else f"exit status {status}"
        hint = "It may have run out of memory." if status == -9 else ""
        return EngineLost(
            f"The engine's process ended by {ending} before it was done.",
            hint=hint,
            retryable=True,
        )

    def _new_talk(self) -> Talk:
        talk = Talk(self, self._num_talks)
        self._talks[talk.number] = talk
        self._num_talks += 1
        return talk

    def _hang_up(self) -> None:
        with suppress(OSError):  # it died with something unsaid in the pipe
            cast(BinaryIO, self._process.stdin).close()

    def _greet(self, talk: Talk, form: ModelForm, python: str) -> bool:
        """Have it open the model; whether it is shared."""
        said = talk.hear("hello").values["limner"]
        own = version("limner")
        if said != own:
            raise GeneratorUnavailable(
                f"The environment of {python!r} has limner {said}; it must be {own}.",
                hint=f"{python} -m pip install 'limner[{form.engine}]=={own}'",
            )
        talk.say(Frame(kind="open", values={"form": form.to_document()}))
        return bool(talk.hear("ready").values["is_shared"])

    def _listen(self) -> None:
        stream = cast(BinaryIO, self._process.stdout)
        last: LimnerError | None = None
        with stream:
            try:
                while (frame := read_frame(stream)) is not None:
                    with self._talking:
                        talk = self._talks.get(frame.talk)
                    if talk is not None:  # else its caller has left
                        talk.hand(frame)
            except LimnerError as error:
                last = error if self.is_alive else None
        with self._talking:
            self._is_ending = True
            talks = list(self._talks.values())
        for talk in talks:
            talk.hand(last)


class Talk:
    """One conversation with an engine's process; several go on at once. Leaving it ends it.

    Args:
        process: it is held with.
        number: of the conversation.
    """

    def __init__(self, process: EngineProcess, number: int) -> None:
        self._process = process
        self.number = number
        self._heard: SimpleQueue[Frame | LimnerError | None] = SimpleQueue()

    def __enter__(self) -> Talk:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.end_talk(self)

    @property
    def is_alive(self) -> bool:
        """Whether the process has not ended."""
        return self._process.is_alive

    @property
    def is_alone(self) -> bool:
        """Whether nobody else speaks with the process."""
        return self._process.is_alone(self)

    def say(self, frame: Frame) -> None:
        """Tell the process something.

        Raises:
            EngineLost: it is gone.
        """
        self._process.say(frame.under(self.number))

    def hand(self, said: Frame | LimnerError | None) -> None:
        """Let it be heard; ``None`` says that nothing more will be said."""
        self._heard.put(said)

    def hear(self, *kinds: str) -> Frame:
        """What the process says next, waiting as long as it takes; errors as `hear_soon`."""
        while True:
            frame = self.hear_soon(POLL_SECONDS, *kinds)
            if frame is not None:
                return frame

    def hear_soon(self, seconds: float, *kinds: str) -> Frame | None:
        """What the process says next; ``None`` if it says nothing for so long.

        Raises:
            LimnerError: that it tells.
            EngineLost: it is gone, or says something else than one of `kinds`.
        """
        try:
            said = self._heard.get(timeout=seconds)
        except Empty:
            return None
        if said is None:
            raise self._process.lost()
        if isinstance(said, LimnerError):
            self._process.kill()
            raise said
        if said.kind == "error":
            error = error_of(said)
            if error.code == OUT_OF_MEMORY:
                self.kill_if_alone()  # gives the memory back
            raise error
        if said.kind not in kinds:
            self._process.kill()
            raise EngineLost(
                f"The engine's process says {said.kind!r} out of turn.", retryable=True
            )
        return said

    def kill_if_alone(self) -> bool:
        """End the process unless others speak with it; whether it was ended."""
        return self._process.kill_if_alone(self)
