"""Options that several commands take together, each group one parameter of a command.

typer reads a command's signature; `spread` shows it one with a group replaced by its options.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields, is_dataclass
from functools import wraps
from typing import Any, cast, get_type_hints

from limner.faces import options


@dataclass(frozen=True, kw_only=True)
class Drawing:
    """How pictures are drawn, whatever they are drawn for."""

    steps: options.Steps = None
    guidance: options.Guidance = None
    sampler: options.Sampler = None
    size: options.Size = None
    style: options.Style = None
    negative: options.Negative = ""
    background: options.Background = "auto"
    deterministic: options.Deterministic = False
    impact: options.Impact = None
    label: options.Label = None
    model: options.Model = None
    use: options.Use = None

    @property
    def asked(self) -> dict[str, Any]:
        """As `studio.requests.RequestOptions` has them."""
        return asdict(self)


@dataclass(frozen=True, kw_only=True)
class Saving:
    """Where pictures go, and the sheet of them all."""

    out: options.Out = None
    file_format: options.Format = None
    sheet: options.Sheet = None
    force: options.Force = False


@dataclass(frozen=True, kw_only=True)
class Output:
    """How much a command prints, and in what form."""

    quiet: options.Quiet = False
    as_json: options.Json = False


def spread(command: Callable[..., None]) -> Callable[..., None]:
    """A command as typer shall see it: parameters that are groups replaced by their options."""
    given = inspect.signature(command, eval_str=True)
    groups = {
        one.name: cast("type[Any]", one.annotation)
        for one in given.parameters.values()
        if is_dataclass(one.annotation)
    }

    @wraps(command)
    def spread_command(**said: object) -> None:
        for name, group in groups.items():
            said[name] = group(**{one.name: said.pop(one.name) for one in fields(group)})
        command(**said)

    parameters: list[inspect.Parameter] = []
    for one in given.parameters.values():
        parameters += _options_of(groups[one.name]) if one.name in groups else [one]
    by_name = [one.replace(kind=inspect.Parameter.KEYWORD_ONLY) for one in parameters]
    spread_command.__signature__ = given.replace(parameters=by_name)  # type: ignore[attr-defined]
    return spread_command


def _options_of(group: type[Any]) -> list[inspect.Parameter]:
    hints = get_type_hints(group, include_extras=True)
    return [
        inspect.Parameter(
            one.name,
            inspect.Parameter.KEYWORD_ONLY,
            default=one.default,
            annotation=hints[one.name],
        )
        for one in fields(group)
    ]
