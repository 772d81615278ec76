"""All readings of one window of a stream against its reference; one error budget for all of them.

Every test gives a p; Holm's correction holds them to one level together, which follows from how
often false alarms may come (`Sensitivity.window_level`). What has too few observations on either
side is told and gives no verdict.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from limner.core.watching import (
    LEAST_AUDITS,
    LEAST_REFERENCE,
    LEAST_WINDOW,
    Method,
    Reading,
    ReadingVerdict,
    Sensitivity,
)
from limner.monitoring import chart
from limner.monitoring.comparing import (
    Compared,
    chi_square,
    holm,
    kolmogorov_smirnov,
    mean_difference,
    num_draws_for,
)
from limner.monitoring.kernel import discrepancy
from limner.monitoring.performance import guess_rates
from limner.monitoring.sample import Audits, Sample, joint_numbers

SCORES = "scores"
_FOUND = tuple[Reading, float | None]


def read_window(
    reference: Sample,
    window: Sample,
    audits: Audits,
    sensitivity: Sensitivity,
    *,
    position: int,
    rng: np.random.Generator,
) -> list[Reading]:
    """Every reading of a window.

    Args:
        reference: what was found good.
        window: the images to hold against it.
        audits: what people found among decisions.
        sensitivity: how often false alarms may come.
        position: images of the stream up to and with this window.
        rng: permutes and draws.
    """
    level = sensitivity.window_level
    num_tests = len(reference.numbers) + len(reference.kinds) + len(reference.vectors) + 1
    num_tests += len(reference.probability_bad) + len(audits.before)
    tests = _Tests(position, num_draws_for(level, num_tests), rng)
    found: list[_FOUND] = [tests.scores(reference, window)]
    found += [tests.vectors(one, reference, window) for one in reference.vectors]
    found += [tests.number(one, reference, window) for one in reference.numbers]
    found += [tests.kinds(one, reference, window) for one in reference.kinds]
    found += [tests.guessed(one, reference, window) for one in reference.probability_bad]
    found += [tests.audit(one, audits) for one in audits.before]
    return _corrected(found, level)


def _corrected(found: Sequence[_FOUND], level: float) -> list[Reading]:
    tested = [k for k, (_, p) in enumerate(found) if p is not None]
    corrected = holm([p for _, p in found if p is not None])
    readings = [reading for reading, _ in found]
    for k, p in zip(tested, corrected, strict=True):
        is_alarm = p <= level
        readings[k] = replace(
            readings[k],
            verdict=ReadingVerdict.ALARM if is_alarm else ReadingVerdict.QUIET,
            value=-math.log10(max(p, 1e-300)) + 0.0,  # no minus nought
            limit=-math.log10(level),
        )
    return readings


class _Tests:
    """The tests of one window; each gives a reading and its p, or ``None`` for no verdict."""

    def __init__(self, position: int, num_draws: int, rng: np.random.Generator) -> None:
        self._position = position
        self._num_draws = num_draws
        self._rng = rng

    def scores(self, reference: Sample, window: Sample) -> _FOUND:
        """All numbers together: sees a change that none of them shows alone."""
        before, after = joint_numbers(reference, reference), joint_numbers(reference, window)
        return self._discrepancy(SCORES, before, after)

    def vectors(self, measure: str, reference: Sample, window: Sample) -> _FOUND:
        """Vectors such as those of prompts and of pictures."""
        return self._discrepancy(measure, reference.vectors[measure], window.vectors[measure])

    def number(self, measure: str, reference: Sample, window: Sample) -> _FOUND:
        """One number of every image."""
        before, after = _known(reference, measure), _known(window, measure)
        reading = self._reading(measure, Method.KOLMOGOROV_SMIRNOV, len(before), len(after))
        if reading.note:
            return reading, None
        compared = kolmogorov_smirnov(before, after)
        told = replace(reading, before=float(np.median(before)), after=float(np.median(after)))
        return told, compared.p

    def kinds(self, measure: str, reference: Sample, window: Sample) -> _FOUND:
        """One kind of every image. Of two kinds, the share of the later in the alphabet is told."""
        before, after = reference.kinds[measure], window.kinds[measure]
        reading = self._reading(measure, Method.CHI_SQUARE, len(before), len(after))
        if reading.note:
            return reading, None
        names = sorted({*before, *after})
        counts_2C = np.array([[list(one).count(name) for name in names] for one in (before, after)])
        compared = chi_square(counts_2C, self._rng, self._num_draws)
        if len(names) <= 2:
            shares = counts_2C[:, -1] / counts_2C.sum(axis=1) * (len(names) - 1)
            reading = replace(reading, before=float(shares[0]), after=float(shares[1]))
        return reading, compared.p

    def guessed(self, check: str, reference: Sample, window: Sample) -> _FOUND:
        """Bad images expected among the released, by a calibrated check."""
        before, after = (_expected(one, check) for one in (reference, window))
        measure = f"expected_bad.{check}"
        reading = self._reading(measure, Method.CBPE, len(before), len(after))
        if reading.note:
            return reading, None
        guessed = guess_rates(after, np.ones(len(after), np.bool_)).released_bad
        p = mean_difference(before, after, self._rng, self._num_draws).p
        return replace(
            reading,
            before=float(before.mean()),
            after=guessed.value,
            low=guessed.low,
            high=guessed.high,
        ), p

    def audit(self, measure: str, audits: Audits) -> _FOUND:
        """Mistakes that people found among decisions."""
        before, after = audits.before[measure], audits.after[measure]
        reading = Reading(
            measure=measure,
            method=Method.AUDIT_CHART,
            verdict=ReadingVerdict.INSUFFICIENT,
            num_reference=before.num,
            num_new=after.num,
            position=self._position,
        )
        if min(before.num, after.num) < LEAST_AUDITS:
            note = (
                f"People answered {before.num} times before and {after.num} since; each needs "
                f"{LEAST_AUDITS}. No verdict."
            )
            return replace(reading, note=note), None
        p = chart.upper_tail(before, after)
        return replace(reading, before=before.share, after=after.share), p

    def _discrepancy(
        self, measure: str, before: NDArray[np.float64], after: NDArray[np.float64]
    ) -> _FOUND:
        reading = self._reading(measure, Method.MMD, len(before), len(after))
        if not reading.note and (before.shape[1] == 0 or not np.ptp(before, axis=0).any()):
            reading = replace(reading, note="Nothing in it ever differs. No verdict.")
        if reading.note:
            return reading, None
        compared: Compared = discrepancy(before, after, self._rng, self._num_draws)
        return reading, compared.p

    def _reading(self, measure: str, method: Method, num_before: int, num_after: int) -> Reading:
        """A reading without a verdict; its note says which side is too small, if one is."""
        note = ""
        if num_before < LEAST_REFERENCE:
            note = (
                f"The reference has {num_before} values of it; a verdict needs {LEAST_REFERENCE}. "
                "No verdict."
            )
        elif num_after < LEAST_WINDOW:
            note = (
                f"The window has {num_after} values of it; {LEAST_WINDOW} are needed. No verdict."
            )
        return Reading(
            measure=measure,
            method=method,
            verdict=ReadingVerdict.INSUFFICIENT,
            num_reference=num_before,
            num_new=num_after,
            position=self._position,
            note=note,
        )


def _known(sample: Sample, measure: str) -> NDArray[np.float64]:
    values = sample.numbers[measure]
    return values[np.isfinite(values)]


def _expected(sample: Sample, check: str) -> NDArray[np.float64]:
    values = sample.probability_bad.get(check)
    if values is None:  # the check judged none of these images
        return np.zeros(0)
    released = values[sample.is_released]
    return released[np.isfinite(released)]
