"""Normal sets: what good parts look like, place by place, and where a picture differs from all.

A set keeps some of the patch features of its good parts, chosen so that none of the others is far
from one that is kept. The score of a picture is the distance of its oddest place to the nearest
that is kept; the map of distances shows where. Parts must be pictured alike: what is turned, moved
far or lit otherwise than any good part is odd.

Source: Roth et al. 2022, "Towards Total Recall in Industrial Anomaly Detection" (PatchCore),
arXiv:2106.08265; without its reweighting of the score.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage
from safetensors.numpy import load, save

from limner.checks.tagger.tagger import SIDE_PX, Seen
from limner.checks.views import flatten, shrunk
from limner.core.records import Picture

# Shapes: P places of a picture, F features of a place, M places that are kept, H and W places.

MOST_KEPT = 2000
MOST_CONSIDERED = 40_000  # places among which those are chosen
MARGIN_PX = 16  # around the picture, in which it is mirrored
PROJECTED = 32  # features that distances are estimated in while choosing; Roth et al. do so too

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Anomaly:
    """How odd a picture is.

    Attributes:
        score: distance of its oddest place.
        distance_HW: of every place.
    """

    score: float
    distance_HW: Floats


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Normal:
    """A normal set.

    Attributes:
        kept_MF: features of the places that are kept, float32, divided by `scale_F`.
        scale_F: spread of every feature over the good parts.
    """

    kept_MF: Floats
    scale_F: Floats

    def measure(self, seen: Seen) -> Anomaly:
        """How far a picture is from the set."""
        places_HWF = places_of(seen)
        height, width, num = places_HWF.shape
        scaled_PF = places_HWF.reshape(-1, num) / self.scale_F
        distance_HW = np.sqrt(_nearest(scaled_PF, self.kept_MF) / num).reshape(height, width)
        return Anomaly(score=float(distance_HW.max()), distance_HW=distance_HW)

    def to_bytes(self) -> bytes:
        """As safetensors, in half precision."""
        kept = self.kept_MF.astype(np.float16)
        return bytes(save({"kept": kept, "scale": self.scale_F}))

    @classmethod
    def from_bytes(cls, content: bytes) -> Normal:
        """From what `to_bytes` gave."""
        stored = load(content)
        return cls(kept_MF=stored["kept"].astype(np.float32), scale_F=stored["scale"])


def learn_normal(seen: Sequence[Seen], rng: np.random.Generator) -> Normal:
    """A normal set from good parts, at least one.

    Args:
        seen: what the tagger made of each, see `whole_of`.
        rng: chooses places where there are more than can be considered, and directions.
    """
    places_PF = np.concatenate([places_of(one).reshape(-1, _width(one)) for one in seen])
    scale_F = np.maximum(places_PF.std(axis=0), 1e-3).astype(np.float32)
    if len(places_PF) > MOST_CONSIDERED:
        places_PF = places_PF[rng.choice(len(places_PF), MOST_CONSIDERED, replace=False)]
    scaled_PF = places_PF / scale_F
    kept = _spread(scaled_PF, min(MOST_KEPT, len(scaled_PF)), rng)
    # In half precision, as it is stored, so that what was measured is what is used.
    kept_MF = scaled_PF[kept].astype(np.float16).astype(np.float32)
    return Normal(kept_MF=kept_MF, scale_F=scale_F)


def places_of(seen: Seen) -> Floats:
    """Features of every place: fine ones, and coarse ones of the same spot; each with its context.

    Mean over three by three places, as in Roth et al., section 3.1; of the picture without its
    margin.
    """
    times = seen.fine_HWC.shape[0] // seen.coarse_HWC.shape[0]
    coarse_HWC = _context(seen.coarse_HWC).repeat(times, axis=0).repeat(times, axis=1)
    places_HWF = np.concatenate([_context(seen.fine_HWC), coarse_HWC], axis=2)
    side = len(places_HWF)
    margin = MARGIN_PX * side // SIDE_PX
    return places_HWF[margin : side - margin, margin : side - margin]


def whole_of(picture: Picture) -> NDArray[np.uint8]:
    """The whole of a picture, laid on white, as a square that the tagger reads: uint8 `[H, W, 3]`.

    It is stretched and not cut, because a defect may lie at an edge. Around it goes a margin of its
    own mirrored pixels: the network sees nothing beyond its edge, and to it every corner is odd.
    """
    rgb = PillowImage.fromarray(flatten(shrunk(picture.image_HWC, 2 * SIDE_PX)))
    side = SIDE_PX - 2 * MARGIN_PX
    whole_HWC = np.asarray(rgb.resize((side, side), PillowImage.Resampling.BILINEAR))
    around = (MARGIN_PX, MARGIN_PX)
    return np.pad(whole_HWC, (around, around, (0, 0)), mode="reflect")


def _width(seen: Seen) -> int:
    return seen.fine_HWC.shape[2] + seen.coarse_HWC.shape[2]


def _context(features_HWC: Floats) -> Floats:
    height, width = features_HWC.shape[:2]
    padded = np.pad(features_HWC, ((1, 1), (1, 1), (0, 0)), mode="edge")
    parts = [padded[y : y + height, x : x + width] for y in range(3) for x in range(3)]
    return np.stack(parts).mean(axis=0, dtype=np.float32)


def _nearest(places_PF: Floats, kept_MF: Floats) -> Floats:
    """Squared distance of every place to the nearest that is kept."""
    squares_PM = (places_PF**2).sum(axis=1)[:, None] + (kept_MF**2).sum(axis=1)
    squares_PM -= 2 * places_PF @ kept_MF.T
    return np.maximum(squares_PM.min(axis=1), 0).astype(np.float32)


def _spread(places_PF: Floats, num: int, rng: np.random.Generator) -> NDArray[np.intp]:
    """Places such that every other one is near one of them: always the farthest next.

    Source: greedy k-centre, Sener and Savarese 2018, arXiv:1708.00489, on a random projection.
    """
    directions_FK = rng.standard_normal((places_PF.shape[1], PROJECTED)).astype(np.float32)
    projected_PK = places_PF @ directions_FK
    chosen = np.empty(num, np.intp)
    chosen[0] = int(rng.integers(len(places_PF)))
    squared_P = (projected_PK**2).sum(axis=1)
    distance_P = np.full(len(places_PF), np.inf, np.float32)
    for at in range(num - 1):
        last_K = projected_PK[chosen[at]]
        to_last_P = squared_P - 2 * (projected_PK @ last_K) + float(last_K @ last_K)
        distance_P = np.minimum(distance_P, to_last_P)
        chosen[at + 1] = int(distance_P.argmax())
    return chosen
