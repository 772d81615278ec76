"""Inspection on defects made on real surfaces: what is found, where, and whether bounds hold.

No package ships a set of industrial defects, so they are made here: holes, scratches, rubbed places
and patches of another surface, on cuts of photographs of brick, grass and gravel (scikit-image).
Good parts to learn from are cut from the left of each photograph, those to try from the right, so
that no pixel is in both. A defect covers 2 % of a part.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage
from PIL import ImageFilter

from benchmarks.figure import Measurement
from limner.checks.tagger.patches import Normal, whole_of
from limner.checks.tagger.tagger import Seen, Tagger
from limner.core.learnt import NormalFacts
from limner.core.records import Picture
from limner.studio.look.examples import Example
from limner.studio.look.inspecting import Wanted, learn_set

# Shapes: H height, W width (grey).

SIDE_PX = 128
DEFECT_PX = 18
NUM_GOOD, NUM_BAD, NUM_TRIED = 100, 60, 60
WANTED = Wanted(limit=0.1, confidence=0.9)

Grey = NDArray[np.uint8]


class Part(NamedTuple):
    """A part: its pixels, and the middle of its defect as shares of its sides."""

    grey_HW: Grey
    middle: tuple[float, float] | None


def measure_inspection(is_quick: bool) -> Measurement:
    """Area under the curve of good against bad parts, the mean over surfaces, in %."""
    from skimage import data

    surfaces: dict[str, Grey] = {
        name: np.asarray(getattr(data, name)()) for name in ("brick", "grass", "gravel")
    }
    tagger = Tagger(num_threads=1)
    names = list(surfaces)[: 1 if is_quick else None]
    areas = [_measured(tagger, name, surfaces, 2 if is_quick else 1) for name in names]
    num = len(names) * 2 * (NUM_TRIED // (2 if is_quick else 1))
    return Measurement(value=round(100 * float(np.mean(areas)), 2), n=num)


def _measured(tagger: Tagger, name: str, surfaces: dict[str, Grey], part_of: int) -> float:
    rng = np.random.default_rng(7)
    surface_HW, other_HW = surfaces[name], surfaces["gravel" if name == "brick" else "brick"]
    left_HW, right_HW = np.hsplit(surface_HW, 2)
    good = [_cut(left_HW, rng) for _ in range(NUM_GOOD)]
    bad = [_spoilt(_cut(left_HW, rng), other_HW, at, rng) for at in range(NUM_BAD // part_of)]
    good_examples, bad_examples = (
        [_example(tagger, part, rng) for part in kind] for kind in (good, bad)
    )
    normal, facts = learn_set(good_examples, bad_examples, tagger.ingredients, WANTED)
    num = NUM_TRIED // part_of
    fine = [_cut(right_HW, rng) for _ in range(num)]
    spoilt = [_spoilt(_cut(right_HW, rng), other_HW, at, rng) for at in range(num)]
    fine_scores = [normal.measure(_see(tagger, one)).score for one in fine]
    spoilt_scores = [normal.measure(_see(tagger, one)).score for one in spoilt]
    _tell(name, facts, fine_scores, spoilt_scores)
    for at, made in enumerate(DEFECTS):
        area = _area(fine_scores, spoilt_scores[at :: len(DEFECTS)])
        print(f"  {made.__name__.strip('_'):9} area {area:.3f}", file=sys.stderr)
    found = np.mean([_is_found(normal, tagger, one) for one in spoilt])
    print(f"  the oddest place is in the defect: {found:.0%}", file=sys.stderr)
    return _area(fine_scores, spoilt_scores)


def _tell(name: str, facts: NormalFacts, fine: list[float], spoilt: list[float]) -> None:
    said = [[facts.verdict_of(one) for one in scores] for scores in (fine, spoilt)]
    print(
        f"{name}: good called anomalous {said[0].count('anomalous')} of {len(fine)}, "
        f"bad called normal {said[1].count('normal')} of {len(spoilt)}, "
        f"bad called anomalous {said[1].count('anomalous')}, "
        f"good called normal {said[0].count('normal')}; area {_area(fine, spoilt):.3f}",
        file=sys.stderr,
    )


def _area(fine: list[float], spoilt: list[float]) -> float:
    """Chance that a bad part scores higher than a good one; equal ones count half."""
    above = np.subtract.outer(np.array(spoilt), np.array(fine))
    return float((above > 0).mean() + (above == 0).mean() / 2)


def _is_found(normal: Normal, tagger: Tagger, part: Part) -> bool:
    assert part.middle is not None
    distance_HW = normal.measure(_see(tagger, part)).distance_HW
    row, column = np.unravel_index(int(distance_HW.argmax()), distance_HW.shape)
    height, width = distance_HW.shape
    apart = (row + 0.5) / height - part.middle[0], (column + 0.5) / width - part.middle[1]
    return max(map(abs, apart)) <= DEFECT_PX / SIDE_PX


def _see(tagger: Tagger, part: Part) -> Seen:
    grey_HW = part.grey_HW
    opaque = np.full((*grey_HW.shape, 1), 255, np.uint8)
    image_HWC = np.concatenate([grey_HW[..., None].repeat(3, axis=2), opaque], axis=2)
    return tagger.look(whole_of(Picture.of(image_HWC)))


def _example(tagger: Tagger, part: Part, rng: np.random.Generator) -> Example[Seen]:
    """No hash that parts near copies: cuts that overlap are no copies of each other."""
    return Example(
        image_id=f"sha256:{rng.bytes(32).hex()}", name="cut", pdq=None, seen=_see(tagger, part)
    )


def _cut(surface_HW: Grey, rng: np.random.Generator) -> Part:
    """A cut at some place, a little lighter or darker than it is."""
    top, left = (int(rng.integers(0, one - SIDE_PX + 1)) for one in surface_HW.shape)
    cut_HW = surface_HW[top : top + SIDE_PX, left : left + SIDE_PX].astype(np.float64)
    return Part(np.clip(cut_HW * rng.uniform(0.95, 1.05), 0, 255).astype(np.uint8), None)


def _spoilt(part: Part, other_HW: Grey, number: int, rng: np.random.Generator) -> Part:
    """The part with the next defect at some place."""
    grey_HW = part.grey_HW.copy()
    top, left = (int(one) for one in rng.integers(4, SIDE_PX - DEFECT_PX - 4, 2))
    place = np.s_[top : top + DEFECT_PX, left : left + DEFECT_PX]
    grey_HW[place] = DEFECTS[number % len(DEFECTS)](grey_HW[place], other_HW, rng)
    middle = (top + DEFECT_PX / 2) / SIDE_PX, (left + DEFECT_PX / 2) / SIDE_PX
    return Part(grey_HW, middle)


def _hole(place_HW: Grey, _: Grey, rng: np.random.Generator) -> Grey:
    away = np.hypot(*np.meshgrid(*(np.linspace(-1, 1, DEFECT_PX),) * 2))
    dark = rng.integers(5, 40, place_HW.shape)
    return np.where(away < 0.95, dark, place_HW).astype(np.uint8)


def _scratch(place_HW: Grey, _: Grey, rng: np.random.Generator) -> Grey:
    across = np.abs(np.subtract.outer(np.arange(DEFECT_PX), np.arange(DEFECT_PX)))
    bright = rng.integers(215, 255, place_HW.shape)
    return np.where(across < 2, bright, place_HW).astype(np.uint8)


def _rubbed(place_HW: Grey, _: Grey, rng: np.random.Generator) -> Grey:
    del rng
    return np.asarray(PillowImage.fromarray(place_HW).filter(ImageFilter.GaussianBlur(4)))


def _foreign(place_HW: Grey, other_HW: Grey, rng: np.random.Generator) -> Grey:
    del place_HW
    top, left = (int(rng.integers(0, one - DEFECT_PX)) for one in other_HW.shape)
    return other_HW[top : top + DEFECT_PX, left : left + DEFECT_PX]


DEFECTS: tuple[Callable[[Grey, Grey, np.random.Generator], Grey], ...] = (
    _hole,
    _scratch,
    _rubbed,
    _foreign,
)
