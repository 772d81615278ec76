"""YAML files from people: read safely, each key once, faults told in one sentence.

What the keys are is said by whoever reads them.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from difflib import get_close_matches
from typing import cast

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails


class Strict(BaseModel):
    """Part of a file; a key that is not known is a fault."""

    model_config = ConfigDict(extra="forbid", strict=False, frozen=True)


class _Loader(yaml.SafeLoader):
    """Refuses a key that is written twice, which YAML would let the last one win.

    Not the loader of libyaml, which is faster: ten thousand open brackets crash the process.
    """


def _mapping_once(loader: _Loader, node: yaml.MappingNode) -> dict[object, object]:
    loader.flatten_mapping(node)
    mapping: dict[object, object] = {}
    for key_node, value_node in node.value:
        key = cast(object, loader.construct_object(key_node, deep=True))  # pyright: ignore[reportUnknownMemberType]
        fault = "" if isinstance(key, Hashable) else "a key is no single value"
        if fault or key in mapping:
            fault = fault or f"the key {key!r} is written twice"
            raise yaml.constructor.ConstructorError(None, None, fault, key_node.start_mark)
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
        said = str(error).replace('in "<unicode string>", ', "in ")
        raise ValueError(" ".join(said.split())) from error


def spoken(error: ValidationError) -> str:
    """The first fault in words, and how many more there are."""
    faults = error.errors(include_url=False)
    # A key nobody knows is most often a key that is then missing, misspelt.
    first = next((one for one in faults if one["type"] == "extra_forbidden"), faults[0])
    place = ".".join(str(part) for part in first["loc"]) or "the file"
    what = first["msg"].removeprefix("Value error, ")
    meant = None
    if first["type"] == "extra_forbidden":
        what, meant = "this key is not known", _meant(first["loc"], faults)
    elif first["type"] in ("model_type", "dict_type"):
        what = "keys with values are needed"
    value = first.get("input")
    shown = "" if isinstance(value, dict | list | tuple | BaseModel) else f" (it is {value!r})"
    lacking = "" if meant is None else f", and {meant!r} is missing"
    num_more = len(faults) - (1 if meant is None else 2)
    more = f"; and {num_more} more" if num_more else ""
    return f"{place}: {what[0].lower()}{what[1:]}{shown}{lacking}{more}"


def _meant(unknown: tuple[int | str, ...], faults: Sequence[ErrorDetails]) -> str | None:
    """Of the keys that are missing beside an unknown one, the one it is most like."""
    missing = [
        str(one["loc"][-1])
        for one in faults
        if one["type"] == "missing" and one["loc"][:-1] == unknown[:-1]
    ]
    return next(iter(get_close_matches(str(unknown[-1]), missing, n=1, cutoff=0.0)), None)
