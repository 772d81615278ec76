"""Exposure: whether a picture is light, dark and contrasting enough to be made out.

It measures the picture as a whole. It cannot tell a photograph that is blown out in part from a
drawing with plain white in it, so it does not try.
"""

from __future__ import annotations

import numpy as np

from limner.checks.views import small_view
from limner.core.judging import Better, CheckCard, Finding, ImageSubject, Limits

# Shapes: H height, W width, C channels (RGBA, straight alpha).

OPAQUE = 128
DIM = 0.5  # brightest lightness, 0-1, below which a picture counts as under-exposed

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
        rgb_HWC, is_seen_HW1 = image_HWC[..., :3], image_HWC[..., 3:] >= OPAQUE
        laid = (
            [rgb_HWC]
            if is_seen_HW1.all()
            else [np.where(is_seen_HW1, rgb_HWC, ground) for ground in (0, 255)]
        )
        channels = [np.ascontiguousarray(one.reshape(-1, 3).T) for one in laid]
        ends = np.concatenate([np.percentile(one, (1, 99), axis=1).T / 255 for one in channels])
        dark, bright = (float(end) for end in ends[np.ptp(ends, axis=1).argmax()])
        score = (bright - dark) * min(1.0, bright / DIM)
        note = "The picture is too dark, or too even, to be made out well."
        return Finding(
            score=score,
            notes=(note,) if score < CARD.limits.pass_at else (),
            details={"darkest": dark, "brightest": bright},
        )
