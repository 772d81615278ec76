"""A system in a process of its own, so that its memory and its processor time are its own.

The parent sends what is to be drawn, one thing at a time; while others draw, a system waits for
its pipe and takes nothing.
"""

from __future__ import annotations

import multiprocessing
import resource
import time
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from typing import NamedTuple, cast

from benchmarks import other_runtimes, serving_systems
from benchmarks.serving_systems import Picture, System
from benchmarks.traces import Asked

OWN: dict[str, Callable[[Path], System]] = {
    "limner": serving_systems.limner,
    "serial": serving_systems.serial,
    "same key": serving_systems.same_key,
}
OTHERS: dict[str, Callable[[Path], System]] = {
    "PyTorch": other_runtimes.on_pytorch,
    "OpenVINO, cloned": other_runtimes.on_clones,
    "onnxruntime": other_runtimes.on_onnxruntime,
}


class Drawn(NamedTuple):
    """What a system tells of a trace.

    Attributes:
        done: seconds from the start to each picture, in the order of the trace.
        seconds: of the whole.
        num_passes: forwards of the drawing network.
        num_tokens: in all of them.
        cpu_seconds: of the process.
        peak_bytes: most memory that was resident at any time since the process began.
    """

    done: list[float]
    seconds: float
    num_passes: int
    num_tokens: int
    cpu_seconds: float
    peak_bytes: int


class SystemProcess:
    """A system that draws in a process of its own.

    Args:
        name: of `OWN` or `OTHERS`.
        home: data folder of the product.

    Raises:
        ModuleNotFoundError: it needs what is not installed.
    """

    def __init__(self, name: str, home: Path) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, end = context.Pipe()
        self._process = context.Process(target=_serve, args=(name, home, end), daemon=True)
        self._process.start()
        end.close()
        self.precision = cast("str", self._answer())

    def run(self, trace: Sequence[Asked]) -> Drawn:
        """Draw a trace."""
        self._pipe.send(("run", trace))
        return cast("Drawn", self._answer())

    def draw(self, asked: Asked) -> Picture:
        """Draw one picture."""
        self._pipe.send(("draw", asked))
        return cast("Picture", self._answer())

    def close(self) -> None:
        """End the process."""
        self._pipe.send(None)
        self._process.join()

    def _answer(self) -> object:
        answer = self._pipe.recv()
        if isinstance(answer, Exception):
            self._process.join()
            raise answer
        return answer


def _serve(name: str, home: Path, pipe: Connection) -> None:
    try:
        system = (OWN | OTHERS)[name](home)
    except Exception as error:  # noqa: BLE001 - told to the parent, who ends the run
        pipe.send(error)
        return
    pipe.send(system.precision)
    while (asked := pipe.recv()) is not None:
        what, given = asked
        pipe.send(_run(system, given) if what == "run" else system.draw(given))


def _run(system: System, trace: Sequence[Asked]) -> Drawn:
    engine = system.engine
    passes_before, tokens_before = engine.num_passes, engine.num_tokens
    cpu_before, started = time.process_time(), time.perf_counter()
    done = system.run(trace)
    return Drawn(
        done=done,
        seconds=time.perf_counter() - started,
        num_passes=engine.num_passes - passes_before,
        num_tokens=engine.num_tokens - tokens_before,
        cpu_seconds=time.process_time() - cpu_before,
        peak_bytes=1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss,
    )
