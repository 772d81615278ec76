"""Weights on words of a prompt, by the library compel: ``(red)1.3``, ``red++``, ``red-``.

Its syntax: https://github.com/damian0815/compel/blob/main/doc/syntax.md
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from limner.core.errors import EngineFailed
from limner.generators.diffusers.loading import Pipeline, open_library

WEIGHTINGS = ("none", "compel")
WRAPPERS = {
    "StableDiffusionPipeline": "CompelForSD",
    "StableDiffusionXLPipeline": "CompelForSDXL",
}


def weighted_words(
    pipeline: Pipeline, prompts: Sequence[str], negatives: Sequence[str]
) -> dict[str, Any]:
    """What a pipeline is called with instead of its prompts, read with their weights.

    Raises:
        EngineFailed: compel does not know pipelines of this class, or cannot read a prompt.
        GeneratorUnavailable: compel is not installed.
    """
    compel, torch = open_library("compel"), open_library("torch")
    kind = type(pipeline).__name__
    if kind not in WRAPPERS:
        raise EngineFailed(
            f"The option 'weighting' is 'compel', and the model is a {kind}; it goes with "
            f"{', '.join(WRAPPERS)}."
        )
    embeddings = compel.DiffusersTextualInversionManager(pipeline)
    read = getattr(compel, WRAPPERS[kind])(pipeline, textual_inversion_manager=embeddings)
    try:
        with torch.no_grad():
            found = [
                _named(read(prompt, negative_prompt=negative or None), bool(negative))
                for prompt, negative in zip(prompts, negatives, strict=True)
            ]
    except Exception as error:
        raise EngineFailed(
            f"The weights in the prompt cannot be read: {type(error).__name__}.",
            hint="Weights are written as (words)1.3, word++ or word-; a bracket is \\(.",
        ) from error
    return {name: torch.cat([one[name] for one in found]) for name in found[0]}


def _named(found: Any, has_negative: bool) -> dict[str, Any]:  # noqa: ANN401 - compel's own
    """Tensors of one row by the names pipelines take them by."""
    given = {
        "prompt_embeds": found.embeds,
        "pooled_prompt_embeds": found.pooled_embeds,
        "negative_prompt_embeds": found.negative_embeds if has_negative else None,
        "negative_pooled_prompt_embeds": found.negative_pooled_embeds if has_negative else None,
    }
    return {name: value for name, value in given.items() if value is not None}
