"""Sharpness: whether the edges of a picture are edges.

It looks at edges alone, so large plain areas, as flat stickers have them, count neither way. It
judges the picture at 256 px; blur that vanishes at that size is not seen.
"""

from __future__ import annotations

from functools import reduce

import numpy as np
from numpy.typing import NDArray

from limner.checks.views import luma, small_view
from limner.core.judging import (
    Better,
    Cause,
    CheckCard,
    CheckNotAble,
    Finding,
    ImageSubject,
    Limits,
)

# Shapes: H height, W width, in pixels or in cells.

CELL_PX = 8  # windows are two cells wide and overlap by one
LEAST_RANGE = 30  # of lightness or alpha, 0-255, within a window that holds an edge
LEAST_WINDOWS = 4

Bytes = NDArray[np.uint8]

CARD = CheckCard(
    name="sharpness",
    version="1",
    question="Are the edges of the picture sharp?",
    better=Better.HIGHER,
    # Every one of 400 training pictures is above 0.6, and above 0.4 when enlarged from 128 px;
    # blurred with a sigma of 2 px all are below 0.26, half below 0.2 (docs/log.md, "Checks").
    limits=Limits(pass_at=0.3, fail_at=0.22),
)


class Sharpness:
    """Median over windows with an edge: steepest step of one pixel over the range; 0-1.

    Source: our own; compared with blurred and enlarged pictures in docs/log.md, "Checks".
    """

    @property
    def card(self) -> CheckCard:
        """What this check is."""
        return CARD

    def measure(self, subject: ImageSubject) -> Finding:
        """Look at edges of lightness over what is seen, and at those of the outline.

        Raises:
            CheckNotAble: the picture has no edge to look at.
        """
        image_HWC = small_view(subject.picture)
        alpha_HW = np.ascontiguousarray(image_HWC[..., 3])
        seen_HW = (luma(image_HWC).astype(np.uint16) * alpha_HW // 255).astype(np.uint8)
        found = {"inside": edge_sharpness(seen_HW), "outline": edge_sharpness(alpha_HW)}
        scores = {name: score for name, score in found.items() if score is not None}
        if not scores:
            raise CheckNotAble(Cause.NOT_APPLICABLE, "The picture has no edge to judge.")
        score = max(scores.values())
        note = "The edges of the picture are soft."
        return Finding(
            score=score, notes=(note,) if score < CARD.limits.pass_at else (), details=scores
        )


def edge_sharpness(values_HW: Bytes) -> float | None:
    """Median steepness of edges, 0-1; ``None`` with too few edges to tell."""
    if values_HW.min() == values_HW.max():  # as alpha mostly is
        return None
    inner_HW = values_HW[:-1, :-1]
    steps_HW = np.maximum(
        _steps(inner_HW, values_HW[:-1, 1:]), _steps(inner_HW, values_HW[1:, :-1])
    )
    range_HW = _largest(inner_HW) - (255 - _largest(255 - inner_HW))
    has_edge_HW = range_HW >= LEAST_RANGE
    if has_edge_HW.sum() < LEAST_WINDOWS:
        return None
    steepest_HW = _largest(steps_HW)
    return float(np.median(steepest_HW[has_edge_HW] / range_HW[has_edge_HW]))


def _steps(here_HW: Bytes, there_HW: Bytes) -> Bytes:
    """Difference between neighbours."""
    return np.maximum(here_HW, there_HW) - np.minimum(here_HW, there_HW)


def _largest(values_HW: Bytes) -> Bytes:
    """The largest value of every window of two by two cells; windows overlap by one cell."""
    tall, wide = (side // CELL_PX for side in values_HW.shape)
    whole_HW = values_HW[: tall * CELL_PX, : wide * CELL_PX]
    # Eight large arrays are compared much sooner than many rows of eight values.
    band_HW = reduce(np.maximum, (whole_HW[at::CELL_PX] for at in range(CELL_PX)))
    cells_HW = reduce(np.maximum, (band_HW[:, at::CELL_PX] for at in range(CELL_PX)))
    rows_HW = np.maximum(cells_HW[:-1], cells_HW[1:])
    return np.maximum(rows_HW[:, :-1], rows_HW[:, 1:])
