"""Inspection on defects made on real surfaces: what is found, where, and whether bounds hold.

No package ships a set of industrial defects, so they are made here: holes, scratches, rubbed places
and patches of another surface, on tiles of photographs of brick, grass and gravel (scikit-image).
No pixel is in two tiles; which are learnt from is drawn anew in every round. A defect covers 2 % of
a tile.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage
from PIL import ImageFilter

from benchmarks.figure import Measurement
from limner.checks.tagger.patches import Normal, whole_of
from limner.checks.tagger.tagger import Seen, Tagger
from limner.core.records import Picture
from limner.studio.look.examples import Example
from limner.studio.look.inspecting import Wanted, learn_set

# Shapes: H height, W width (grey).

SIDE_PX = 64
DEFECT_PX = 9
NUM_GOOD = 50  # of 64 tiles; the others are tried
NUM_ROUNDS = 5
WANTED = Wanted(limit=0.1, confidence=0.9)

Grey = NDArray[np.uint8]


class Part(NamedTuple):
    """A part: its pixels, and the middle of its defect as shares of its sides."""

    grey_HW: Grey
    middle: tuple[float, float] | None


def measure_inspection(is_quick: bool) -> Measurement:
    """Area under the curve of good against spoilt tiles, the mean over surfaces, in %."""
    from skimage import data

    surfaces: dict[str, Grey] = {
        name: np.asarray(getattr(data, name)()) for name in ("brick", "grass", "gravel")
    }
    tagger = Tagger(num_threads=1)
    areas: list[float] = []
    num = 0
    for name, surface_HW in surfaces.items():
        fine: list[float] = []
        spoilt: list[float] = []
        found: list[bool] = []
        said: list[str] = []
        other_HW = surfaces["gravel" if name == "brick" else "brick"]
        for number in range(1 if is_quick else NUM_ROUNDS):
            one = _round(tagger, surface_HW, other_HW, np.random.default_rng(number))
            fine += one.fine
            spoilt += one.spoilt
            found += one.found
            said += one.said
        _tell(name, said, fine, spoilt, found)
        areas.append(_area(fine, spoilt))
        num += len(fine) + len(spoilt)
    return Measurement(value=round(100 * float(np.mean(areas)), 2), n=num)


class _Round(NamedTuple):
    """What one round gives.

    Attributes:
        fine: scores of good tiles.
        spoilt: scores of spoilt ones, in turn of their defects.
        found: of each of these, whether the oddest place is in the defect.
        said: verdicts of the good ones, then of the spoilt ones.
    """

    fine: list[float]
    spoilt: list[float]
    found: list[bool]
    said: list[str]


def _round(tagger: Tagger, surface_HW: Grey, other_HW: Grey, rng: np.random.Generator) -> _Round:
    tiles = _tiles(surface_HW)
    order = rng.permutation(len(tiles))
    good = [tiles[at] for at in order[:NUM_GOOD]]
    tried = [tiles[at] for at in order[NUM_GOOD:]]
    # What is bad is made of tiles that are learnt from, so that none that is tried is seen before.
    bad = [_spoilt(part, other_HW, at, rng) for at, part in enumerate(good)]
    examples = [_example(tagger, part, rng) for part in good]
    bad_examples = [_example(tagger, part, rng) for part in bad]
    normal, facts = learn_set(examples, bad_examples, tagger.ingredients, WANTED)
    spoilt = [_spoilt(part, other_HW, at, rng) for part in tried for at in range(len(DEFECTS))]
    scores = [normal.measure(_see(tagger, one)).score for one in (*tried, *spoilt)]
    return _Round(
        fine=scores[: len(tried)],
        spoilt=scores[len(tried) :],
        found=[_is_found(normal, tagger, one) for one in spoilt],
        said=[facts.verdict_of(one) for one in scores],
    )


def _tiles(surface_HW: Grey) -> list[Part]:
    return [
        Part(surface_HW[top : top + SIDE_PX, left : left + SIDE_PX], None)
        for top in range(0, surface_HW.shape[0] - SIDE_PX + 1, SIDE_PX)
        for left in range(0, surface_HW.shape[1] - SIDE_PX + 1, SIDE_PX)
    ]


def _tell(
    name: str, said: list[str], fine: list[float], spoilt: list[float], found: list[bool]
) -> None:
    # Every round's good tiles stand before its spoilt ones, so they are told apart by their place.
    num_tried = 64 - NUM_GOOD
    a_round = num_tried * (1 + len(DEFECTS))
    of_fine = Counter(one for at, one in enumerate(said) if at % a_round < num_tried)
    of_spoilt = Counter(one for at, one in enumerate(said) if at % a_round >= num_tried)
    print(f"{name}: area {_area(fine, spoilt):.3f}", file=sys.stderr)
    print(f"  good tiles called {dict(of_fine)}, spoilt ones {dict(of_spoilt)}", file=sys.stderr)
    for at, made in enumerate(DEFECTS):
        area = _area(fine, spoilt[at :: len(DEFECTS)])
        inside = np.mean(found[at :: len(DEFECTS)])
        words = f"area {area:.3f}, the oddest place in it {inside:.0%}"
        print(f"  {made.__name__.strip('_'):9} {words}", file=sys.stderr)


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
    return Example(
        image_id=f"sha256:{rng.bytes(32).hex()}", name="cut", pdq=None, seen=_see(tagger, part)
    )


def _spoilt(part: Part, other_HW: Grey, number: int, rng: np.random.Generator) -> Part:
    """The part with the next defect at some place."""
    grey_HW = part.grey_HW.copy()
    top, left = (int(one) for one in rng.integers(2, SIDE_PX - DEFECT_PX - 2, 2))
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
    return np.where(across < 1.5, bright, place_HW).astype(np.uint8)


def _rubbed(place_HW: Grey, _: Grey, rng: np.random.Generator) -> Grey:
    del rng
    return np.asarray(PillowImage.fromarray(place_HW).filter(ImageFilter.GaussianBlur(3)))


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
