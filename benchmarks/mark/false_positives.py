"""How often a mark is read where there is none: the figure that decides what a reading is worth."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, cycle, islice
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage

from benchmarks.figure import Measurement
from benchmarks.mark.pictures import (
    drawings,
    each_flat,
    flat_art_source,
    on_ground,
    photographs,
)
from benchmarks.mark.recovery import KEY
from limner.provenance.mark import MarkPayload, MarkUncarried, embed_mark, read_mark

# Shapes: H height, W width, C channels.

NUM_PICTURES, QUICK_PICTURES = 40_000, 400  # so many that none found says less than 1 in 10,000
THOROUGH_EVERY = 200  # pictures; the wide search takes most of a second
NUM_DRAWINGS = 100
MIN_CUT_PX, MAX_CUT_PX = 96, 384
OTHER_KEY = bytes(range(100, 132))

Bytes = NDArray[np.uint8]


class Trial(NamedTuple):
    """A picture that has no mark of the key it is read with."""

    kind: str
    image_HWC: Bytes
    is_thorough: bool


def measure_mark_false_positives(is_quick: bool) -> Measurement:
    """Share of 40,000 pictures without a mark of the key that are reported marked, in per cent.

    A third, or as many as there are, is flat art on plain grounds and transparent, the rest are
    cuts of fourteen photographs at random places, sizes, turns and brightness; a few are drawings
    of the model, and pictures that carry the mark of another key. Every two-hundredth is searched
    thoroughly. The interval is exact (Clopper, Pearson), as if all were different pictures: with
    none found in n it ends at 3.7 / n.
    """
    num = QUICK_PICTURES if is_quick else NUM_PICTURES
    print(f"flat art: {flat_art_source()}")
    counts: dict[str, list[int]] = {}
    num_thorough = 0
    for trial in trials(num, is_quick):
        reading = read_mark(trial.image_HWC, [KEY], thorough=trial.is_thorough)
        counts.setdefault(trial.kind, []).append(int(reading is not None))
        num_thorough += trial.is_thorough
        if reading is not None:
            print(f"reported marked: {trial.kind}, {reading}")
    for kind, found in counts.items():
        print(f"  {kind:32} {sum(found)} of {len(found)}")
    print(f"  {num_thorough} of them searched thoroughly")
    total = sum(len(found) for found in counts.values())
    num_found = sum(sum(found) for found in counts.values())
    low, high = exact_interval(num_found, total)
    print(f"share reported marked: at most {high:.2e} (95 %, two-sided)")
    return Measurement(value=100 * num_found / total, n=total, interval=(100 * low, 100 * high))


def trials(num: int, is_quick: bool) -> Iterator[Trial]:
    """The pictures, the same ones every time."""
    kinds = chain(art(num // 3, is_quick), cuts(np.random.default_rng(13)))
    for number, (kind, image_HWC) in enumerate(islice(kinds, num)):
        yield Trial(kind, image_HWC, number % THOROUGH_EVERY == 0)


def art(num: int, is_quick: bool) -> Iterator[tuple[str, Bytes]]:
    """So many pieces of flat art, and some drawings and marked pictures."""
    for number, image_HWC in enumerate(each_flat(num, np.random.default_rng(11))):
        if number % 2:
            yield "flat art, opaque", on_ground(image_HWC, number // 2)
        else:
            yield "flat art, transparent", image_HWC
    if not is_quick:
        yield from (("drawings", one) for one in drawings(NUM_DRAWINGS, is_transparent=True))
    flat = each_flat(num // 20, np.random.default_rng(11))
    yield from (("flat art, mark of another key", one) for one in _marked(flat))


def cuts(rng: np.random.Generator) -> Iterator[tuple[str, Bytes]]:
    """Parts of photographs at random places, sizes, turns, mirrorings and brightness, no end."""
    for image_HWC in cycle(photographs()):
        height, width = (
            int(rng.integers(MIN_CUT_PX, min(side, 2 * MAX_CUT_PX) + 1))
            for side in image_HWC.shape[:2]
        )
        top = int(rng.integers(image_HWC.shape[0] - height + 1))
        left = int(rng.integers(image_HWC.shape[1] - width + 1))
        cut = PillowImage.fromarray(image_HWC[top : top + height, left : left + width]).convert(
            "RGB"
        )
        scale = rng.integers(MIN_CUT_PX, MAX_CUT_PX + 1) / min(cut.size)
        cut = cut.resize((round(cut.width * scale), round(cut.height * scale)))
        cut = cut.rotate(90 * int(rng.integers(4)), expand=True)
        pixels_HWC = np.asarray(cut)[:, :: int(rng.choice((-1, 1)))]
        pixels_HWC = np.clip(pixels_HWC * rng.uniform(0.5, 1.3), 0, 255)
        yield "cuts of photographs", pixels_HWC.astype(np.uint8)


def exact_interval(num_found: int, num: int) -> tuple[float, float]:
    """Clopper and Pearson's 95 % interval of a share, by bisection of the binomial's tails."""
    low, high = 0.0, 1.0
    if num_found > 0:
        low = _share_where(lambda share: 1 - _at_most(num_found - 1, num, share), 0.025)
    if num_found < num:
        high = _share_where(lambda share: -_at_most(num_found, num, share), -0.025)
    return low, high


def _share_where(rising: Callable[[float], float], level: float) -> float:
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if rising(middle) < level else (low, middle)
    return low


def _at_most(num_found: int, num: int, share: float) -> float:
    """Probability of so many or fewer."""
    return sum(
        math.exp(
            math.lgamma(num + 1)
            - math.lgamma(k + 1)
            - math.lgamma(num - k + 1)
            + k * math.log(share)
            + (num - k) * math.log1p(-share)
        )
        for k in range(num_found + 1)
    )


def _marked(pictures: Iterable[Bytes]) -> Iterator[Bytes]:
    rng = np.random.default_rng(12)
    for image_HWC in pictures:
        try:
            yield embed_mark(image_HWC, MarkPayload.draw(rng), OTHER_KEY)
        except MarkUncarried:
            continue
