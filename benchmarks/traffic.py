"""Requests of many kinds at once: drawn by Limner, one after another, and in batches of equal ones.

All three run the same weights on the same engine with the same threads in one process, in turn and
in alternating order, and read each prompt once:

* *limner*: the product's generator with as many threads as a worker has lanes; everything shares.
* *serial*: the product's generator, one request after another.
* *same key*: first come, first served, in batches of requests that agree in steps and guidance; a
  batch is done before the next begins. This is the policy that vLLM-Omni (step execution, "key must
  match") and SGLang Diffusion (dynamic batching, "same model and sampling shape") document for
  their own engines on other hardware; it is re-implemented here, kinder than documented: the whole
  queue is searched for equals of its head, not only the requests right behind it.

Requests of one trace are the same for all three. A trace whose requests all come at once shows how
much is drawn a second, a Poisson one how long each waits.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import openvino

from benchmarks import efficiency
from benchmarks.figure import Measurement
from limner.core.drawing import Sketch
from limner.core.records import Operation
from limner.generators.embedded import EmbeddedGenerator
from limner.generators.embedded.course import Way
from limner.generators.embedded.networks import Caption, Networks, open_networks
from limner.generators.embedded.passes import Passes
from limner.generators.embedded.sampler import SAMPLERS, draw_noise, time_grid
from limner.generators.embedded.tokens import Tokens
from limner.generators.embedded.weights import Weights
from limner.studio.working import LANES

PROMPTS = tuple(f"{colour} {thing}" for colour in ("a red", "a blue") for thing in (
    "apple", "car", "house", "fish", "flower", "boat", "bird", "cup"))  # fmt: skip
STEPS = (4, 8, 16)
GUIDANCE = (1.0, 3.0, 5.0)
LOADS = (0.3, 0.6, 0.9)  # of what limner drew a second of the mixed trace
BURST, BURST_CHANCE = 4, 0.1  # requests that come at one moment, and how often they do
MAX_EQUALS = 8  # pictures in a batch of the same key; its rows fill a pass of limner


class Asked(NamedTuple):
    """One request of a trace; it comes so many seconds after the start."""

    at_seconds: float
    prompt: str
    seed: int
    steps: int
    guidance: float

    @property
    def key(self) -> tuple[int, float]:
        """What a batch of the same key must agree in."""
        return self.steps, self.guidance


@dataclass(frozen=True, kw_only=True)
class Ran:
    """One run of a trace.

    Attributes:
        rate: pictures a second, from the first arrival to the last picture.
        waits: seconds from arrival to picture, by request.
        rows: in a pass of the network, on average.
        share: of the time of the network's own matrix products in the time of the run.
        cpu_seconds: of the process, for a picture.
    """

    rate: float
    waits: tuple[float, ...]
    rows: float
    share: float
    cpu_seconds: float


class Engine:
    """The one set of networks everything runs on, with its passes counted.

    Args:
        home: data folder, in which the product keeps the precision that is best here; ``None``
            takes the usual one of the processor.
    """

    def __init__(self, home: Path | None) -> None:
        self.weights = Weights()
        self.networks: Networks = open_networks(self.weights, 0, home)
        self.generator = EmbeddedGenerator(weights=self.weights, memory=home)
        self.num_passes = self.num_rows = 0
        predict = self.networks.predict_clean

        def counted(
            noisy: Sequence[np.ndarray], times: np.ndarray, caption: Caption
        ) -> list[np.ndarray]:
            self.num_passes += 1
            self.num_rows += len(times)
            return predict(noisy, times, caption)

        self.networks.predict_clean = counted
        tokens = Tokens(self.weights.read("tokenizer.json"), self.weights.card.text_tokens)
        self.read_caption = lru_cache(64)(
            lambda text: self.networks.read_caption(tokens.rows([text]), np.array([not text]))
        )
        self.row_seconds = self._row_seconds()

    def warm(self) -> None:
        """Meet every prompt, and every number of rows up to a full pass."""
        for prompt in (*PROMPTS, ""):
            self.read_caption(prompt)
            if prompt:
                self.draw(Asked(0, prompt, 0, 1, 3.0))
        one = self.read_caption("")
        for rows in range(1, 17):
            noisy = np.zeros((rows, *self.weights.card.canvas), np.float32)
            caption = Caption(*(np.repeat(part, rows, 0) for part in one))
            self.networks.predict_clean([noisy], np.zeros(rows, np.float32), caption)

    def draw(self, asked: Asked) -> None:
        """One request, as the product draws it."""
        card = self.generator.card
        sketch = Sketch(
            operation=Operation.TEXT, prompt=asked.prompt, negative="", style=None,
            steps=asked.steps, guidance=asked.guidance, sampler=card.samplers[0],
            canvas=card.canvases[0], is_transparent=False,
        )  # fmt: skip
        list(self.generator.generate(self.generator.prepare(sketch), [asked.seed]))

    def draw_equals(self, batch: Sequence[Asked]) -> None:
        """Requests of one key in the same passes from start to end, decoded together."""
        passes = Passes(self.networks.predict_clean, max_cells=10**9)
        with ExitStack() as stack:
            courses = [stack.enter_context(passes.course(self._way(one))) for one in batch]
            for _ in range(batch[0].steps):
                clean = [passes.next_step(course) for course in courses]
        self.networks.enlarge(self.networks.decode(np.concatenate(clean)))

    def _way(self, asked: Asked) -> Way:
        card = self.weights.card
        texts = [asked.prompt, ""][: 1 if asked.guidance == 1.0 else 2]
        captions = [self.read_caption(text) for text in texts]
        times = time_grid(asked.steps, shift=card.time_shift)
        return Way(
            walk=SAMPLERS["dpm++2m"](draw_noise(asked.seed, card.canvas)[None], times),
            num_steps=asked.steps,
            num_pictures=1,
            caption=Caption(*(np.concatenate(part) for part in zip(*captions, strict=True))),
            guidance=asked.guidance,
        )

    @staticmethod
    def _row_seconds() -> float:
        """Time of the network's matrix products for one row; see benchmarks/efficiency.py."""
        core = openvino.Core()
        products = efficiency.products_of(efficiency.with_rows(efficiency.read_network(core)))
        runs = {one: efficiency.compiled(core, efficiency.reference_graph(one)) for one in products}
        rounds = [
            sum(count * efficiency.timed(runs[one]) for one, count in products.items())
            for _ in range(7)
        ]
        return float(np.median(rounds)) / (2 * efficiency.COPIES * efficiency.NUM_ROWS)


