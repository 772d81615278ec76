"""Change read image by image: bets on online ranks, restarted at every moment.

Each value is ranked among the reference and everything since, its ties broken by chance. While
nothing changes these ranks are independent and uniform, whatever the distribution; ranking among
the reference alone is not, and raised 24 false alarms in 100 where 1 was meant. A bet on ranks
that are too high or too low multiplies; a bet is begun anew at every image and all are summed
(Shiryaev and Roberts), so that a late change is found as soon as an early one. The sum less the
number of images is a martingale, so within n images it passes a threshold with a probability of at
most n / threshold.

Source: Vovk, Gammerman and Shafer 2022, Algorithmic Learning in a Random World, chapter 8; Vovk et
al. 2021, Retrain or not retrain; Shin, Ramdas and Rinaldo 2022, E-detectors.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

BETS = np.array([-0.9, -0.6, -0.3, 0.3, 0.6, 0.9])
_LARGEST = 1e200


class ChangeDetector:
    """The statistic of one stream of numbers.

    Args:
        reference: finite values from before the stream.
        rng: breaks ties; the same one gives the same statistic again.
    """

    def __init__(self, reference: Iterable[float], rng: np.random.Generator) -> None:
        self._known = sorted(reference)
        self._rng = rng
        self._sum_K: NDArray[np.float64] = np.zeros(len(BETS))

    def add(self, value: float) -> float:
        """The statistic after one more finite value; 0 or more."""
        num_above = len(self._known) - bisect_right(self._known, value)
        num_equal = bisect_right(self._known, value) - bisect_left(self._known, value)
        rank = (num_above + self._rng.random() * (num_equal + 1)) / (len(self._known) + 1)
        insort(self._known, value)
        self._sum_K = np.minimum((1 + self._sum_K) * (1 + 2 * BETS * (rank - 0.5)), _LARGEST)
        return float(self._sum_K.mean())


def first_alarm(
    reference: Iterable[float],
    stream: Iterable[float],
    threshold: float,
    rng: np.random.Generator,
) -> int | None:
    """How many values of a stream it took to pass a threshold; ``None`` if it never did."""
    detector = ChangeDetector(reference, rng)
    for number, value in enumerate(stream, start=1):
        if detector.add(value) >= threshold:
            return number
    return None


def as_logarithm(statistic: float) -> float:
    """Common logarithm for a reading; 0 for whatever is 1 or less."""
    return math.log10(max(statistic, 1.0))
