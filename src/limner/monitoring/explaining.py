"""What changed, for a person: where in the stream, by how much, and which images show it best.

It explains an alarm; it is no test, and finds something in any two samples.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from limner.core.watching import Change, Method, Reading
from limner.monitoring.kernel import witness
from limner.monitoring.sample import Sample, joint_numbers

NUM_EXAMPLES = 6
NUM_SLICES = 3
LEAST_IN_SLICE = 8


def explain(reading: Reading, reference: Sample, window: Sample) -> Change:
    """What an alarmed reading says changed.

    Args:
        reading: of `window` against `reference`.
        reference: as it was read.
        window: as it was read, or the newest images of the stream.
    """
    shown_N = _how_much(reading, reference, window)
    order = np.argsort(-shown_N, kind="stable") if shown_N is not None else np.zeros(0, np.intp)
    return Change(
        measure=reading.measure,
        note=_sentence(reading),
        slices=_slices(reading, reference, window),
        examples=tuple(window.image_ids[int(k)] for k in order[:NUM_EXAMPLES]),
    )


def _how_much(reading: Reading, reference: Sample, window: Sample) -> NDArray[np.float64] | None:
    """How well each image of the window shows the change: larger is clearer."""
    measure = reading.measure
    if measure in reference.vectors:
        return witness(reference.vectors[measure], window.vectors[measure])
    if measure in reference.numbers:
        return _directed(reference.numbers[measure], window.numbers[measure])
    if measure in reference.kinds:
        before, after = reference.kinds[measure], window.kinds[measure]
        if len(after) != len(window):  # not only images are counted
            return None
        more = {
            kind: list(after).count(kind) / len(after) - list(before).count(kind) / len(before)
            for kind in set(after)
        }
        return np.array([more[kind] for kind in after])
    if reading.method is Method.MMD:
        return witness(joint_numbers(reference, reference), joint_numbers(reference, window))
    if reading.method is Method.CBPE:
        values = window.probability_bad[measure.removeprefix("expected_bad.")]
        return np.where(np.isfinite(values) & window.is_released, values, -1.0)
    return None


def _directed(before: NDArray[np.float64], after: NDArray[np.float64]) -> NDArray[np.float64]:
    """How far each number lies from the reference's median, in the direction of the change."""
    middle = np.nanmedian(before)
    direction = 1.0 if np.nanmean(after) >= np.nanmean(before) else -1.0
    return np.where(np.isfinite(after), direction * (after - middle), -np.inf)


def _slices(reading: Reading, reference: Sample, window: Sample) -> tuple[str, ...]:
    """The slices whose own median moved most, of one number."""
    if reading.measure not in reference.numbers:
        return ()
    spread = float(np.nanstd(reference.numbers[reading.measure])) or 1.0
    moved: list[tuple[float, str]] = []
    for name in sorted({one for of_image in window.slices for one in of_image}):
        before = _in_slice(reference, reading.measure, name)
        after = _in_slice(window, reading.measure, name)
        if min(len(before), len(after)) >= LEAST_IN_SLICE:
            moved.append((float(np.median(after) - np.median(before)) / spread, name))
    moved.sort(key=lambda one: -abs(one[0]))
    return tuple(
        f"{name}: moved by {by:+.1f} standard deviations" for by, name in moved[:NUM_SLICES]
    )


def _in_slice(sample: Sample, measure: str, name: str) -> NDArray[np.float64]:
    is_in = np.array([name in of_image for of_image in sample.slices], dtype=np.bool_)
    values = sample.numbers[measure][is_in]
    return values[np.isfinite(values)]


def _sentence(reading: Reading) -> str:
    name = reading.measure.replace("_", " ").replace(".", " of ", 1)
    if reading.before is None or reading.after is None:
        return f"The mix of {name} changed."
    return f"The {name} changed from {reading.before:.3g} to {reading.after:.3g}."
