"""Wildcards and combinations in prompts: ``{a|b}``, ``__name__``, by the dynamicprompts library.

Wildcards are text files ``<name>.txt`` in the folder ``wildcards`` of the data folder, one value
a line. Without these marks a prompt is left exactly as it is.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, cast

from limner.core.errors import BadInput

if TYPE_CHECKING:
    from dynamicprompts.wildcards import WildcardManager

_WILDCARD = re.compile(r"__([^\s{}|_](?:[^{}|]*?[^{}|_])?)__")
_UNKNOWN_SHOWN = 12

_Expand = Callable[[str, int], list[str]]  # the library's own type is open

# The library reports an unknown wildcard on the log and draws its mark; we refuse it instead.
logging.getLogger("dynamicprompts").addHandler(logging.NullHandler())


def is_template(text: str) -> bool:
    """Whether `text` holds wildcards or combinations."""
    return "{" in text or _WILDCARD.search(text) is not None


def expand_at_random(template: str, seed: int, wildcards: Path) -> str:
    """One prompt, chosen by `seed`: the same template, files and seed give the same prompt.

    Raises:
        BadInput: the template cannot be read, or a wildcard is not there.
    """
    from dynamicprompts.generators import RandomPromptGenerator

    generator = RandomPromptGenerator(_manager(wildcards), seed=seed)
    expand = cast(_Expand, generator.generate)  # pyright: ignore[reportUnknownMemberType]
    return _expanded(template, wildcards, lambda: expand(template, 1))[0]


def expand_all(template: str, wildcards: Path, limit: int) -> list[str]:
    """Every combination of a template, in the order it is written, without doubles.

    Args:
        template: with or without marks.
        wildcards: folder of the wildcard files.
        limit: most combinations to give.

    Raises:
        BadInput: the template cannot be read, a wildcard is not there, or there are more.
    """
    from dynamicprompts.generators import CombinatorialPromptGenerator

    generator = CombinatorialPromptGenerator(_manager(wildcards))
    expand = cast(_Expand, generator.generate)  # pyright: ignore[reportUnknownMemberType]
    prompts = _expanded(template, wildcards, lambda: expand(template, limit + 1))
    if len(prompts) > limit:
        raise BadInput(
            f"The prompt {template!r} has more than {limit} combinations; "
            f"allowed are up to {limit}.",
            code="combinations_out_of_range",
        )
    return list(dict.fromkeys(prompts))


def _manager(wildcards: Path) -> WildcardManager:
    from dynamicprompts.wildcards import WildcardManager

    return WildcardManager(wildcards if wildcards.is_dir() else None)


def _expanded(template: str, wildcards: Path, expand: Callable[[], list[str]]) -> list[str]:
    from pyparsing import ParseBaseException

    if "#" in template:
        raise BadInput(
            f"The prompt {template!r} holds '#', which hides the rest of a prompt with wildcards "
            "or combinations; allowed is any other character.",
            code="prompt_template_invalid",
        )
    try:
        prompts = [" ".join(prompt.split()) for prompt in expand()]
    except (ParseBaseException, LookupError, ValueError, RecursionError) as error:
        raise BadInput(
            f"The wildcards or combinations in {template!r} cannot be read: {error}.",
            code="prompt_template_invalid",
            hint="Write {red|blue} for a choice and __name__ for a wildcard.",
        ) from error
    for prompt in prompts:
        _require_resolved(prompt, wildcards)
    return prompts


def _require_resolved(prompt: str, wildcards: Path) -> None:
    left = _WILDCARD.search(prompt)
    if left is None:
        return
    known = sorted(
        path.relative_to(wildcards).with_suffix("").as_posix() for path in wildcards.rglob("*.txt")
    )
    raise BadInput(
        f"Unknown wildcard {left.group(1)!r}; "
        f"known are {', '.join(known[:_UNKNOWN_SHOWN]) or 'none'} in {str(wildcards)!r}.",
        code="wildcard_unknown",
        hint="Put a text file with that name there, one value a line.",
    )
