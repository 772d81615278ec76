"""The process an engine runs in: ``python -m limner.generators.process.child ENGINE MEGABYTES``.

It reads frames from its standard input and answers on its standard output, which nothing else
may write to. It ends when its input ends, also in the middle of a step, so that it never outlives
who started it. What went wrong unforeseen is told by its kind and place only: its words may hold
a prompt.
"""

from __future__ import annotations

import importlib
import os
import signal
import sys
import traceback
from collections.abc import Callable
from importlib.metadata import version
from queue import SimpleQueue
from threading import Thread
from typing import BinaryIO, cast

from limner.core.drawing import StepProgress
from limner.core.errors import DrawingCancelled, EngineFailed, LimnerError
from limner.core.forms import ModelForm
from limner.core.ports import Generator
from limner.generators.process.frames import Frame, read_frame, write_frame
from limner.generators.process.messages import (
    drawn_frame,
    error_frame,
    plan_frame,
    sketch_of,
    step_frame,
)

OpenGenerator = Callable[[ModelForm], Generator]


def main(arguments: list[str]) -> None:
    """Serve one engine until the input ends."""
    engine, megabytes = arguments
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # who started it decides when it stops
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what libraries print is no frame
    limit_memory(int(megabytes))
    asked: SimpleQueue[Frame] = SimpleQueue()
    Thread(target=_listen, args=(sys.stdin.buffer, asked), daemon=True).start()
    serve(engine, asked, answers)


def limit_memory(megabytes: int) -> None:
    """Keep this process from taking more memory; 0 sets no limit, nor does a system without one."""
    if not megabytes:
        return
    try:
        import resource
    except ImportError:
        return
    limit = megabytes * 1_000_000
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))


def serve(engine: str, asked: SimpleQueue[Frame], answers: BinaryIO) -> None:
    """Open the generator of the first frame's form, then prepare and draw what is asked."""
    write_frame(answers, Frame(kind="hello", values={"limner": version("limner")}))
    generator: Generator | None = None
    while True:
        frame = asked.get()
        try:
            if generator is None:
                module, _, name = engine.partition(":")
                opener = cast(OpenGenerator, getattr(importlib.import_module(module), name))
                generator = opener(ModelForm.from_document(frame.values["form"]))
                write_frame(answers, Frame(kind="ready"))
            elif frame.kind == "prepare":
                write_frame(answers, plan_frame(generator.prepare(sketch_of(frame))))
            elif frame.kind == "generate":
                _draw(generator, frame, asked, answers)
        except LimnerError as error:
            write_frame(answers, error_frame(error))
        except Exception as error:  # noqa: BLE001 - the job loop of this process
            write_frame(answers, error_frame(_unforeseen(error)))


def _draw(generator: Generator, frame: Frame, asked: SimpleQueue[Frame], answers: BinaryIO) -> None:
    is_stopped = False

    def on_step(progress: StepProgress) -> None:
        nonlocal is_stopped
        write_frame(answers, step_frame(progress))
        while (reply := asked.get()).kind == "preview":
            assert progress.read_preview is not None
            write_frame(answers, Frame(kind="preview", arrays={"images": progress.read_preview()}))
        is_stopped = reply.kind != "go"

    plan = generator.prepare(sketch_of(frame))
    for drawn in generator.generate(
        plan, frame.values["seeds"], on_step=on_step, is_cancelled=lambda: is_stopped
    ):
        write_frame(answers, drawn_frame(drawn))
        if is_stopped:
            raise DrawingCancelled()
    write_frame(answers, Frame(kind="done"))


def _listen(stream: BinaryIO, asked: SimpleQueue[Frame]) -> None:
    try:
        while (frame := read_frame(stream)) is not None:
            asked.put(frame)
    finally:
        os._exit(0)


def _unforeseen(error: Exception) -> LimnerError:
    if (
        isinstance(error, MemoryError)
        or "OutOfMemory" in type(error).__name__
        or (isinstance(error, RuntimeError) and "allocate memory" in str(error))
    ):
        return EngineFailed(
            "The engine ran out of memory.",
            code="engine_out_of_memory",
            hint="Ask for a smaller canvas, set the option 'offload', or raise engine_memory_mb.",
        )
    place = traceback.extract_tb(error.__traceback__)[-1]
    return EngineFailed(
        f"The engine failed by a fault nobody foresaw: {type(error).__name__} in "
        f"{os.path.basename(place.filename)}, line {place.lineno}."
    )


if __name__ == "__main__":
    main(sys.argv[1:])
