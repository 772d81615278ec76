"""The form of a model at an OpenAI-compatible service, from its address and what it takes.

What the API has for every model is offered; the rest only where the option ``fields`` names the
service's own field for it. A person may change the form afterwards.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

from limner.core.errors import ModelFormInvalid
from limner.core.forms import ModelForm
from limner.core.models import Licence
from limner.core.ports import Ability, FloatSpan, IntSpan
from limner.core.records import DRAWING, Size
from limner.generators.services.openai import ENGINE

CANVASES = (Size(1024, 1024), Size(1536, 1024), Size(1024, 1536))
GPT_MODELS = ("gpt-image", "chatgpt-image")
"""OpenAI's own: they take `background`, answer in base64 only and refuse `response_format`."""


def describe(
    name: str,
    location: str,
    licence: Licence,
    *,
    canvases: Sequence[Size] = (),
    options: Mapping[str, object] | None = None,
) -> ModelForm:
    """The form of a model at a service; calls nobody.

    Args:
        name: it shall have.
        location: address of the API, such as ``https://api.example.com/v1``.
        licence: as whoever adds it read the service's terms.
        canvases: sizes it draws; the usual ones where none is named.
        options: of the engine.

    Raises:
        ModelFormInvalid: an option is not allowed.
    """
    given = dict(options or {})
    service_model = str(given.setdefault("service_model", name))
    is_gpt = service_model.startswith(GPT_MODELS)
    if not is_gpt:
        given.setdefault("response_format", "b64_json")
    said = given.get("fields", {})
    if not isinstance(said, dict):
        raise ModelFormInvalid(f"The option 'fields' is {said!r}; allowed are names by name.")
    fields = cast("dict[object, object]", said)
    abilities = {one for one in (Ability.SEED, Ability.NEGATIVE) if str(one) in fields}
    sizes = tuple(canvases) or CANVASES
    return ModelForm(
        name=name,
        version="1",
        engine=ENGINE,
        location=location,
        files={},
        licence=licence,
        canvases=sizes,
        side_px=IntSpan(16, 4096, sizes[0].width_px),
        steps=IntSpan(1, 150, 30) if "steps" in fields else IntSpan(1, 1, 1),
        guidance=FloatSpan(0.0, 30.0, 5.0) if "guidance" in fields else FloatSpan(1.0, 1.0, 1.0),
        samplers=("service",),
        strength=FloatSpan(0.01, 1.0, 0.6) if "strength" in fields else FloatSpan(1.0, 1.0, 1.0),
        max_prompt_tokens=4000,
        operations=DRAWING,
        abilities=frozenset(abilities | ({Ability.TRANSPARENT} if is_gpt else set())),
        options=given,
    )
