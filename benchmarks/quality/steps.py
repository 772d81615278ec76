"""What fewer steps cost in quality: the same prompts and seeds drawn in 4, 8 and 16 steps."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from benchmarks.figure import Measurement
from benchmarks.quality import specification
from benchmarks.quality.aspects import INTERVAL_SEED
from benchmarks.quality.drawing import opened_drawing
from benchmarks.quality.intervals import share_with_interval
from benchmarks.quality.judging import Eye
from benchmarks.quality.sentences import embed_text
from limner.checks.referee import Referee

FEW, MANY = 4, 16
STEPS = (FEW, 8, MANY)
NUM_QUICK = 8


def measure_few_steps(is_quick: bool) -> Measurement:
    """Points of concept top-5 that 4 steps are ahead of 16, over the 300 seen concepts, one seed.

    Below 0 they are behind. Every number of steps is printed with its interval; differences are
    paired on prompt and seed.
    """
    is_known = Eye(Referee(embed_text)).is_among(5)
    asked = specification.seen_concepts()[: NUM_QUICK if is_quick else None]
    right: dict[int, list[float]] = {steps: [] for steps in STEPS}
    with opened_drawing() as drawing:
        for one in asked:
            for steps in STEPS:
                (picture,) = drawing.draw(one, 1, steps=steps)
                right[steps].append(float(picture is not None and is_known(picture, one)))
    for steps in STEPS:
        share, interval = _in_per_cent(right[steps])
        print(f"{steps:2} steps: concept top-5 {share} %  {interval}  n {len(asked)}")
    apart = [few - many for few, many in zip(right[FEW], right[MANY], strict=True)]
    value, ends = _in_per_cent(apart)
    return Measurement(value=value, n=len(asked), interval=ends)


def _in_per_cent(outcomes: Sequence[float]) -> tuple[float, tuple[float, float]]:
    rng = np.random.default_rng(INTERVAL_SEED)
    share, (low, high) = share_with_interval([[one] for one in outcomes], rng)
    return round(100 * share, 1), (round(100 * low, 1), round(100 * high, 1))