System = Callable[[Engine, Sequence[Asked]], list[float]]
"""Draws a trace; seconds from the start to each picture, in the order of the trace."""


def run_limner(engine: Engine, trace: Sequence[Asked], lanes: int = LANES) -> list[float]:
    """Every request in a lane of its own, as a worker has them."""
    started = time.perf_counter()

    def draw(asked: Asked) -> float:
        engine.draw(asked)
        return time.perf_counter() - started

    with ThreadPoolExecutor(lanes) as pool:
        futures = []
        for asked in trace:
            _sleep_until(started + asked.at_seconds)
            futures.append(pool.submit(draw, asked))
        return [one.result() for one in futures]


def run_serial(engine: Engine, trace: Sequence[Asked]) -> list[float]:
    """One request after another."""
    return run_limner(engine, trace, lanes=1)


def run_same_key(engine: Engine, trace: Sequence[Asked]) -> list[float]:
    """Batches of the same key, first come, first served."""
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


SYSTEMS: dict[str, System] = {
    "limner": run_limner,
    "serial": run_serial,
    "same key": run_same_key,
}


def run(engine: Engine, system: System, trace: Sequence[Asked]) -> Ran:
    """One run, measured."""
    passes_before, rows_before = engine.num_passes, engine.num_rows
    cpu_before, started = time.process_time(), time.perf_counter()
    done = system(engine, trace)
    seconds = time.perf_counter() - started
    num_rows = engine.num_rows - rows_before
    return Ran(
        rate=len(trace) / seconds,
        waits=tuple(end - asked.at_seconds for end, asked in zip(done, trace, strict=True)),
        rows=num_rows / (engine.num_passes - passes_before),
        share=num_rows * engine.row_seconds / seconds,
        cpu_seconds=(time.process_time() - cpu_before) / len(trace),
    )


def uniform(num: int) -> list[Asked]:
    """All at once and alike: 4 steps, guidance 3."""
    return [Asked(0.0, PROMPTS[k % len(PROMPTS)], k, 4, 3.0) for k in range(num)]


def mixed(num: int, seed: int) -> list[Asked]:
    """All at once; steps and guidance at random."""
    rng = np.random.default_rng(seed)
    return [
        Asked(0.0, str(rng.choice(PROMPTS)), k, int(rng.choice(STEPS)), float(rng.choice(GUIDANCE)))
        for k in range(num)
    ]


def repeated(num: int, seed: int) -> list[Asked]:
    """All at once; prompts by Zipf's law, seeds of their own."""
    rng = np.random.default_rng(seed)
    ranks = np.minimum(rng.zipf(1.3, num) - 1, len(PROMPTS) - 1)
    return [Asked(0.0, PROMPTS[rank], k, 8, 3.0) for k, rank in enumerate(ranks)]


def poisson(num: int, seed: int, rate: float) -> list[Asked]:
    """The mixed trace, coming by chance and in bursts, at exactly `rate` a second in all."""
    rng = np.random.default_rng(seed)
    mean_size = 1 + BURST_CHANCE * (BURST - 1)
    trace: list[Asked] = []
    at_seconds = 0.0
    for asked in _in_bursts(mixed(num, seed), rng):
        at_seconds += float(rng.exponential(mean_size / rate))
        trace += [one._replace(at_seconds=at_seconds) for one in asked]
    stretch = num / rate / at_seconds  # what chance made of it is no load anybody named
    return [one._replace(at_seconds=stretch * one.at_seconds) for one in trace]


