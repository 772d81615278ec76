"""Forms of models as YAML: read strictly, every key known; written so that people can change them.

What the keys mean is said in core/forms.py; where the files are, in model_shelf.py.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import yaml
from pydantic import Field, ValidationError, field_validator

from limner.core.errors import ModelFormInvalid
from limner.core.forms import ModelForm
from limner.core.ports import Ability, AdapterKind
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
    factors: tuple[Annotated[int, Field(ge=2, le=8)], ...] = ()
    canvas_step_px: int = Field(default=0, ge=0, le=1024)

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
    return ModelForm.from_document(
        {**said.model_dump(mode="json"), "canvases": [str(one) for one in said.canvases]}
    )


def text_of_form(form: ModelForm) -> str:
    """The YAML text of a form."""
    return yaml.safe_dump(form.to_document(), sort_keys=False, width=100)
