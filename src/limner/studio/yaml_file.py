"""YAML files from people: read safely, each key once, faults told in one sentence.

What the keys are is said by whoever reads them.
"""

from __future__ import annotations

from typing import cast

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError


class Strict(BaseModel):
    """Part of a file; a key that is not known is a fault."""

    model_config = ConfigDict(extra="forbid", strict=False, frozen=True)


class _Loader(yaml.SafeLoader):
    """Refuses a key that is written twice, which YAML would let the last one win."""


def _mapping_once(loader: _Loader, node: yaml.MappingNode) -> dict[object, object]:
    loader.flatten_mapping(node)
    mapping: dict[object, object] = {}
    for key_node, value_node in node.value:
        key = cast(object, loader.construct_object(key_node, deep=True))  # pyright: ignore[reportUnknownMemberType]
        if key in mapping:
            raise yaml.constructor.ConstructorError(
                None, None, f"the key {key!r} is written twice", key_node.start_mark
            )
        mapping[key] = loader.construct_object(value_node, deep=True)  # pyright: ignore[reportUnknownMemberType]
    return mapping


_Loader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping_once)


def load_yaml(text: str) -> object:
    """What a YAML text says.

    Raises:
        ValueError: it is no YAML, or a key is written twice; says where, on one line.
    """
    try:
        return cast(object, yaml.load(text, Loader=_Loader))  # a SafeLoader
    except (yaml.YAMLError, RecursionError) as error:
        raise ValueError(" ".join(str(error).split())) from error


def spoken(error: ValidationError) -> str:
    """The first fault in words, and how many more there are."""
    faults = error.errors(include_url=False)
    # A key nobody knows is most often a key that is then missing, misspelt.
    first = next((one for one in faults if one["type"] == "extra_forbidden"), faults[0])
    place = ".".join(str(part) for part in first["loc"]) or "the file"
    what = first["msg"].removeprefix("Value error, ")
    if first["type"] == "extra_forbidden":
        what = "this key is not known"
    value = first.get("input")
    shown = "" if isinstance(value, dict | list | tuple | BaseModel) else f" (it is {value!r})"
    more = f"; and {len(faults) - 1} more" if len(faults) > 1 else ""
    return f"{place}: {what[0].lower()}{what[1:]}{shown}{more}"
