"""Systems that draw a trace with the same weights: Limner's own ways, and other runtimes.

* *limner*: the product's generator with as many threads as a worker has lanes; everything shares.
* *serial*: the product's generator, one request after another.
* *same key*: first come, first served, in batches of requests that agree in steps, guidance and
  size; a batch is done before the next begins. This is the policy that vLLM-Omni (step execution,
  "key must match") and SGLang Diffusion (dynamic batching, "same model and sampling shape")
  document for their own engines on other hardware; it is re-implemented here, kinder than
  documented: the whole queue is searched for equals of its head, not only the requests right
  behind it.
* *PyTorch*, *onnxruntime*, *OpenVINO, cloned*: other_runtimes.py.

Each prompt is read beforehand, by all.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from threading import Lock
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks.traces import PROMPTS, SIZES, Asked
from limner.core.canvases import nearest_canvas
from limner.core.drawing import Sketch
from limner.core.records import Operation
from limner.generators.embedded import EmbeddedGenerator
from limner.generators.embedded.canvas import to_straight
from limner.generators.embedded.course import Way
from limner.generators.embedded.generator import way_of
from limner.generators.embedded.networks import Caption, Networks, open_networks
from limner.generators.embedded.passes import Passes
from limner.generators.embedded.rows import RowGraphs
from limner.generators.embedded.weights import Weights
from limner.studio.working import LANES

MAX_EQUALS = 8  # pictures in a batch of the same key; its rows fill a pass of limner

Picture = NDArray[np.uint8]
"""RGBA with straight alpha, `[H, W, 4]`."""


class Engine:
    """The one set of networks a process draws with, its passes counted.

    Args:
        home: data folder, in which the product keeps the precision that is best here; ``None``
            takes the usual one of the processor.
    """

    def __init__(self, home: Path | None) -> None:
        self.weights = Weights()
        self.generator = EmbeddedGenerator(weights=self.weights, memory=home)
        self.networks: Networks = open_networks(self.weights, 0, home)
        self.num_passes = self.num_tokens = 0
        self._counting = Lock()
        predict = self.networks.predict_clean

        def counted(
            noisy: Sequence[np.ndarray], times: np.ndarray, caption: Caption, **more: bool
        ) -> list[np.ndarray]:
            self.count(noisy)
            return predict(noisy, times, caption, **more)

        self.networks.predict_clean = counted
        self._equals = Passes(counted, max_cells=10**9)

    def count(self, noisy: Sequence[np.ndarray]) -> None:
        """Count one forward."""
        num_tokens = sum(one.shape[0] * one.shape[2] * one.shape[3] for one in noisy)
        with self._counting:
            self.num_passes += 1
            self.num_tokens += num_tokens

    def sketch(self, asked: Asked) -> Sketch:
        """A request as the studio hands it to the generator."""
        card = self.generator.card
        return Sketch(
            operation=Operation.TEXT, prompt=asked.prompt, negative="", style=None,
            steps=asked.steps, guidance=asked.guidance, sampler=card.samplers[0],
            canvas=nearest_canvas(asked.size, card.canvases), is_transparent=False,
        )  # fmt: skip

    def way(self, asked: Asked) -> Way:
        """The same questions the product asks of the network for it."""
        sketch = self.sketch(asked)
        return way_of(self.generator.layout(sketch), sketch, [asked.seed])

    def draw(self, asked: Asked) -> Picture:
        """One request, as the product draws it."""
        plan = self.generator.prepare(self.sketch(asked))
        (drawn,) = self.generator.generate(plan, [asked.seed])
        return drawn.image_HWC

    def draw_equals(self, batch: Sequence[Asked]) -> None:
        """Requests of one key in the same passes from start to end, finished together."""
        passes = self._equals
        with ExitStack() as stack:
            courses = [stack.enter_context(passes.course(self.way(one))) for one in batch]
            for _ in range(batch[0].steps):
                clean = [passes.next_step(course) for course in courses]
        to_straight(self.networks.finish(np.concatenate(clean)))


class System(NamedTuple):
    """What draws a trace.

    Attributes:
        engine: that counts its forwards.
        draw: one request.
        run: a trace; gives the seconds from the start to each picture, in the order of the trace.
        precision: of its drawing network.
    """

    engine: Engine
    draw: Callable[[Asked], Picture]
    run: Callable[[Sequence[Asked]], list[float]]
    precision: str


def limner(home: Path) -> System:
    """Every request in a lane of its own, as a worker has them."""
    engine = _warmed(home)
    networks = engine.networks
    _load(engine, networks.beside if networks.most_beside > 1 else networks.drawing)
    return _of_lanes(engine, LANES)


def serial(home: Path) -> System:
    """One request after another."""
    return _of_lanes(_warmed(home), 1)


def _of_lanes(engine: Engine, lanes: int) -> System:
    precision = engine.networks.facts.precision
    return System(engine, engine.draw, partial(in_lanes, engine.draw, lanes), precision)


def same_key(home: Path) -> System:
    """Batches of the same key, first come, first served."""
    engine = _warmed(home)
    _load(engine, engine.networks.drawing)
    precision = engine.networks.facts.precision
    return System(engine, engine.draw, partial(_in_batches, engine), precision)


def warm(draw: Callable[[Asked], object]) -> None:
    """Meet every prompt, every canvas, guidance and none."""
    for number, prompt in enumerate(PROMPTS):
        guidance = (1.0, 3.0)[number // 2 % 2]
        draw(Asked(0, prompt, 0, 1, guidance, SIZES[number % len(SIZES)]))


def _warmed(home: Path) -> Engine:
    engine = Engine(home)
    warm(engine.draw)
    return engine


def _load(engine: Engine, graphs: RowGraphs) -> None:
    """Load what lasting traffic would have loaded, too."""
    square, *others = engine.weights.card.shapes
    for sides in others:
        graphs.load(sides, [1, 4])
    graphs.load(square, graphs.sizes)


def in_lanes(draw: Callable[[Asked], object], lanes: int, trace: Sequence[Asked]) -> list[float]:
    """Draw so many requests at once, each when it comes and a lane is free."""
    started = time.perf_counter()

    def timed(asked: Asked) -> float:
        draw(asked)
        return time.perf_counter() - started

    with ThreadPoolExecutor(lanes) as pool:
        futures = []
        for asked in trace:
            _sleep_until(started + asked.at_seconds)
            futures.append(pool.submit(timed, asked))
        return [one.result() for one in futures]


def _in_batches(engine: Engine, trace: Sequence[Asked]) -> list[float]:
    started = time.perf_counter()
    done = [0.0] * len(trace)
    left = list(range(len(trace)))
    while left:
        head = trace[left[0]]
        _sleep_until(started + head.at_seconds)
        now = time.perf_counter() - started
        here = [one for one in left if trace[one].at_seconds <= now]
        batch = [one for one in here if trace[one].key == head.key][:MAX_EQUALS]
        engine.draw_equals([trace[one] for one in batch])
        for one in batch:
            done[one] = time.perf_counter() - started
            left.remove(one)
    return done


def _sleep_until(seconds: float) -> None:
    time.sleep(max(0.0, seconds - time.perf_counter()))
