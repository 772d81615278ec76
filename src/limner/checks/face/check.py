"""Whether a photograph shows a face, by BlazeFace; a face needs its owner's consent.

It finds that there is a face, never whose. It looks at the whole picture twice, small and larger,
as the network knows faces of about one size in pixels; faces smaller than a sixth of the picture's
side are often missed, and so are many from the side. Drawn faces are told from photographed ones by
the score alone: about one drawing in fifty is taken for a photograph of a face (docs/log.md,
"Checks").
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage

from limner.checks.network import Network
from limner.checks.packaged import Packaged
from limner.checks.views import flat_view
from limner.core.file_cache import FileCache
from limner.core.judging import Better, CheckCard, Finding, ImageSubject, Limits

# Shapes: B pictures, H height, W width, C channels (RGB).

WEIGHTS = Path(__file__).parent / "weights"
SIDES_PX = (128, 208)  # as good as parts of the picture, at half the cost (docs/log.md, "Checks")


class Face:
    """Highest probability of a face at either size, as BlazeFace gives it.

    Args:
        num_threads: 0 takes every core the process may use.
        kept: where the network is kept once compiled.
        folder: of the weights.
    """

    def __init__(
        self, *, num_threads: int = 0, kept: FileCache | None = None, folder: Path = WEIGHTS
    ) -> None:
        self._weights = Packaged(folder)
        # A fifth quicker than float32; they differ by 0.02 at most (docs/log.md, "Checks").
        self._networks = [
            Network(
                self._weights, precision="bf16", num_threads=num_threads, side_px=side_px, kept=kept
            )
            for side_px in SIDES_PX
        ]

    @property
    def card(self) -> CheckCard:
        """What this check is.

        The limit was set where drawn faces are hardly ever taken for photographed ones.
        """
        return CheckCard(
            name="face",
            version="3",
            question="Is the picture free of photographed faces, which need consent?",
            better=Better.LOWER,
            limits=Limits(pass_at=0.75, fail_at=0.75),
            ingredients=self._weights.ingredients,
        )

    def measure(self, subject: ImageSubject) -> Finding:
        """Look for a face.

        Raises:
            CheckNotAble: a file of the weights is missing or not the one its card names.
        """
        picture = flat_view(subject.picture)
        logit = max(
            float(network(fitted(picture, side_px))[0].max())
            for network, side_px in zip(self._networks, SIDES_PX, strict=True)
        )
        score = float(1 / (1 + np.exp(-np.clip(logit, -50, 50))))
        note = "The picture seems to show a face; its owner has to consent."
        return Finding(score=score, notes=(note,) if score > self.card.limits.fail_at else ())


def fitted(picture: PillowImage.Image, side_px: int) -> NDArray[np.float32]:
    """A picture as the network reads it: float32, -1 to 1, `[1, side_px, side_px, 3]`.

    It is scaled to fit and centred on black, never stretched.

    Args:
        picture: RGB.
        side_px: of the square.
    """
    share = side_px / max(picture.size)
    method = PillowImage.Resampling.BILINEAR if share > 1 else PillowImage.Resampling.BOX
    size = (max(1, round(picture.width * share)), max(1, round(picture.height * share)))
    small = picture.resize(size, method)
    if size != (side_px, side_px):
        canvas = PillowImage.new("RGB", (side_px, side_px))
        canvas.paste(small, ((side_px - size[0]) // 2, (side_px - size[1]) // 2))
        small = canvas
    scaled_HWC = np.divide(np.asarray(small), np.float32(127.5), dtype=np.float32)
    scaled_HWC -= np.float32(1)
    return scaled_HWC[None]
