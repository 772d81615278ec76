"""Variations: new pictures that start from a given one and leave it a little."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Unpack

from limner.core.errors import BadInput
from limner.core.records import Request
from limner.studio.parts import Parts
from limner.studio.picture_file import read_file
from limner.studio.redraw import model_of, recipe_of
from limner.studio.requests import RequestOptions, request_from


def variations_request(
    parts: Parts, path: Path, prompt: str | None = None, **options: Unpack[RequestOptions]
) -> Request:
    """A request that starts from a picture file; what is not said comes from its recipe.

    Args:
        parts: of the studio.
        path: the picture; its recipe, in the file or the store, gives prompt, style and guidance.
        prompt: instead of the recipe's; needed if the picture has no recipe.
        **options: as for drawing.

    Raises:
        BadInput: there is neither a prompt nor a recipe.
        ImageUnreadable: the file cannot be read as a picture.
    """
    read = read_file(path, parts.settings.max_input_megapixels)
    recipe = recipe_of(parts, read).recipe
    if prompt is None and recipe is None:
        raise BadInput(
            f"The picture {str(path)!r} has no recipe to take a prompt from.",
            code="prompt_missing",
            hint="Say what it shows with --prompt.",
        )
    request = replace(request_from(parts, prompt or "", **options), source=read.picture)
    if recipe is None:
        return request
    return replace(
        request,
        model=request.model or model_of(parts, recipe),
        use=request.use or recipe.use,
        prompt=prompt or recipe.prompt,
        template=None if prompt else recipe.prompt,
        negative=request.negative or recipe.negative,
        style=request.style or recipe.style,
        steps=request.steps or recipe.steps,
        guidance=recipe.guidance if request.guidance is None else request.guidance,
        background=recipe.background if request.background == "auto" else request.background,
    )
