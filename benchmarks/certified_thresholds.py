"""How often a certified threshold breaks its promise, on data whose truth is known.

Every kind of data is drawn 1,000 times, certified as `limner criteria certify` does, and what was
certified is held against the truth. Some kinds are there to break it: claims that are false by a
hair at every threshold, scores whose best pictures are the worst, labels from unequal sampling.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.figure import Measurement
from limner.core.criteria import Target
from limner.core.judging import Better
from limner.evals.certify import Certification, Labels, certify
from limner.evals.mistakes import mistakes_bound

# Shapes: U units (pictures), G grid points of the score.

DELTA = 0.1
NUM_REPEATS = 1000
NUM_GRID = 20_001

Curve = Callable[[NDArray[np.float64]], NDArray[np.float64]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of data; scores are uniform from 0 to 1.

    Attributes:
        bad: probability that a picture with this score is bad.
        chance: probability that it was looked at; ``None`` where all were.
        num: pictures, looked at or not.
    """

    name: str
    bad: Curve
    target: Target
    num: int = 1000
    chance: Curve | None = None


def _target(precision: float, recall: float | None = None, fail: float | None = None) -> Target:
    return Target(precision=precision, recall=recall, confidence=1 - DELTA, fail_precision=fail)


def _slope(score_U: NDArray[np.float64]) -> NDArray[np.float64]:
    return 0.6 * (1 - score_U) ** 2.5


def _steep(score_U: NDArray[np.float64]) -> NDArray[np.float64]:
    return 1 / (1 + np.exp(25 * (score_U - 0.35)))


def _audit(score_U: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(score_U > 0.6, 0.2, np.where(score_U > 0.3, 1.0, 0.1))


def _hair(score_U: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.full(len(score_U), 0.0501)


KINDS = (
    Kind(name="parts well", bad=_steep, target=_target(0.95)),
    Kind(name="parts somewhat", bad=_slope, target=_target(0.95)),
    Kind(name="few labels", bad=_slope, target=_target(0.9), num=120),
    Kind(name="false by a hair everywhere", bad=_hair, target=_target(0.95)),
    Kind(name="false by a hair, 20,000 labels", bad=_hair, target=_target(0.95), num=20_000),
    Kind(
        name="true by a hair at the strictest",
        bad=lambda score_U: 0.0499 + 0.02 * (1 - score_U),
        target=_target(0.95),
    ),
    Kind(
        name="the best scores are the worst",
        bad=lambda score_U: np.where(score_U > 0.9, 0.12, 0.01 + 0.3 * (1 - score_U)),
        target=_target(0.95),
    ),
    Kind(
        name="good, then a cliff",
        bad=lambda score_U: np.where(score_U > 0.5, 0.0502, 0.9),
        target=_target(0.95),
    ),
    Kind(name="recall as well", bad=_slope, target=_target(0.9, recall=0.7), num=2000),
    Kind(
        name="recall false by a hair",
        bad=lambda score_U: np.where(score_U > 0.5, 0.0205, 0.02),
        target=_target(0.9, recall=0.5),
        num=6000,
    ),
    Kind(name="both sides", bad=_steep, target=_target(0.95, fail=0.9), num=2000),
    Kind(name="audited unequally", bad=_slope, target=_target(0.93), num=6000, chance=_audit),
    Kind(
        name="audited unequally, false by a hair",
        bad=_hair,
        target=_target(0.95),
        num=4000,
        chance=_audit,
    ),
    Kind(
        name="audited unequally, recall as well",
        bad=_steep,
        target=_target(0.9, recall=0.7),
        num=4000,
        chance=_audit,
    ),
)


def measure_certified_thresholds(is_quick: bool) -> Measurement:
    """Share of repeats in which a certified threshold breaks its promise, in per cent.

    At confidence 90 % it may be 10 %. Given is the worst of 14 kinds of data, with the exact 95 %
    interval of that kind; printed are all, with the share of repeats that certified anything and
    the mean share of pictures that would pass.
    """
    num_repeats = 250 if is_quick else NUM_REPEATS
    rng = np.random.default_rng(20260101)
    print(f"{'data':36} {'broken':>8} {'certified':>10} {'passing':>8}")
    counts: list[int] = []
    for kind in KINDS:
        num_broken, coverages = _repeat(kind, num_repeats, rng)
        counts.append(num_broken)
        passing = f"{np.mean(coverages):8.1%}" if coverages else " " * 8
        certified = len(coverages) / num_repeats
        print(f"{kind.name:36} {num_broken / num_repeats:8.1%} {certified:10.1%} {passing}")
    worst = max(counts)
    low, high = _interval(worst, num_repeats)
    return Measurement(
        value=round(100 * worst / num_repeats, 2),
        n=num_repeats * len(KINDS),
        interval=(round(100 * low, 2), round(100 * high, 2)),
    )


def _repeat(kind: Kind, num_repeats: int, rng: np.random.Generator) -> tuple[int, list[float]]:
    """Repeats that broke a promise, and the true share that passes in those that certified."""
    num_broken, coverages = 0, list[float]()
    for _ in range(num_repeats):
        found = certify(_draw(kind, rng), kind.target, Better.HIGHER)
        num_broken += _is_broken(kind, found)
        if found.passing.certified is not None:
            coverages.append(1 - found.passing.certified.threshold)
    return num_broken, coverages


def _draw(kind: Kind, rng: np.random.Generator) -> Labels:
    score_U = rng.random(kind.num)
    is_good_U = rng.random(kind.num) >= kind.bad(score_U)
    chance_U = np.ones(kind.num) if kind.chance is None else kind.chance(score_U)
    is_seen_U = rng.random(kind.num) < chance_U
    return Labels(
        score_U=score_U[is_seen_U],
        is_good_U=is_good_U[is_seen_U],
        is_known_U=np.ones(int(is_seen_U.sum()), dtype=bool),
        probability_U=chance_U[is_seen_U],
    )


def _is_broken(kind: Kind, found: Certification) -> bool:
    """Whether anything that was certified is not so, by the data's true curve."""
    score_G = (np.arange(NUM_GRID) + 0.5) / NUM_GRID
    bad_G = kind.bad(score_G)
    passing, failing, target = found.passing.certified, found.failing, kind.target
    broken = False
    if passing is not None:
        passes_G = score_G >= passing.threshold
        broken |= bad_G[passes_G].mean() > 1 - target.precision if passes_G.any() else False
        if target.recall is not None:
            broken |= bad_G[passes_G].sum() / bad_G.sum() > 1 - target.recall
    if failing is not None and failing.certified is not None and target.fail_precision is not None:
        fails_G = score_G <= failing.certified.threshold
        broken |= bad_G[fails_G].mean() < target.fail_precision if fails_G.any() else False
    return bool(broken)


def _interval(num_hits: int, num: int) -> tuple[float, float]:
    """Exact 95 % interval of a share (Clopper and Pearson)."""
    is_hit = np.arange(num) < num_hits
    weight = np.ones(num)
    high = mistakes_bound(is_hit, weight, 0.025, is_equal=True)
    return 1 - mistakes_bound(~is_hit, weight, 0.025, is_equal=True), high
