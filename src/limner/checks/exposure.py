"""Exposure: whether a picture is light, dark and contrasting enough to be made out.

It measures the picture as a whole. It cannot tell a photograph that is blown out in part from a
drawing with plain white in it, so it does not try.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage

from limner.checks.views import small_view
from limner.core.judging import Better, CheckCard, Finding, ImageSubject, Limits

# Shapes: H height, W width, C channels (RGBA, straight alpha), L levels 0-255.

OPAQUE = 128
PERCENTILES = (0.01, 0.99)
DIM = 0.5  # brightest lightness, 0-1, below which a picture counts as under-exposed

Counts = NDArray[np.int64]

CARD = CheckCard(
    name="exposure",
    version="1",
    question="Is the picture light, dark and contrasting enough to be made out?",
    better=Better.HIGHER,
    # On white, 99 % of our training pictures are above 0.4; photographs four stops under-exposed
    # are below 0.16 (docs/log.md, "Checks").
    limits=Limits(pass_at=0.18, fail_at=0.08),
)


class Exposure:
    """Range from the 1st to the 99th percentile of the channel that has most, 0-1.

    It is less where the whole picture is dim. What is transparent shows either black or white,
    whichever sets the picture off more.
    """

    @property
    def card(self) -> CheckCard:
        """What this check is."""
        return CARD

    def measure(self, subject: ImageSubject) -> Finding:
        """Measure the ranges of red, green and blue at 256 px."""
        image_HWC = small_view(subject.picture)[::2, ::2]  # every fourth pixel tells as much
        seen = PillowImage.fromarray((image_HWC[..., 3] >= OPAQUE).view(np.uint8))
        picture = PillowImage.fromarray(np.ascontiguousarray(image_HWC))
        counts_CL = np.array(picture.histogram(seen)).reshape(4, 256)[:3]
        num_hidden = seen.width * seen.height - int(counts_CL[0].sum())
        ends = np.concatenate(
            [_ends(_with(counts_CL, num_hidden, at=ground)) / 255 for ground in (0, 255)]
        )
        dark, bright = (float(end) for end in ends[np.ptp(ends, axis=1).argmax()])
        score = (bright - dark) * min(1.0, bright / DIM)
        note = "The picture is too dark, or too even, to be made out well."
        return Finding(
            score=score,
            notes=(note,) if score < CARD.limits.pass_at else (),
            details={"darkest": dark, "brightest": bright},
        )


def _with(counts_CL: Counts, num_hidden: int, *, at: int) -> Counts:
    """The counts with what is transparent at one level."""
    laid_CL = counts_CL.copy()
    laid_CL[:, at] += num_hidden
    return laid_CL


def _ends(counts_CL: Counts) -> NDArray[np.float64]:
    """Both percentiles of every channel `[C, 2]`, as `numpy.percentile` finds them in pixels."""
    up_to_CL = np.cumsum(counts_CL, axis=1)
    last = int(up_to_CL[0, -1]) - 1
    ends = np.empty((len(counts_CL), len(PERCENTILES)))
    for channel, up_to_L in enumerate(up_to_CL):
        for number, percentile in enumerate(PERCENTILES):
            place = int(last * percentile)
            share = last * percentile - place
            below, above = np.searchsorted(up_to_L, (place, min(place + 1, last)), side="right")
            between = int(above) - int(below)
            ends[channel, number] = (
                below + between * share if share < 0.5 else above - between * (1 - share)
            )
    return ends
