"""Which canvas a picture is drawn on: the nearest in shape, and larger ones of the same shape."""

from __future__ import annotations

import math
from collections.abc import Iterable

from limner.core.ports import GeneratorCard
from limner.core.records import Size


def nearest_canvas(size: Size, canvases: Iterable[Size]) -> Size:
    """The canvas nearest in aspect to `size`; of equal ones the first."""
    aspect = math.log(size.width_px / size.height_px)
    return min(canvases, key=lambda one: abs(math.log(one.width_px / one.height_px) - aspect))


def canvases_of_shape(canvas: Size, card: GeneratorCard) -> list[Size]:
    """The smallest canvas a model draws natively at a shape, then all larger ones of that shape.

    Args:
        canvas: of that shape; one of the card's.
        card: of the model.
    """
    width_px, height_px = canvas
    smallest, *native = sorted(
        one for one in card.canvases if one.width_px * height_px == one.height_px * width_px
    )
    return [smallest, *sorted({*native, *_further(smallest, card)})]


def fits(size: Size, canvas: Size) -> bool:
    """Whether a picture made as large as goes into `size` is no larger than a canvas."""
    return size.width_px <= canvas.width_px or size.height_px <= canvas.height_px


def _further(smallest: Size, card: GeneratorCard) -> list[Size]:
    """Canvases of one shape that are drawn besides those the card lists."""
    step_px = card.canvas_step_px
    if not step_px or any(side_px % step_px for side_px in smallest):
        return []
    num_units = math.gcd(*(side_px // step_px for side_px in smallest))
    width_px, height_px = (side_px // num_units for side_px in smallest)
    most = card.side_px.high // max(width_px, height_px)
    return [
        Size(width_px * number, height_px * number) for number in range(num_units + 1, most + 1)
    ]
