"""The recipe of a finished picture, from the plan that was drawn and the facts of drawing it."""

from __future__ import annotations

import platform

import numpy as np
import PIL

from limner.core.drawing import Drawn, Plan, Sketch
from limner.core.ports import Ability, GeneratorCard
from limner.core.recipe import Recipe, UsedAdapter
from limner.core.records import Operation, Request
from limner.studio.finishing import Finished
from limner.studio.parts import Parts
from limner.studio.planning import Ready
from limner.studio.second_pass import second_pass_of


def write_recipe(
    parts: Parts, ready: Ready, plan: Plan, prompt: str, drawn: Drawn, finished: Finished
) -> Recipe:
    """The recipe of one picture, from the plan that was drawn and the facts of drawing it."""
    request, sketch, ran = ready.request, plan.sketch, drawn.execution
    card = parts.generator_of(request.model).card
    template = request.template if request.template is not None else request.prompt
    return Recipe(
        prompt=prompt,
        template=None if template == prompt else template,
        negative=sketch.negative,
        operation=sketch.operation,
        style=sketch.style,
        seed=drawn.seed,
        steps=sketch.steps,
        guidance=sketch.guidance,
        sampler=sketch.sampler,
        strength=sketch.strength,
        size=ready.choices.size,
        canvas=ready.choices.canvas,
        background=ready.background,
        source_sha256=None if request.source is None else request.source.pixels_sha256,
        mask_sha256=None if request.mask is None else request.mask.pixels_sha256,
        margins=request.margins,
        is_deterministic=sketch.is_deterministic,
        generator=card.name,
        generator_version=card.version,
        ingredients=dict(card.ingredients),
        steps_run=ran.steps,
        num_forwards=ran.num_forwards,
        num_prompt_tokens=ran.num_prompt_tokens,
        batch_size=ran.batch_size,
        engine=ran.engine,
        device=ran.device,
        precision=ran.precision,
        num_threads=ran.num_threads,
        versions=dict(ran.versions) | _own_versions(parts),
        notices=(*_of_seed(sketch, card), *drawn.notices, *finished.notices),
        source_file=ready.source_file,
        mask_file=ready.mask_file,
        label=finished.label,
        mark=finished.marked.mark,
        drawing_sha256=finished.marked.drawing_sha256,
        adapters=_used_adapters(request, sketch) or None,
        use=request.use,
        cost=ran.cost,
        second_pass=second_pass_of(request, ready.choices),
    )


def _of_seed(sketch: Sketch, card: GeneratorCard) -> tuple[str, ...]:
    """That the seed of a recipe is a number only, where the model takes none."""
    if Ability.SEED in card.abilities or sketch.operation is Operation.ENLARGE:
        return ()
    return (f"The model {card.name!r} takes no seed: drawn again, the picture would be another.",)


def _used_adapters(request: Request, sketch: Sketch) -> tuple[UsedAdapter, ...]:
    return tuple(
        UsedAdapter(
            fitted.name,
            fitted.weight,
            fitted.sha256,
            None if asked.picture is None else asked.picture.pixels_sha256,
        )
        for asked, fitted in zip(request.adapters, sketch.adapters, strict=True)
    )


def _own_versions(parts: Parts) -> dict[str, str]:
    return {
        "limner": parts.version,
        "numpy": np.__version__,
        "pillow": PIL.__version__,
        "python": platform.python_version(),
    }