def _in_bursts(trace: list[Asked], rng: np.random.Generator) -> Iterator[list[Asked]]:
    while trace:
        size = BURST if rng.random() < BURST_CHANCE else 1
        yield trace[:size]
        trace = trace[size:]


@dataclass(frozen=True, kw_only=True)
class Traffic:
    """Every run of every trace.

    Attributes:
        runs: by trace and system, one for each repeat.
        alone_seconds: of a mixed request when there is no other, by request of that trace.
    """

    runs: dict[str, dict[str, list[Ran]]]
    alone_seconds: tuple[float, ...]

    def ratios(self, trace: str, other: str) -> list[float]:
        """How many times as much limner draws a second as another, by repeat."""
        mine, others = self.runs[trace]["limner"], self.runs[trace][other]
        return [a.rate / b.rate for a, b in zip(mine, others, strict=True)]


@lru_cache(1)
def traffic(is_quick: bool) -> Traffic:
    """Run everything once in this process, and print it."""
    num, repeats = (10, 1) if is_quick else (80, 5)
    with tempfile.TemporaryDirectory() as home:
        engine = Engine(Path(home))
        engine.warm()
    precision = engine.networks.facts.precision
    print(f"products alone: {1e3 * engine.row_seconds:.2f} ms a row; drawn in {precision}")
    traces = {"uniform": uniform(num), "mixed": mixed(num, 1), "repeated": repeated(num, 2)}
    runs = {name: _interleaved(engine, trace, repeats) for name, trace in traces.items()}
    capacity = float(np.median([one.rate for one in runs["mixed"]["limner"]]))
    for load in (0.6,) if is_quick else LOADS:
        trace = poisson(num, 3, load * capacity)
        runs[f"load {load}"] = _interleaved(engine, trace, repeats)
    alone = _alone(engine, mixed(num, 3))
    for name, by_system in runs.items():
        for system, ran in by_system.items():
            print(f"{name:10} {system:9} {_told(ran)}", flush=True)
    return Traffic(runs=runs, alone_seconds=alone)


def _alone(engine: Engine, trace: Sequence[Asked]) -> tuple[float, ...]:
    return tuple(run_serial(engine, [one])[0] for one in trace)


def _interleaved(engine: Engine, trace: Sequence[Asked], repeats: int) -> dict[str, list[Ran]]:
    runs: dict[str, list[Ran]] = {name: [] for name in SYSTEMS}
    for repeat in range(repeats):
        for name in list(SYSTEMS)[:: -1 if repeat % 2 else 1]:
            runs[name].append(run(engine, SYSTEMS[name], trace))
    return runs


def _told(runs: Sequence[Ran]) -> str:
    rates = [one.rate for one in runs]
    waits = np.median([np.percentile(one.waits, (50, 95, 99)) for one in runs], axis=0)
    rows, share, cpu = (
        float(np.median([getattr(one, name) for one in runs]))
        for name in ("rows", "share", "cpu_seconds")
    )
    return (
        f"{np.median(rates):6.2f} pictures/s ({min(rates):.2f} to {max(rates):.2f})  "
        f"p50 {waits[0]:.2f} p95 {waits[1]:.2f} p99 {waits[2]:.2f} s  "
        f"{rows:4.1f} rows a pass  {100 * share:3.0f} % of products  {cpu:.2f} CPU s a picture"
    )


def _measured(values: Sequence[float]) -> Measurement:
    return Measurement(
        value=round(float(np.median(values)), 3),
        n=len(values),
        interval=(round(min(values), 3), round(max(values), 3)),
    )


def measure_uniform_share(is_quick: bool) -> Measurement:
    """Share of the uniform trace's time that the network's own matrix products would take.

    Everything counts against it: samplers, decoding, threads. Median, lowest and highest repeat.
    """
    return _measured([one.share for one in traffic(is_quick).runs["uniform"]["limner"]])


def measure_uniform_rate(is_quick: bool) -> Measurement:
    """Pictures a second of the uniform trace: 4 steps and guidance 3 at 64 tokens, finished."""
    return _measured([one.rate for one in traffic(is_quick).runs["uniform"]["limner"]])


def measure_mixed_to_same_key(is_quick: bool) -> Measurement:
    """Pictures a second of the mixed trace over those of batches of the same key."""
    return _measured(traffic(is_quick).ratios("mixed", "same key"))


def measure_mixed_to_serial(is_quick: bool) -> Measurement:
    """Pictures a second of the mixed trace over those of one request after another."""
    return _measured(traffic(is_quick).ratios("mixed", "serial"))


def measure_latency(is_quick: bool) -> Measurement:
    """95th percentile of waiting at 0.6 of capacity, over that of the same requests drawn alone."""
    ran = traffic(is_quick)
    alone = float(np.percentile(ran.alone_seconds, 95))
    return _measured(
        [float(np.percentile(one.waits, 95)) / alone for one in ran.runs["load 0.6"]["limner"]]
    )
