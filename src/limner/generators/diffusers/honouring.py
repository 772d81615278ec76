"""What a pipeline would pass over in silence, refused by name before anything is computed."""

from __future__ import annotations

from limner.core.drawing import Sketch
from limner.core.errors import BadInput
from limner.core.ports import GeneratorCard
from limner.generators.diffusers.families import Family

NO_GUIDANCE = 1.0  # up to here a pipeline draws no second row for a negative prompt to lead from


def require_drawable(sketch: Sketch, card: GeneratorCard, family: Family) -> None:
    """Refuse a sketch the model cannot draw as it stands.

    Raises:
        BadInput: the operation, the canvas or the negative prompt, with what is allowed.
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
    if sketch.negative and sketch.guidance <= NO_GUIDANCE:
        raise BadInput(
            f"The guidance is {sketch.guidance:g}, at which the model {card.name!r} reads no "
            "negative prompt; allowed with one is more than 1.",
            code="negative_prompt_not_honoured",
            hint="Raise the guidance, or leave the negative prompt out.",
        )
