"""A whole stream read image by image: one detector for each of its numbers.

Together they stay below their thresholds as `Sensitivity` promises. What has too small a reference
is told and gives no verdict.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from limner.core.watching import (
    LEAST_REFERENCE,
    Method,
    Reading,
    ReadingVerdict,
    Sensitivity,
)
from limner.monitoring.sample import Sample
from limner.monitoring.sequential import ChangeDetector, as_logarithm


def read_stream(
    reference: Sample, stream: Sample, sensitivity: Sensitivity, *, after: int, seed: int
) -> list[Reading]:
    """One reading for each number: the highest its statistic stood at since position `after`.

    Args:
        reference: what was found good.
        stream: everything since.
        sensitivity: how often false alarms may come.
        after: positions up to this were told before; the statistic still goes through them.
        seed: breaks ties; the same for every reading of this reference.
    """
    threshold = sensitivity.stream_threshold(len(reference.numbers))
    return [
        _read(name, reference, stream, after=after, threshold=threshold, seed=[seed, number])
        for number, name in enumerate(sorted(reference.numbers))
    ]


def _read(
    name: str,
    reference: Sample,
    stream: Sample,
    *,
    after: int,
    threshold: float,
    seed: list[int],
) -> Reading:
    before = reference.numbers[name]
    before = before[np.isfinite(before)]
    values = stream.numbers[name]
    reading = Reading(
        measure=name,
        method=Method.MARTINGALE,
        verdict=ReadingVerdict.INSUFFICIENT,
        num_reference=len(before),
        num_new=int(np.isfinite(values).sum()),
        position=len(stream),
        limit=math.log10(threshold),
    )
    if len(before) < LEAST_REFERENCE:
        note = (
            f"The reference has {len(before)} values of it; a verdict needs {LEAST_REFERENCE}. "
            "No verdict."
        )
        return replace(reading, note=note)
    recent = values[after:]
    known = recent[np.isfinite(recent)]
    if not len(known):
        note = f"None of the {len(recent)} images since has a value of it. No verdict."
        return replace(reading, note=note)
    detector, highest = ChangeDetector(before, np.random.default_rng(seed)), 0.0
    position = len(stream)
    for number, value in enumerate(values, start=1):
        if not np.isfinite(value):
            continue
        statistic = detector.add(float(value))
        if number > after and statistic > highest:
            highest = statistic
            if statistic >= threshold:
                position = number
                break
    is_alarm = highest >= threshold
    return replace(
        reading,
        verdict=ReadingVerdict.ALARM if is_alarm else ReadingVerdict.QUIET,
        value=as_logarithm(highest),
        position=position,
        before=float(np.median(before)),
        after=float(np.median(known)),
    )
