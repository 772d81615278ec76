"""Whether a photograph shows a face, by BlazeFace; a face needs its owner's consent.

It finds that there is a face, never whose. It looks at the whole picture and at four overlapping
parts of it; faces smaller than a sixth of the picture's side are often missed, and so are many from
the side. Drawn faces are told from photographed ones by the score alone: about one drawing in a
hundred is taken for a photograph of a face (docs/log.md, "Checks").
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

# Shapes: B windows, H height, W width, C channels (RGB), A anchors.

WEIGHTS = Path(__file__).parent / "weights"
SIDE_PX = 128
PART = 0.6  # of each side of the picture, so that parts overlap


class Face:
    """Highest probability of a face over the whole picture and its parts, as BlazeFace gives it.

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
        self._network = Network(self._weights, precision="bf16", num_threads=num_threads, kept=kept)

    @property
    def card(self) -> CheckCard:
        """What this check is.

        The limit was set where drawn faces are hardly ever taken for photographed ones.
        """
        return CheckCard(
            name="face",
            version="2",
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
        windows_BHWC = windows(flat_view(subject.picture))
        logits_B = [float(self._network(one[None])[0].max()) for one in windows_BHWC]
        score = float(1 / (1 + np.exp(-np.clip(max(logits_B), -50, 50))))
        note = "The picture seems to show a face; its owner has to consent."
        return Finding(score=score, notes=(note,) if score > self.card.limits.fail_at else ())


def windows(rgb_HWC: NDArray[np.uint8]) -> NDArray[np.float32]:
    """The whole picture and four parts of it as the network reads them: float32, -1 to 1.

    Each is scaled to fit and centred on black, never stretched.
    """
    picture = PillowImage.fromarray(rgb_HWC)
    wide, tall = (max(1, round(PART * side)) for side in picture.size)
    corners = [(x, y) for x in (0, picture.width - wide) for y in (0, picture.height - tall)]
    parts = [picture.crop((x, y, x + wide, y + tall)) for x, y in corners]
    fitted_BHWC = np.stack([_fitted(one) for one in (picture, *parts)])
    scaled_BHWC = np.divide(fitted_BHWC, np.float32(127.5), dtype=np.float32)
    scaled_BHWC -= np.float32(1)
    return scaled_BHWC


def _fitted(picture: PillowImage.Image) -> NDArray[np.uint8]:
    share = SIDE_PX / max(picture.size)
    method = PillowImage.Resampling.BILINEAR if share > 1 else PillowImage.Resampling.BOX
    size = (max(1, round(picture.width * share)), max(1, round(picture.height * share)))
    fitted = picture.resize(size, method)
    if size == (SIDE_PX, SIDE_PX):
        return np.asarray(fitted)
    canvas = PillowImage.new("RGB", (SIDE_PX, SIDE_PX))
    canvas.paste(fitted, ((SIDE_PX - size[0]) // 2, (SIDE_PX - size[1]) // 2))
    return np.asarray(canvas)
