"""Traces of requests: what is asked, and when it comes.

A trace whose requests all come at once shows how much is drawn a second, a Poisson one how long
each waits. Everything is the same whenever and wherever a trace is made.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from limner.core.records import Size

PROMPTS = tuple(f"{colour} {thing}" for colour in ("a red", "a blue") for thing in (
    "apple", "car", "house", "fish", "flower", "boat", "bird", "cup"))  # fmt: skip
STEPS = (4, 8, 16)
GUIDANCE = (1.0, 3.0, 5.0)
SQUARE = Size(256, 256)
SIZES = (SQUARE, Size(384, 256), Size(256, 384))
LOADS = (0.3, 0.6, 0.9)  # of what limner drew a second of the mixed trace
BURST, BURST_CHANCE = 4, 0.1  # requests that come at one moment, and how often they do


class Asked(NamedTuple):
    """One request of a trace; it comes so many seconds after the start."""

    at_seconds: float
    prompt: str
    seed: int
    steps: int
    guidance: float
    size: Size = SQUARE

    @property
    def key(self) -> tuple[int, float, Size]:
        """What a batch of the same key must agree in."""
        return self.steps, self.guidance, self.size


Trace = list[Asked]


def uniform(num: int) -> Trace:
    """All at once and alike: 4 steps, guidance 3."""
    return [Asked(0.0, PROMPTS[k % len(PROMPTS)], k, 4, 3.0) for k in range(num)]


def sizes(num: int, seed: int) -> Trace:
    """All at once and alike but for the size, which is one of three forms at random."""
    rng = np.random.default_rng(seed)
    return [one._replace(size=SIZES[rng.integers(len(SIZES))]) for one in uniform(num)]


def mixed(num: int, seed: int) -> Trace:
    """All at once; steps and guidance at random."""
    rng = np.random.default_rng(seed)
    return [
        Asked(0.0, str(rng.choice(PROMPTS)), k, int(rng.choice(STEPS)), float(rng.choice(GUIDANCE)))
        for k in range(num)
    ]


def repeated(num: int, seed: int) -> Trace:
    """All at once; prompts by Zipf's law, seeds of their own."""
    rng = np.random.default_rng(seed)
    ranks = np.minimum(rng.zipf(1.3, num) - 1, len(PROMPTS) - 1)
    return [Asked(0.0, PROMPTS[rank], k, 8, 3.0) for k, rank in enumerate(ranks)]


def poisson(num: int, seed: int, rate: float) -> Trace:
    """The mixed trace, coming by chance and in bursts, at exactly `rate` a second in all."""
    rng = np.random.default_rng(seed)
    mean_size = 1 + BURST_CHANCE * (BURST - 1)
    trace: Trace = []
    at_seconds = 0.0
    for asked in _in_bursts(mixed(num, seed), rng):
        at_seconds += float(rng.exponential(mean_size / rate))
        trace += [one._replace(at_seconds=at_seconds) for one in asked]
    stretch = num / rate / at_seconds  # what chance made of it is no load anybody named
    return [one._replace(at_seconds=stretch * one.at_seconds) for one in trace]


def _in_bursts(trace: Trace, rng: np.random.Generator) -> Iterator[Trace]:
    while trace:
        size = BURST if rng.random() < BURST_CHANCE else 1
        yield trace[:size]
        trace = trace[size:]
