"""The form of a model: what is written down of it, so that it can be drawn with and answered for.

A form names the engine and the files with their hashes, the licence with its source and reviewer,
and what the model can honour. It is all a generator's card is made from, so that a request can be
held against a model that is not loaded. This module reads no files; see studio/model_form.py.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

from limner.core.errors import ModelFormInvalid
from limner.core.hashing import sha256_of_document
from limner.core.models import MAX_NAME_CHARACTERS, Licence
from limner.core.ports import (
    Ability,
    AdapterCard,
    AdapterKind,
    FloatSpan,
    GeneratorCard,
    IntSpan,
)
from limner.core.records import Operation, Size, parse_size

FORM_FORMAT = "limner.model-form/1"

_NAME = re.compile(r"[a-z0-9]+([.-][a-z0-9]+)*")


@dataclass(frozen=True, slots=True, kw_only=True)
class AdapterForm:
    """What is written down of an adapter.

    Attributes:
        kind: of adapter.
        location: a file or a folder.
        files: tagged SHA-256 of every file, by name within the location.
        weight: allowed weights.
    """

    kind: AdapterKind
    location: str
    files: Mapping[str, str]
    weight: FloatSpan

    @property
    def sha256(self) -> str:
        """Tagged hash over the names and hashes of its files."""
        return sha256_of_document(dict(self.files))


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelForm:
    """What is written down of a model. Attributes not named here are as in `GeneratorCard`.

    Attributes:
        engine: what draws with it: ``diffusers``, ``sdcpp``, ``openai`` or ``comfyui``; ``onnx``
            enlarges.
        location: a folder, a file, or the address of a service.
        files: tagged SHA-256 of every file, by name within the location; empty for a service.
        licence: SPDX, where it was read, and by whom.
        options: of the engine.
    """

    name: str
    version: str
    engine: str
    location: str
    files: Mapping[str, str]
    licence: Licence
    canvases: tuple[Size, ...]
    side_px: IntSpan
    steps: IntSpan
    guidance: FloatSpan
    samplers: tuple[str, ...]
    strength: FloatSpan
    max_prompt_tokens: int
    operations: frozenset[Operation]
    abilities: frozenset[Ability]
    uses: tuple[str, ...] = ()
    adapters: Mapping[str, AdapterForm] = field(default_factory=dict[str, AdapterForm])
    options: Mapping[str, object] = field(default_factory=dict[str, object])
    description: str = ""
    factors: tuple[int, ...] = ()
    canvas_step_px: int = 0

    def __post_init__(self) -> None:
        require_model_name(self.name)
        if not self.canvases or not self.samplers or not self.operations:
            raise ModelFormInvalid(
                f"The form of the model {self.name!r} needs at least one canvas, one sampler and "
                "one operation."
            )
        if bool(self.factors) != (Operation.ENLARGE in self.operations):
            raise ModelFormInvalid(
                f"The form of the model {self.name!r} has the factors {list(self.factors)!r}; "
                "allowed is at least one with the operation 'enlarge', and none without."
            )

    @property
    def card(self) -> GeneratorCard:
        """The card of a generator that draws with this model."""
        return GeneratorCard(
            name=self.name,
            version=self.version,
            engine=self.engine,
            licence=self.licence.expression,
            ingredients={**self.files, "form": self.deciding_sha256},
            styles=(),
            canvases=self.canvases,
            side_px=self.side_px,
            steps=self.steps,
            guidance=self.guidance,
            samplers=self.samplers,
            strength=self.strength,
            max_prompt_tokens=self.max_prompt_tokens,
            operations=self.operations,
            description=self.description,
            abilities=self.abilities,
            adapters={
                name: AdapterCard(kind=one.kind, sha256=one.sha256, weight=one.weight)
                for name, one in self.adapters.items()
            },
            uses=self.uses,
            factors=self.factors,
            canvas_step_px=self.canvas_step_px,
        )

    @property
    def deciding_sha256(self) -> str:
        """Tagged hash of what decides the picture besides the files: engine, options, address."""
        return sha256_of_document(
            {
                "engine": self.engine,
                "options": dict(self.options),
                "location": "" if self.files else self.location,
            }
        )

    def option(self, name: str, allowed: tuple[str, ...]) -> str:
        """A word among the options; the first that is allowed where nothing is said.

        Raises:
            ModelFormInvalid: another word.
        """
        value = self.options.get(name, allowed[0])
        if value not in allowed:
            raise self.refusal(name, f"one of {', '.join(allowed)}")
        return str(value)

    def number(self, name: str, default: float, low: float, high: float) -> float:
        """A number among the options.

        Raises:
            ModelFormInvalid: no number, or out of range.
        """
        value = self.options.get(name, default)
        if (
            isinstance(value, bool)
            or not isinstance(value, int | float)
            or not low <= value <= high
        ):
            raise self.refusal(name, f"{low:g} to {high:g}")
        return float(value)

    def text(self, name: str, default: str = "") -> str:
        """A text among the options.

        Raises:
            ModelFormInvalid: no text.
        """
        value = self.options.get(name, default)
        if not isinstance(value, str):
            raise self.refusal(name, "text")
        return value

    def refusal(self, name: str, allowed: str) -> ModelFormInvalid:
        """The error that an option is not allowed as it stands."""
        return ModelFormInvalid(
            f"The option {name!r} of the model {self.name!r} is {self.options.get(name)!r}; "
            f"allowed is {allowed}."
        )

    def require_options(self, known: frozenset[str]) -> None:
        """Refuse options the engine does not know.

        Raises:
            ModelFormInvalid: names the first.
        """
        for name in self.options:
            if name not in known:
                raise ModelFormInvalid(
                    f"The model {self.name!r} has the unknown option {name!r}; the engine "
                    f"{self.engine!r} has {', '.join(sorted(known)) or 'none'}."
                )

    def to_document(self) -> dict[str, object]:
        """JSON form, one key per attribute and ``format``, in the order people read it."""
        return {
            "format": FORM_FORMAT,
            "name": self.name,
            "version": self.version,
            "engine": self.engine,
            "location": self.location,
            "licence": asdict(self.licence),
            "uses": list(self.uses),
            "canvases": [str(one) for one in self.canvases],
            "side_px": list(self.side_px),
            "steps": list(self.steps),
            "guidance": list(self.guidance),
            "samplers": list(self.samplers),
            "strength": list(self.strength),
            "max_prompt_tokens": self.max_prompt_tokens,
            "operations": [str(one) for one in Operation if one in self.operations],
            "abilities": [str(one) for one in Ability if one in self.abilities],
            "adapters": {
                name: {
                    "kind": str(one.kind),
                    "location": one.location,
                    "files": dict(one.files),
                    "weight": list(one.weight),
                }
                for name, one in self.adapters.items()
            },
            "options": dict(self.options),
            "description": self.description,
            "files": dict(self.files),
            **({"factors": list(self.factors)} if self.factors else {}),
            **({"canvas_step_px": self.canvas_step_px} if self.canvas_step_px else {}),
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        """The form whose JSON form this is, as `to_document` gave it."""
        values = {key: value for key, value in document.items() if key != "format"}
        values["licence"] = Licence(**values["licence"])
        values["uses"], values["samplers"] = tuple(values["uses"]), tuple(values["samplers"])
        values["canvases"] = tuple(parse_size(one) for one in values["canvases"])
        for name in ("side_px", "steps"):
            values[name] = IntSpan(*values[name])
        for name in ("guidance", "strength"):
            values[name] = FloatSpan(*values[name])
        values["operations"] = frozenset(Operation(one) for one in values["operations"])
        values["factors"] = tuple(values.get("factors", ()))
        values["abilities"] = frozenset(Ability(one) for one in values["abilities"])
        values["adapters"] = {
            name: AdapterForm(
                kind=AdapterKind(one["kind"]),
                location=one["location"],
                files=one["files"],
                weight=FloatSpan(*one["weight"]),
            )
            for name, one in values["adapters"].items()
        }
        return cls(**values)

    @property
    def path(self) -> Path:
        """The location, where it is a file or a folder."""
        return Path(self.location)


def require_model_name(name: str) -> None:
    """Refuse what is no name of a model.

    Raises:
        ModelFormInvalid: says what is allowed.
    """
    if not _NAME.fullmatch(name) or len(name) > MAX_NAME_CHARACTERS:
        raise ModelFormInvalid(
            f"The name of the model is {name!r}; allowed are up to {MAX_NAME_CHARACTERS} "
            "characters of lower-case words and digits joined by hyphens or dots."
        )
