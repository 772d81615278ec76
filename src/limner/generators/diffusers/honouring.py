"""What a pipeline would pass over in silence, refused by name before anything is computed."""

from __future__ import annotations

from limner.core.drawing import Sketch
from limner.core.errors import BadInput
from limner.core.ports import GeneratorCard
from limner.generators.diffusers.families import Family


def require_drawable(sketch: Sketch, card: GeneratorCard, family: Family) -> None:
    """Refuse a sketch the model cannot draw as it stands.

    Raises:
        BadInput: the operation or the canvas, with what is allowed.
    """
    if sketch.operation not in card.operations:
        raise BadInput(
            f"The model {card.name!r} cannot start from {sketch.operation.value!r}; it can from "
            f"{', '.join(sorted(card.operations))}.",
            code="operation_unknown",
        )
    if any(side_px % family.side_multiple for side_px in sketch.canvas):
        raise BadInput(
            f"The canvas is {sketch.canvas}; the model {card.name!r} draws sides divisible by "
            f"{family.side_multiple}.",
            code="canvas_not_divisible",
            hint="Correct the canvases of its form.",
        )
