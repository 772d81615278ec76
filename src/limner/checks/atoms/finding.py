"""Finding the things a prompt names in a picture: where each fits best, and how well.

A thing alone is looked for in the whole subject, one of many in its parts, one of two that stand in
a relation on the two sides, others anywhere. What fits is the referee's word; what that is worth is
calibrated elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from limner.checks.atoms.prompts import Prompt, Thing
from limner.checks.referee.views import Seen

# Shapes: B regions, V vector width, H height, W width, C channels (RGBA, straight alpha).

Floats = NDArray[np.float32]


class Found(NamedTuple):
    """A thing and the region it fits best.

    Attributes:
        fit: product of unit vectors, -1 to 1.
        region_HWC: uint8, RGBA.
    """

    thing: Thing
    fit: float
    region_HWC: NDArray[np.uint8]


def find_things(
    prompt: Prompt, seen: Seen, vector_of: Callable[[str], Floats], say: Callable[[Thing], str]
) -> list[Found]:
    """Every thing of a prompt in its best region.

    Args:
        prompt: what is looked for.
        seen: the picture.
        vector_of: unit vector of a text.
        say: the text a thing is looked for by.
    """
    images, vectors_BV = _regions(prompt, seen)
    found: list[Found] = []
    for thing in prompt.things:
        fits_B = vectors_BV @ vector_of(say(thing))
        best = int(fits_B.argmax())
        found.append(Found(thing, float(fits_B[best]), images[best]))
    return found


def place_margin(prompt: Prompt, seen: Seen, vector_of: Callable[[str], Floats]) -> float | None:
    """How much better the first two things fit their sides than each other's.

    Returns:
        -4 to 4; ``None`` without a relation, or when a side of the picture is empty.
    """
    if prompt.relation is None or len(prompt.things) < 2:
        return None
    sides_BV = seen.across_BV if prompt.relation in ("left", "right") else seen.down_BV
    if len(sides_BV) < 2:
        return None
    names_2V = np.stack([vector_of(thing.named) for thing in prompt.things[:2]])
    fits_22 = sides_BV @ names_2V.T
    margin = float(fits_22[0, 0] + fits_22[1, 1] - fits_22[0, 1] - fits_22[1, 0])
    return margin if prompt.relation in ("left", "above") else -margin


def _regions(prompt: Prompt, seen: Seen) -> tuple[Sequence[NDArray[np.uint8]], Floats]:
    regions = seen.regions
    if len(prompt.things) == 1:
        if (prompt.things[0].count or 1) == 1:
            return [regions.whole], seen.whole_1V
        return [regions.whole, *regions.parts], np.concatenate([seen.whole_1V, seen.parts_BV])
    if prompt.relation in ("left", "right"):
        return regions.across or [regions.whole], seen.across_BV
    if prompt.relation is not None:
        return regions.down or [regions.whole], seen.down_BV
    across, down = regions.across or [regions.whole], regions.down or [regions.whole]
    parts = regions.parts or [regions.whole]
    return [*across, *down, *parts], np.concatenate([seen.across_BV, seen.down_BV, seen.parts_BV])
