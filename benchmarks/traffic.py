"""Requests of many kinds at once, drawn by Limner and by every other way, side by side.

Every system (serving_systems.py, other_runtimes.py) draws the same traces (traces.py) with the same
weights, each in a process of its own, one at a time, in turn and in alternating order; how long
requests take when they are alone, and what the processor could do at best (limits.py), are measured
in the same turns. Runtimes that are not installed are left out by name; they draw in every other
turn only, as they are slow.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from benchmarks import traces
from benchmarks.figure import Measurement
from benchmarks.limits import Limits, Products
from benchmarks.serving_systems import Engine, Picture
from benchmarks.system_processes import OTHERS, OWN, Drawn, SystemProcess
from benchmarks.traces import LOADS, Asked, Trace
from limner.generators.embedded.canvas import to_premultiplied

JUDGED_LOAD = LOADS[1]
LEAST_PSNR = 30.0  # of another runtime's picture against the product's, dB
INSTALL = "pip install 'limner[training]' onnx onnxscript onnxruntime"


@dataclass(frozen=True, kw_only=True)
class Ran:
    """One run of a trace.

    Attributes:
        rate: pictures a second, from the first arrival to the last picture.
        waits: seconds from arrival to picture, by request.
        tokens: in a forward, on average.
        own_share: of the time of the network's own matrix products in the time of the run.
        large_share: the same of one large product with as many operations.
        cpu_seconds: of the process, for a picture.
        peak_bytes: of memory, since the process began.
    """

    rate: float
    waits: tuple[float, ...]
    tokens: float
    own_share: float
    large_share: float
    cpu_seconds: float
    peak_bytes: int


Runs = dict[str, list[Ran]]
"""By system, one for each turn that it drew in."""


@dataclass(frozen=True, kw_only=True)
class Traffic:
    """Every run of every trace.

    Attributes:
        runs: by trace.
        alone: seconds of the requests of a mixed trace when there is no other, by turn.
    """

    runs: dict[str, Runs]
    alone: list[tuple[float, ...]]

    def ratios(self, trace: str, other: str) -> list[float]:
        """How many times as much limner draws a second as another, by turn of the other."""
        mine, others = self.runs[trace]["limner"], self.runs[trace][other]
        every = 1 if other in OWN else 2
        return [a.rate / b.rate for a, b in zip(mine[::every], others, strict=True)]


@lru_cache(1)
def traffic(is_quick: bool) -> Traffic:
    """Run everything once in this process, and print it."""
    num, num_turns = (10, 1) if is_quick else (80, 5)
    with tempfile.TemporaryDirectory() as home, _systems(Path(home)) as systems:
        products = Products()
        at_once: dict[str, Trace] = {
            "uniform": traces.uniform(num),
            "sizes": traces.sizes(num, 4),
            "mixed": traces.mixed(num, 1),
            "repeated": traces.repeated(num, 2),
        }
        runs = {
            name: _told(name, _in_turns(systems, products, trace, num_turns))
            for name, trace in at_once.items()
        }
        capacity = float(np.median([one.rate for one in runs["mixed"]["limner"]]))
        alone: list[tuple[float, ...]] = []
        for load in LOADS:
            name, trace = f"load {load}", traces.poisson(num, 3, load * capacity)
            by_turn = alone if load == JUDGED_LOAD else None
            runs[name] = _told(name, _in_turns(systems, products, trace, num_turns, by_turn))
    return Traffic(runs=runs, alone=alone)


@contextmanager
def _systems(home: Path) -> Iterator[dict[str, SystemProcess]]:
    """All systems that can run here, each held to draw what the product draws."""
    with ExitStack() as stack:
        systems: dict[str, SystemProcess] = {}
        for name in (*OWN, *OTHERS):
            try:
                systems[name] = SystemProcess(name, home)
            except ModuleNotFoundError as error:
                print(f"{name} is left out: {error.name} is not installed ({INSTALL})")
                continue
            stack.callback(systems[name].close)
            print(f"{name} draws in {systems[name].precision}", flush=True)
        _hold_same({name: one for name, one in systems.items() if name in OTHERS})
        yield systems


def _hold_same(others: dict[str, SystemProcess]) -> None:
    """Raise where a runtime draws another picture than the product in the usual precision."""
    if not others:
        return
    asked = traces.uniform(1)[0]
    true = Engine(None).draw(asked)
    for name, system in others.items():
        psnr = _psnr(system.draw(asked), true)
        print(f"{name}: {psnr:.1f} dB from the product's picture")
        if psnr < LEAST_PSNR:
            raise SystemExit(
                f"{name} draws another picture: {psnr:.1f} dB, {LEAST_PSNR} is the least"
            )


def _psnr(made: Picture, true: Picture) -> float:
    apart = to_premultiplied(made) - to_premultiplied(true)
    return -10 * float(np.log10(np.mean(np.square(apart)) + 1e-12))


def _in_turns(
    systems: dict[str, SystemProcess],
    products: Products,
    trace: Trace,
    num_turns: int,
    alone: list[tuple[float, ...]] | None = None,
) -> Runs:
    """The runs of a trace; `alone` takes what limner's requests take alone, turn by turn."""
    runs: Runs = {name: [] for name in systems}
    for turn in range(num_turns):
        limits = products.measure()
        for name in list(systems)[:: -1 if turn % 2 else 1]:
            if name in OWN or turn % 2 == 0:
                runs[name].append(measured(trace, systems[name].run(trace), limits))
        if alone is not None:
            by_itself = ([one._replace(at_seconds=0.0)] for one in trace)
            alone.append(tuple(systems["limner"].run(one).seconds for one in by_itself))
    return runs


