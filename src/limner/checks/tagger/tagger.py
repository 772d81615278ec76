"""EfficientNet-Lite0: the likeliest ImageNet classes of a photograph, an embedding, patch features.

It was trained on photographs of a thousand kinds of things. It gives a name to whatever it is
shown, so a tag with a low probability says little; of people and drawings it knows nothing. Its
embedding is what labels are learnt on (`limner look teach`), its patch features what a normal set
is (`limner look normal`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage

from limner.checks.network import Network
from limner.checks.packaged import Packaged
from limner.checks.views import OncePerPicture, flat_view
from limner.core.file_cache import FileCache
from limner.core.records import Picture

# Shapes: B pictures, H height, W width, C channels (RGB) or features, D width of the embedding,
# P places of a picture.

WEIGHTS = Path(__file__).parent / "weights"
SIDE_PX = 224
CROP_SHARE = 0.875  # of each side of the picture's square, as the network was measured
LEAST_PROBABILITY = 0.15  # a tag below it is not told
MOST_TAGS = 3

Floats = NDArray[np.float32]


class Tag(NamedTuple):
    """One class of ImageNet and how likely the network holds it, 0-1; not calibrated by us."""

    name: str
    probability: float


class Seen(NamedTuple):
    """What the network made of one picture.

    Attributes:
        probabilities: of the thousand classes, float32.
        embedding_D: unit vector, float32.
        fine_HWC: features of 28 x 28 places; `coarse_HWC` of 14 x 14.
    """

    probabilities: Floats
    embedding_D: Floats
    fine_HWC: Floats
    coarse_HWC: Floats


class Tagger:
    """Looks at pictures; each is seen once, however many ask.

    Args:
        num_threads: 0 takes every core the process may use.
        kept: where the network is kept once compiled.
        folder: of the weights.
    """

    def __init__(
        self, *, num_threads: int = 0, kept: FileCache | None = None, folder: Path = WEIGHTS
    ) -> None:
        self._weights = Packaged(folder)
        # In bfloat16 it takes six tenths of the time, and names other tags for one picture in
        # twelve (docs/log.md, "Looking").
        self._network = Network(self._weights, num_threads=num_threads, batch=1, kept=kept)
        self.see = OncePerPicture(lambda picture: self.look(square_of(picture)))

    @property
    def ingredients(self) -> Mapping[str, str]:
        """Tagged hash of every file that decides a tag; empty when the card cannot be read."""
        return self._weights.ingredients

    def tags(self, picture: Picture) -> tuple[Tag, ...]:
        """The likeliest classes, the likeliest first; none where none is likely.

        Raises:
            CheckNotAble: a file of the weights is missing or not the one its card names.
        """
        probabilities = self.see(picture).probabilities
        likeliest = np.argsort(-probabilities)[:MOST_TAGS]
        return tuple(
            Tag(self._names[at], round(float(probabilities[at]), 4))
            for at in likeliest
            if probabilities[at] >= LEAST_PROBABILITY
        )

    def look(self, rgb_HWC: NDArray[np.uint8]) -> Seen:
        """What the network makes of a square of RGB pixels, uint8, `SIDE_PX` on a side.

        Raises:
            CheckNotAble: see `tags`.
        """
        logits_BC, embedding_BD, fine_BHWC, coarse_BHWC = self._network(rgb_HWC[None])
        exponents = np.exp(logits_BC[0] - logits_BC[0].max())
        vector_D = embedding_BD[0] / max(float(np.linalg.norm(embedding_BD[0])), 1e-12)
        return Seen(exponents / exponents.sum(), vector_D, fine_BHWC[0], coarse_BHWC[0])

    @cached_property
    def _names(self) -> list[str]:
        return json.loads(self._weights.read("names.json"))


def square_of(picture: Picture) -> NDArray[np.uint8]:
    """The middle of a picture, laid on white, as the network reads it: uint8 `[H, W, 3]`.

    Source: the centre crop of the network's own evaluation (Tan and Le 2019).
    """
    rgb = flat_view(picture)
    side = CROP_SHARE * min(rgb.size)
    left, top = (rgb.width - side) / 2, (rgb.height - side) / 2
    box = (left, top, left + side, top + side)
    method = PillowImage.Resampling.BICUBIC
    return np.asarray(rgb.resize((SIDE_PX, SIDE_PX), method, box=box))
