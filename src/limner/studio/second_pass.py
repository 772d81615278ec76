"""Two passes: a picture drawn small is enlarged, and drawn over on a larger canvas.

A model keeps the whole together best on the canvas it was trained on; what it adds on a larger one
is detail. The first pass is enlarged by plain resampling, since what it lacks is drawn anyway.

Source: the "hires fix" of the AUTOMATIC1111 web UI, and SDEdit (Meng et al. 2022) for drawing over.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from limner.core.drawing import Drawn, Plan
from limner.core.limits import Choices
from limner.core.ports import Generator
from limner.core.recipe import SecondPass
from limner.core.records import Operation, Request, Size
from limner.studio.framing import fit

ENLARGER = "lanczos"


def second_pass_of(request: Request, choices: Choices) -> SecondPass | None:
    """What a recipe says of the second pass; ``None`` where there is one pass."""
    if request.second_pass is None or choices.draft_canvas is None:
        return None
    return SecondPass(choices.draft_canvas, request.second_pass, ENLARGER)


def draw_over(
    generator: Generator,
    pictures: Sequence[Drawn],
    plan: Plan,
    *,
    canvas: Size,
    strength: float,
    is_cancelled: Callable[[], bool] | None,
) -> Iterator[Drawn]:
    """Pictures of a first pass, enlarged to a canvas and drawn over with their seeds.

    Args:
        generator: that drew the first ones.
        pictures: as they came from it.
        plan: they were drawn by.
        canvas: of the second pass, of the same shape.
        strength: 0-1, how far to leave the first.
        is_cancelled: asked before every step.

    Yields:
        The second pictures, with steps, passes, time and notices of both. One whose first pass is
        not finite stays so.

    Raises:
        DrawingCancelled: `is_cancelled` said yes.
    """
    for first in pictures:
        sketch = replace(
            plan.sketch,
            operation=Operation.IMAGE,
            canvas=canvas,
            source_HWC=fit(first.image_HWC, canvas),
            strength=strength,
        )
        over = generator.prepare(sketch)
        (second,) = generator.generate(over, [first.seed], is_cancelled=is_cancelled)
        yield _both(first, second)


def _both(first: Drawn, second: Drawn) -> Drawn:
    before, ran = first.execution, second.execution
    costs = [one.cost for one in (before, ran) if one.cost is not None]
    return replace(
        second,
        is_finite=first.is_finite and second.is_finite,
        seconds=first.seconds + second.seconds,
        notices=tuple(dict.fromkeys((*first.notices, *second.notices))),
        execution=replace(
            ran,
            steps=before.steps + ran.steps,
            num_forwards=before.num_forwards + ran.num_forwards,
            batch_size=max(before.batch_size, ran.batch_size),
            cost=" + ".join(costs) or None,
        ),
    )
