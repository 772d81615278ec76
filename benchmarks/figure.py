"""What a benchmark gives back: one number with its goal, and how sure we are of it.

It measures nothing itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Literal, NamedTuple

import numpy as np


class Goal(NamedTuple):
    """A bound a figure must keep."""

    sign: Literal["<", "<=", ">="]
    bound: float

    def holds(self, value: float) -> bool:
        """Whether `value` keeps the bound; NaN never does."""
        if self.sign == "<":
            return value < self.bound
        return value <= self.bound if self.sign == "<=" else value >= self.bound

    def __str__(self) -> str:
        """As ``< 0.4``."""
        return f"{self.sign} {self.bound:g}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One measured number.

    Attributes:
        name: of the benchmark.
        value: the figure itself.
        unit: of `value`, `goal` and `interval`.
        goal: the bound as text, empty if there is none.
        holds: whether the value keeps the goal; ``None`` without a goal.
        n: number of measurements behind it.
        interval: two ends, about 95 % sure; ``None`` where it has no meaning.
    """

    name: str
    value: float
    unit: str
    goal: str
    holds: bool | None
    n: int
    interval: tuple[float, float] | None

    def as_dict(self) -> dict[str, object]:
        """JSON form."""
        return asdict(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """What a benchmark function returns; the table adds name and goal."""

    value: float
    n: int
    interval: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Benchmark:
    """One line of the table.

    Attributes:
        name: as typed on the command line.
        title: of the issue that asks for it.
        unit: of its value.
        goal: what it must keep; ``None`` for a number without a bound.
        measure: takes `is_quick`; a quick run takes fewer samples and proves nothing.
        is_of_machine: whether it says as much of the machine as of the code: a time, a rate, or a
            share of what a processor can do. It is kept once for each machine.
    """

    name: str
    title: str
    unit: str
    goal: Goal | None
    measure: Callable[[bool], Measurement]
    is_of_machine: bool = False

    def run(self, *, is_quick: bool) -> Figure:
        """Measure, and hold the value against the goal."""
        measured = self.measure(is_quick)
        return Figure(
            name=self.name,
            value=measured.value,
            unit=self.unit,
            goal="" if self.goal is None else str(self.goal),
            holds=None if self.goal is None else self.goal.holds(measured.value),
            n=measured.n,
            interval=measured.interval,
        )


def median_measurement(values: Sequence[float]) -> Measurement:
    """Median of repeated measurements, with a bootstrap interval (2,000 resamples, 95 %)."""
    sample = np.asarray(values, dtype=np.float64)
    rng = np.random.default_rng(0)
    medians = np.median(rng.choice(sample, (2000, len(sample))), axis=1)
    low, high = np.quantile(medians, (0.025, 0.975))
    return Measurement(
        value=round(float(np.median(sample)), 4),
        n=len(sample),
        interval=(round(float(low), 4), round(float(high), 4)),
    )
