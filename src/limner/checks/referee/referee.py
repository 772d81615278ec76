"""An image-text scorer for icons and emoji, run by OpenVINO from weights of our own.

It was trained apart from the generator on the same training pictures and never on held-out ones;
what it is worth is in ``card.json`` and printed by ``python -m benchmarks referee``. It gives
numbers, not results: thresholds belong to the criteria. It does not read text itself: sentence
vectors of the frozen encoder come from the callable it is given.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage
from safetensors.numpy import load

from limner.checks.network import Network
from limner.checks.packaged import Packaged
from limner.core.errors import BadInput
from limner.core.file_cache import FileCache
from limner.core.judging import Cause, CheckNotAble

# Shapes: B images, N texts, H height, W width, C channels (RGB), E sentence width, V vector width,
# S styles.

Floats = NDArray[np.float32]
EmbedText = Callable[[Sequence[str]], Floats]

WEIGHTS = Path(__file__).parent / "weights"
GROUP = 32  # images judged together; more costs memory and gains nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class RefereeCard:
    """What the referee is.

    Attributes:
        picture_px: side of the square pictures the network reads.
        sentence_width: length of the sentence vectors it expects.
        styles: names of the styles it tells apart.
        slope: with `offset`, turns a product of unit vectors into a probability that the text is
            right: 1 / (1 + exp(-(slope * product + offset))).
        offset: see `slope`.
    """

    picture_px: int
    sentence_width: int
    styles: tuple[str, ...]
    slope: float
    offset: float


class _Seen(NamedTuple):
    vectors_BV: Floats
    styles_BS: Floats


class Referee:
    """Scores images against texts. The network is loaded on first use.

    Args:
        embed_text: unit sentence vectors float32 `[N, E]` of texts, by all-MiniLM-L6-v2.
        num_threads: 0 takes every core.
        kept: where the network is kept once compiled.
        folder: of the weights.
    """

    def __init__(
        self,
        embed_text: EmbedText,
        *,
        num_threads: int = 0,
        kept: FileCache | None = None,
        folder: Path = WEIGHTS,
    ) -> None:
        self._embed_text = embed_text
        self._weights = Packaged(folder)
        # Half of float32's time; probabilities differ by 0.01 at most (docs/log.md, "Checks").
        self._network = Network(
            self._weights, name="image", precision="bf16", num_threads=num_threads, kept=kept
        )

    @property
    def ingredients(self) -> Mapping[str, str]:
        """Tagged hash of every file; empty when the card cannot be read."""
        return self._weights.ingredients

    @cached_property
    def card(self) -> RefereeCard:
        """What the referee is, without loading its network.

        Raises:
            CheckNotAble: the card is missing or cannot be read.
        """
        fields = self._weights.card
        try:
            return RefereeCard(
                picture_px=fields["picture_px"],
                sentence_width=fields["sentence_width"],
                styles=tuple(fields["styles"]),
                slope=fields["slope"],
                offset=fields["offset"],
            )
        except (KeyError, TypeError) as error:
            note = f"The referee's card lacks {error}; install Limner again."
            raise CheckNotAble(Cause.WEIGHTS_ABSENT, note) from error

    def image_vectors(self, images_BHWC: NDArray[np.uint8]) -> Floats:
        """Unit vectors of images.

        Args:
            images_BHWC: uint8, RGB, 0-255, any size; each is shrunk to the network's square.

        Returns:
            float32 `[B, V]`.

        Raises:
            BadInput: not uint8 RGB.
            CheckNotAble: a file is missing or not the one its card names.
        """
        return self._look(images_BHWC).vectors_BV

    def style_probabilities(self, images_BHWC: NDArray[np.uint8]) -> Floats:
        """How likely each style of the card is; float32 `[B, S]`, rows sum to 1.

        Args and errors as `image_vectors`.
        """
        return self._look(images_BHWC).styles_BS

    def text_vectors(self, texts: Sequence[str]) -> Floats:
        """Unit vectors of texts, float32 `[N, V]`.

        Raises:
            BadInput: the sentence vectors are not of the width the card names.
            CheckNotAble: a file is missing or not the one its card names.
        """
        sentences_NE = self._embed_text(texts)
        if sentences_NE.shape != (len(texts), self.card.sentence_width):
            raise BadInput(
                f"The sentence vectors have shape {sentences_NE.shape!r}; "
                f"expected {(len(texts), self.card.sentence_width)!r}.",
                code="sentence_vectors_misshapen",
            )
        weight_VE, offset_V = self._text_map["weight"], self._text_map["bias"]
        vectors_NV = sentences_NE @ weight_VE.T.astype(np.float32) + offset_V
        return vectors_NV / np.linalg.norm(vectors_NV, axis=1, keepdims=True)

    def fit(self, image_HWC: NDArray[np.uint8], text: str) -> float:
        """Probability, 0-1, that `text` is right for the image, against a text about another thing.

        Calibrated with one right and one wrong text a picture. Args and errors as `image_vectors`.
        """
        product = float(self.image_vectors(image_HWC[None])[0] @ self.text_vectors([text])[0])
        return float(1 / (1 + np.exp(-(self.card.slope * product + self.card.offset))))

    def _look(self, images_BHWC: NDArray[np.uint8]) -> _Seen:
        if images_BHWC.ndim != 4 or images_BHWC.shape[3] != 3 or images_BHWC.dtype != np.uint8:
            raise BadInput(
                f"The images are {images_BHWC.dtype} of shape {images_BHWC.shape!r}; "
                "allowed is uint8 [images, height, width, 3].",
                code="images_misshapen",
            )
        small_BHWC = np.stack([_shrunk(image, self.card.picture_px) for image in images_BHWC])
        parts = [
            self._network(small_BHWC[start : start + GROUP])
            for start in range(0, len(small_BHWC), GROUP)
        ]
        vectors, styles = zip(*parts, strict=True)
        return _Seen(np.concatenate(vectors), np.concatenate(styles))

    @cached_property
    def _text_map(self) -> Mapping[str, NDArray[np.float32]]:
        return load(self._weights.read("text.safetensors"))


def _shrunk(image_HWC: NDArray[np.uint8], side_px: int) -> NDArray[np.uint8]:
    if image_HWC.shape[:2] == (side_px, side_px):
        return image_HWC
    picture = PillowImage.fromarray(image_HWC).resize(
        (side_px, side_px), PillowImage.Resampling.BOX
    )
    return np.asarray(picture)
