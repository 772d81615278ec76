"""The process an engine runs in: ``python -m limner.generators.process.child ENGINE MEGABYTES``.

It reads frames from its standard input and answers on its standard output, which nothing else
may write to. It ends when its input ends, also in the middle of a step, so that it never outlives
who started it.
"""

from __future__ import annotations

import importlib
import os
import signal
import sys
from collections.abc import Callable
from importlib.metadata import version
from queue import SimpleQueue
from threading import Thread
from typing import BinaryIO, cast

from limner.core.forms import ModelForm
from limner.core.ports import Generator
from limner.generators.process.frames import Frame, read_frame, write_frame
from limner.generators.process.messages import error_frame, error_of_any
from limner.generators.process.serving import Serving

OpenGenerator = Callable[[ModelForm], Generator]


def main(arguments: list[str]) -> None:
    """Serve one engine until the input ends."""
    engine, megabytes = arguments
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # who started it decides when it stops
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what libraries print is no frame
    limit_memory(int(megabytes))
    said: SimpleQueue[Frame] = SimpleQueue()
    Thread(target=_listen, args=(sys.stdin.buffer, said), daemon=True).start()
    serve(engine, said, answers)


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


def serve(engine: str, said: SimpleQueue[Frame], answers: BinaryIO) -> None:
    """Open the generator of the first frame's form, then prepare and draw what is asked."""
    write_frame(answers, Frame(kind="hello", values={"limner": version("limner")}))
    serving: Serving | None = None
    while serving is None:
        frame = said.get()
        try:
            module, _, name = engine.partition(":")
            opener = cast(OpenGenerator, getattr(importlib.import_module(module), name))
            generator = opener(ModelForm.from_document(frame.values["form"]))
            serving = Serving(generator, said, answers)
        except Exception as error:  # noqa: BLE001 - told to who started this process
            write_frame(answers, error_frame(error_of_any(error)))
    write_frame(answers, Frame(kind="ready", values={"is_shared": serving.is_shared}))
    while True:
        serving.serve_next()


def _listen(stream: BinaryIO, said: SimpleQueue[Frame]) -> None:
    try:
        while (frame := read_frame(stream)) is not None:
            said.put(frame)
    finally:
        os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1:])
