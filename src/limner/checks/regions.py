"""Where the things of a picture may be: all of it, its separate parts, its halves.

Regions are cut out and centred, so that the referee sees one thing as it learned it. Nothing here
knows what was asked.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from limner.checks.measures import WORKING_PX, alone, halves, parts, subject_mask
from limner.checks.views import square_view
from limner.core.records import Picture

# Shapes: H height, W width, C channels (RGBA, straight alpha).

MOST_PARTS = 4

Bytes = NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Regions:
    """The regions of one picture, each computed when it is first asked for.

    Attributes:
        picture: what they are cut from.
        image_HWC: the picture at 128 px.
        mask_HW: where its subject is.
    """

    picture: Picture
    image_HWC: Bytes = field(init=False)
    mask_HW: NDArray[np.bool_] = field(init=False)

    def __post_init__(self) -> None:
        image_HWC = square_view(self.picture, WORKING_PX)
        object.__setattr__(self, "image_HWC", image_HWC)
        object.__setattr__(self, "mask_HW", subject_mask(image_HWC))

    @cached_property
    def whole(self) -> Bytes:
        """The subject alone."""
        return alone(self.image_HWC, self.mask_HW)

    @cached_property
    def separate(self) -> list[NDArray[np.bool_]]:
        """Masks of the separate parts, the largest first."""
        return parts(self.mask_HW) if self.mask_HW.any() else []

    @cached_property
    def parts(self) -> list[Bytes]:
        """The largest separate parts, each alone."""
        return [alone(self.image_HWC, mask_HW) for mask_HW in self.separate[:MOST_PARTS]]

    @cached_property
    def across(self) -> tuple[Bytes, Bytes] | None:
        """The left and the right thing; ``None`` when a side is empty."""
        return halves(self.image_HWC, is_across=True)

    @cached_property
    def down(self) -> tuple[Bytes, Bytes] | None:
        """The upper and the lower thing; ``None`` when a side is empty."""
        return halves(self.image_HWC, is_across=False)
