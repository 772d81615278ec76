"""What a picture file says of how it was made, in the words of the web UI."""

from __future__ import annotations

import json
import re

from limner.core.hashing import canonical_json
from limner.studio.image_file import OWN_KEY, FileTexts

_PAIR = re.compile(r'\s*(\w[\w \-/]+):\s*("(?:\\.|[^\\"])+"|[^,]*)(?:,|$)')
_NEGATIVE = "Negative prompt:"
_LEAST_PAIRS = 3  # fewer are a line of the prompt that holds a colon


def info_document(texts: FileTexts) -> dict[str, object]:
    """The answer to ``png-info``."""
    parameters = texts.parameters or ""
    items: dict[str, object] = {"parameters": parameters} if parameters else {}
    if texts.own is not None:
        items[OWN_KEY] = canonical_json(texts.own)
    return {"info": parameters, "items": items, "parameters": parse_parameters(parameters)}


def parse_parameters(text: str) -> dict[str, object]:
    """The values of a ``parameters`` text by name, as the web UI reads it.

    Source: ``parse_generation_parameters`` in its ``modules/infotext_utils.py``.
    """
    if not text.strip():
        return {}
    *lines, last = text.strip().split("\n")
    pairs = _PAIR.findall(last)
    if len(pairs) < _LEAST_PAIRS:
        lines, pairs = [*lines, last], []
    prompt, negative = _split_prompts(lines)
    found: dict[str, object] = {"Prompt": prompt, "Negative prompt": negative}
    for name, value in pairs:
        found[name] = _unquoted(value)
    size = re.fullmatch(r"(\d+)x(\d+)", str(found.get("Size", "")))
    if size is not None:
        found |= {"Size-1": size.group(1), "Size-2": size.group(2)}
    return found


def _split_prompts(lines: list[str]) -> tuple[str, str]:
    prompts: list[str] = []
    negatives: list[str] = []
    is_negative = False
    for line in lines:
        if line.strip().startswith(_NEGATIVE):
            is_negative = True
            line = line.strip().removeprefix(_NEGATIVE)
        (negatives if is_negative else prompts).append(line.strip())
    return "\n".join(prompts), "\n".join(negatives)


def _unquoted(value: str) -> str:
    if value.startswith('"'):
        try:
            return str(json.loads(value))
        except ValueError:
            return value
    return value.strip()
