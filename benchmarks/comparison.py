"""What the statistics of comparing models are worth: false winners, and intervals that cover.

Outcomes are drawn from a known truth with prompts that differ in difficulty, so that pictures of
one prompt hang together as drawn ones do; nothing is drawn by a network.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from benchmarks.figure import Measurement
from limner.evals.comparison import clustered_share, compare, mean_interval
from limner.evals.intervals import Estimate, wilson

# Shapes: P prompts, S seeds.

Floats = NDArray[np.float64]

SEEDS = 4
METRICS = 6
REPEATS, QUICK_REPEATS = 400, 60
COVERAGE_REPEATS, QUICK_COVERAGE_REPEATS = 2000, 200
PROMPTS = (20, 60, 200)
RATES = (0.1, 0.5, 0.7, 0.95)
CONCENTRATION = 1.5  # of the prompts' chances: about 0.4 of the variance is the prompt's


def outcomes_of(rate: float, num_prompts: int, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Pictures of two equal models: 0-1, `[P, S]` each, and the prompts' chances decided once."""
    chances_P1 = rng.beta(rate * CONCENTRATION, (1 - rate) * CONCENTRATION, num_prompts)[:, None]
    first, second = (rng.random((num_prompts, SEEDS)) < chances_P1 for _ in range(2))
    return first.astype(np.float64), second.astype(np.float64)


def measure_same_model(is_quick: bool) -> Measurement:
    """Per cent of comparisons of a model with itself in which any of six metrics has a winner."""
    rng = np.random.default_rng(20261124)
    num = QUICK_REPEATS if is_quick else REPEATS
    num_won = 0
    for repeat in range(num):
        num_prompts = PROMPTS[repeat % len(PROMPTS)]
        pairs = {
            f"metric {k}": outcomes_of(RATES[(repeat + k) % len(RATES)], num_prompts, rng)
            for k in range(METRICS)
        }
        num_won += any(one.winner is not None for one in compare(pairs, rng).values())
    low, high = wilson(num_won / num, num)
    print(f"{num_won} of {num} comparisons of a model with itself called a winner")
    return Measurement(
        value=round(100 * num_won / num, 2),
        n=num,
        interval=(round(100 * low, 2), round(100 * high, 2)),
    )


def measure_coverage(is_quick: bool) -> Measurement:
    """Cases whose intervals hold the truth less often than said, beyond chance.

    A case is a kind of interval, a number of prompts and a true rate. It fails when the share of
    intervals that hold the truth lies below 95 % by more than three standard errors.
    """
    rng = np.random.default_rng(20261124)
    num = QUICK_COVERAGE_REPEATS if is_quick else COVERAGE_REPEATS
    kinds: dict[str, Callable[[float, int], bool]] = {
        "share": lambda rate, prompts: _holds(
            clustered_share(outcomes_of(rate, prompts, rng)[0]), rate
        ),
        "difference": lambda rate, prompts: _holds(
            mean_interval(np.subtract(*outcomes_of(rate, prompts, rng)).mean(axis=1), rng, 1000), 0
        ),
    }
    shares: list[float] = []
    num_short = 0
    for kind, covers in kinds.items():
        for prompts in PROMPTS:
            for rate in RATES:
                share = float(np.mean([covers(rate, prompts) for _ in range(num)]))
                error = (0.95 * 0.05 / num) ** 0.5
                num_short += share < 0.95 - 3 * error
                shares.append(share)
                print(f"{kind:10} prompts {prompts:4} rate {rate:.2f}: {100 * share:.1f} % hold it")
    print(f"{100 * np.mean(shares):.1f} % of all hold it, {100 * min(shares):.1f} % at the worst")
    return Measurement(value=num_short, n=num * len(shares))


def _holds(estimate: Estimate, truth: float) -> bool:
    if estimate.low is None or estimate.high is None:
        return estimate.value == truth
    return estimate.low <= truth <= estimate.high
