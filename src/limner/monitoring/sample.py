"""What is known of a stretch of a stream, image by image, in the form the tests read.

Shapes: N images, E width of a vector. A missing number is NaN.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from limner.monitoring.chart import Answers


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sample:
    """A stretch of a stream; every list has one value for each image.

    A kind may have more values than there are images, where not only images are counted.

    Attributes:
        image_ids: in the order in which the images came.
        numbers: by measure, such as ``score.sharpness``; finite, or NaN where there is none.
        kinds: by measure, such as ``style``.
        vectors: by measure, such as ``prompts``; each `[N, E]`.
        probability_bad: by check, calibrated; NaN where there is none.
        is_released: what was decided.
        slices: names of the parts of the stream each image belongs to, to say where it changed.
    """

    image_ids: Sequence[str]
    numbers: Mapping[str, NDArray[np.float64]]
    kinds: Mapping[str, Sequence[str]] = field(default_factory=dict[str, Sequence[str]])
    vectors: Mapping[str, NDArray[np.float64]] = field(
        default_factory=dict[str, NDArray[np.float64]]
    )
    probability_bad: Mapping[str, NDArray[np.float64]] = field(
        default_factory=dict[str, NDArray[np.float64]]
    )
    is_released: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, np.bool_))
    slices: Sequence[Sequence[str]] = ()

    def __len__(self) -> int:
        return len(self.image_ids)


@dataclass(frozen=True, slots=True, kw_only=True)
class Audits:
    """What people found, before and since the reference ended.

    Attributes:
        before, after: by measure, such as ``audit.released_bad``.
    """

    before: Mapping[str, Answers] = field(default_factory=dict[str, Answers])
    after: Mapping[str, Answers] = field(default_factory=dict[str, Answers])


def joint_numbers(reference: Sample, sample: Sample) -> NDArray[np.float64]:
    """Every number of a sample beside each other, `[N, E]`, in units of the reference's spread.

    A number that is missing stands at the reference's median; that it is missing is another
    measure. Numbers that never differ in the reference have no unit and are left out.
    """
    columns: list[NDArray[np.float64]] = []
    for name, values in reference.numbers.items():
        known = values[np.isfinite(values)]
        if len(known) < 2 or np.ptp(known) == 0 or name not in sample.numbers:
            continue
        middle, own = np.median(known), sample.numbers[name]
        columns.append((np.where(np.isfinite(own), own, middle) - middle) / known.std())
    if not columns:
        return np.zeros((len(sample), 0))
    return np.clip(np.stack(columns, axis=1), -20, 20)