def measured(trace: Sequence[Asked], drawn: Drawn, limits: Limits) -> Ran:
    """A run of a trace, held against what the processor could do."""
    return Ran(
        rate=len(trace) / drawn.seconds,
        waits=tuple(end - asked.at_seconds for end, asked in zip(drawn.done, trace, strict=True)),
        tokens=drawn.num_tokens / drawn.num_passes,
        own_share=drawn.num_tokens * limits.own_seconds / drawn.seconds,
        large_share=drawn.num_tokens * limits.large_seconds / drawn.seconds,
        cpu_seconds=drawn.cpu_seconds / len(trace),
        peak_bytes=drawn.peak_bytes,
    )


def _told(trace: str, runs: Runs) -> Runs:
    """The runs, printed."""
    for system, of_one in runs.items():
        print(f"{trace:9} {system:16} {_line(of_one)}", flush=True)
    return runs


def _line(runs: Sequence[Ran]) -> str:
    rates = [one.rate for one in runs]
    waits = [np.percentile(one.waits, (50, 95, 99)) for one in runs]
    p50, p95, p99 = np.median(waits, axis=0)
    low, high = (float(end) for end in np.quantile([one[1] for one in waits], (0, 1)))
    tokens, own, large, cpu, peak = (
        float(np.median([getattr(one, name) for one in runs]))
        for name in ("tokens", "own_share", "large_share", "cpu_seconds", "peak_bytes")
    )
    return (
        f"{np.median(rates):6.2f} pictures/s ({min(rates):.2f} to {max(rates):.2f})  "
        f"p50 {p50:.2f} p95 {p95:.2f} ({low:.2f} to {high:.2f}) p99 {p99:.2f} s  "
        f"{tokens:5.0f} tokens a forward  {100 * own:3.0f} % of own products  "
        f"{100 * large:3.0f} % of a large one  {1e3 * cpu:4.0f} CPU ms a picture  "
        f"{peak / 1e6:5.0f} MB"
    )


def _measured(values: Sequence[float]) -> Measurement:
    return Measurement(
        value=round(float(np.median(values)), 3),
        n=len(values),
        interval=(round(min(values), 3), round(max(values), 3)),
    )


def measure_uniform_share(is_quick: bool) -> Measurement:
    """Share of the uniform trace's time that the network's own matrix products would take.

    Everything counts against it: samplers, decoding, threads. Median, lowest and highest turn.
    """
    return _measured([one.own_share for one in traffic(is_quick).runs["uniform"]["limner"]])


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
    together = ran.runs[f"load {JUDGED_LOAD}"]["limner"]
    return _measured(
        [
            float(np.percentile(busy.waits, 95) / np.percentile(alone, 95))
            for busy, alone in zip(together, ran.alone, strict=True)
        ]
    )


def measure_other_runtimes(is_quick: bool) -> Measurement:
    """Pictures a second of the uniform trace over those of the best other runtime, by turn.

    Raises:
        SystemExit: no other runtime is installed.
    """
    ran = traffic(is_quick)
    runs = ran.runs["uniform"]
    others = [name for name in OTHERS if name in runs]
    if not others:
        raise SystemExit(f"No other runtime is installed; they need {INSTALL}")
    best = max(others, key=lambda name: np.median([one.rate for one in runs[name]]))
    return _measured(ran.ratios("uniform", best))
