"""Forms of models as YAML: read strictly, every key known; written so that people can change them.

What the keys mean is said in core/forms.py; where the files are, in model_shelf.py.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import yaml
from pydantic import Field, ValidationError, field_validator

from limner.core.errors import ModelFormInvalid
from limner.core.forms import FORM_FORMAT, AdapterForm, ModelForm
from limner.core.models import Licence
from limner.core.ports import Ability, AdapterKind, FloatSpan, IntSpan
from limner.core.records import Operation, Size, parse_size
from limner.studio.yaml_file import Strict, load_yaml, spoken

_Files = dict[str, Annotated[str, Field(pattern=r"^sha256:[0-9a-f]{64}$")]]
_IntSpan = tuple[int, int, int]
_FloatSpan = tuple[float, float, float]


class _Licence(Strict):
    expression: str = Field(min_length=1)
    source: str = Field(min_length=1)
    reviewer: str = ""


class _Adapter(Strict):
    kind: AdapterKind
    location: str
    files: _Files
    weight: _FloatSpan = (-2.0, 2.0, 1.0)


class _Form(Strict):
    """Keys of a form, as `ModelForm` has them."""

    format: Literal["limner.model-form/1"]
    name: str
    version: str = Field(min_length=1)
    engine: str
    location: str = Field(min_length=1)
    files: _Files = Field(default_factory=dict)
    licence: _Licence
    uses: tuple[str, ...] = ()
    canvases: tuple[Size, ...]
    side_px: _IntSpan
    steps: _IntSpan
    guidance: _FloatSpan
    samplers: tuple[str, ...]
    strength: _FloatSpan = (0.0, 1.0, 0.6)
    max_prompt_tokens: int = Field(ge=1)
    operations: frozenset[Operation]
    abilities: frozenset[Ability] = frozenset()
    adapters: dict[str, _Adapter] = Field(default_factory=dict)
    options: dict[str, Any] = Field(default_factory=dict)
    description: str = ""

    @field_validator("canvases", mode="before")
    @classmethod
    def _sizes(cls, value: object) -> tuple[Size, ...]:
        if not isinstance(value, list):
            raise ValueError("sizes as 512x512, in a list")
        return tuple(parse_size(str(one)) for one in value)  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]

    @field_validator("side_px", "steps", "guidance", "strength")
    @classmethod
    def _in_order(cls, value: tuple[float, float, float]) -> tuple[float, float, float]:
        low, high, default = value
        if not low <= default <= high:
            raise ValueError("least, most and usual value, in this order")
        return value


def form_of_text(text: str, name: str) -> ModelForm:
    """The form that a YAML text says.

    Args:
        text: of the file.
        name: that the model must have; its file is called so.

    Raises:
        ModelFormInvalid: says what is wrong.
    """
    try:
        said = _Form.model_validate(load_yaml(text))
    except ValidationError as error:
        raise ModelFormInvalid(f"The form of the model {name!r}: {spoken(error)}.") from error
    except ValueError as error:
        raise ModelFormInvalid(f"The form of the model {name!r} is no YAML: {error}.") from error
    if said.name != name:
        raise ModelFormInvalid(
            f"The file {name + '.yaml'!r} has the form of {said.name!r}; allowed is its own name."
        )
    return ModelForm(
        name=said.name,
        version=said.version,
        engine=said.engine,
        location=said.location,
        files=said.files,
        licence=Licence(**said.licence.model_dump()),
        uses=said.uses,
        canvases=said.canvases,
        side_px=IntSpan(*said.side_px),
        steps=IntSpan(*said.steps),
        guidance=FloatSpan(*said.guidance),
        samplers=said.samplers,
        strength=FloatSpan(*said.strength),
        max_prompt_tokens=said.max_prompt_tokens,
        operations=said.operations,
        abilities=said.abilities,
        adapters={
            key: AdapterForm(
                kind=one.kind,
                location=one.location,
                files=one.files,
                weight=FloatSpan(*one.weight),
            )
            for key, one in said.adapters.items()
        },
        options=said.options,
        description=said.description,
    )


def text_of_form(form: ModelForm) -> str:
    """The YAML text of a form."""
    document: dict[str, object] = {
        "format": FORM_FORMAT,
        "name": form.name,
        "version": form.version,
        "engine": form.engine,
        "location": form.location,
        "licence": {
            "expression": form.licence.expression,
            "source": form.licence.source,
            "reviewer": form.licence.reviewer,
        },
        "uses": list(form.uses),
        "canvases": [str(one) for one in form.canvases],
        "side_px": list(form.side_px),
        "steps": list(form.steps),
        "guidance": list(form.guidance),
        "samplers": list(form.samplers),
        "strength": list(form.strength),
        "max_prompt_tokens": form.max_prompt_tokens,
        "operations": [str(one) for one in Operation if one in form.operations],
        "abilities": [str(one) for one in Ability if one in form.abilities],
        "adapters": {
            name: {
                "kind": str(one.kind),
                "location": one.location,
                "files": dict(one.files),
                "weight": list(one.weight),
            }
            for name, one in form.adapters.items()
        },
        "options": dict(form.options),
        "description": form.description,
        "files": dict(form.files),
    }
    return yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=100)
