"""The ``parameters`` text that other image tools write and read.

The form is that of the AUTOMATIC1111 web UI (``create_infotext`` in ``modules/processing.py``,
``parse_generation_parameters`` in ``modules/infotext_utils.py``): the prompt, a line
``Negative prompt: ...`` if there is one, and a last line of ``Name: value`` pairs. Values with a
comma, colon or line break are JSON strings.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from limner.core.hashing import sha256_of_document
from limner.core.recipe import Recipe
from limner.core.records import Operation


def format_parameters(recipe: Recipe) -> str:
    """The ``parameters`` text of a recipe, built from what ran."""
    lines = [recipe.prompt] if recipe.prompt else []
    if recipe.negative:
        lines.append(f"Negative prompt: {recipe.negative}")
    lines.append(", ".join(f"{name}: {_quoted(value)}" for name, value in _pairs(recipe).items()))
    return "\n".join(lines)


def _pairs(recipe: Recipe) -> dict[str, str]:
    if recipe.operation is Operation.ENLARGE:
        return {
            "Size": str(recipe.size),
            "Postprocess upscale to": str(recipe.size),
            "Postprocess upscaler": recipe.generator,
            "Version": f"Limner {recipe.versions['limner']}",
        }
    pairs = {
        "Steps": str(recipe.steps),
        "Sampler": recipe.sampler,
        "CFG scale": f"{recipe.guidance:g}",
        "Seed": str(recipe.seed),
        "Size": str(recipe.size),
        "Model hash": hash_of_ingredients(recipe.ingredients),
        "Model": recipe.generator,
    }
    if recipe.style is not None:
        pairs["Style"] = recipe.style
    if recipe.operation is not Operation.TEXT:
        pairs["Denoising strength"] = f"{recipe.strength:g}"
    if recipe.second_pass is not None:
        pairs["Denoising strength"] = f"{recipe.second_pass.strength:g}"
        pairs["Hires resize"] = str(recipe.canvas)
        pairs["Hires upscaler"] = recipe.second_pass.enlarger
    if recipe.template is not None:
        pairs["Template"] = recipe.template
    pairs["Version"] = f"Limner {recipe.versions['limner']}"
    return pairs


def hash_of_ingredients(ingredients: Mapping[str, str]) -> str:
    """Ten hexadecimal digits that stand for every ingredient of a generator."""
    return sha256_of_document(dict(ingredients)).removeprefix("sha256:")[:10]


def _quoted(text: str) -> str:
    if any(mark in text for mark in ",:\n"):
        return json.dumps(text, ensure_ascii=False)
    return text
