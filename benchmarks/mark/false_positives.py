"""How often a mark is read where there is none: the figure that decides what a reading is worth."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage

from benchmarks.figure import Measurement
from benchmarks.mark.pictures import (
    drawings,
    flat_art,
    flat_art_source,
    on_grounds,
    photographs,
)
from benchmarks.mark.recovery import KEY
from limner.provenance.mark import MarkPayload, MarkUncarried, embed_mark, read_mark

# Shapes: H height, W width, C channels.

NUM_PICTURES, QUICK_PICTURES = 10_000, 400
THOROUGH_EVERY = 50  # pictures; the wide search takes most of a second
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
    """Pictures without a mark of the key that are reported marked, in 10,000 of them.

    A third is flat art on plain grounds and transparent, two thirds are cuts of photographs at
    random places, sizes, turns and brightness; a few are drawings of the model, and pictures
    that carry the mark of another key. Every fiftieth is searched thoroughly. The interval is
    exact (Clopper, Pearson): with none found in n it ends at 3.7 / n.
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
    return Measurement(value=num_found, n=total, interval=(low * total, high * total))


def trials(num: int, is_quick: bool) -> Iterator[Trial]:
    """The pictures, the same ones every time."""
    rng = np.random.default_rng(11)
    flat = flat_art(num // 3, rng)
    wide = iter(range(1, 10 * num))
    for kind, images in (
        ("flat art, transparent", flat[::2]),
        ("flat art, opaque", on_grounds(flat[1::2])),
        ("drawings", [] if is_quick else drawings(NUM_DRAWINGS, is_transparent=True)),
        ("flat art marked with another key", list(_marked(flat[: num // 50]))),
    ):
        for image_HWC in images:
            yield Trial(kind, image_HWC, next(wide) % THOROUGH_EVERY == 0)
    for image_HWC in cuts(num - 1 - (next(wide) - 1), rng):
        yield Trial("cuts of photographs", image_HWC, next(wide) % THOROUGH_EVERY == 0)


def cuts(num: int, rng: np.random.Generator) -> Iterator[Bytes]:
    """Parts of photographs at random places, sizes, turns, mirrorings and brightness."""
    pictures = photographs()
    for number in range(num):
        image_HWC = pictures[number % len(pictures)]
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
        yield np.clip(pixels_HWC * rng.uniform(0.5, 1.3), 0, 255).astype(np.uint8)


def exact_interval(num_found: int, num: int) -> tuple[float, float]:
    """Clopper and Pearson's 95 % interval of a share."""
    from scipy.stats import beta

    low = float(beta.ppf(0.025, num_found, num - num_found + 1)) if num_found else 0.0
    high = float(beta.ppf(0.975, num_found + 1, num - num_found)) if num_found < num else 1.0
    return low, high


def _marked(pictures: list[Bytes]) -> Iterator[Bytes]:
    rng = np.random.default_rng(12)
    for image_HWC in pictures:
        try:
            yield embed_mark(image_HWC, MarkPayload.draw(rng), OTHER_KEY)
        except MarkUncarried:
            continue
