"""Forms of models for tests."""

from dataclasses import replace
from pathlib import Path

from limner.core.forms import AdapterForm, ModelForm
from limner.core.models import Licence
from limner.core.ports import Ability, AdapterKind, FloatSpan, IntSpan
from limner.core.records import DRAWING, Size

HASH = "sha256:" + "0" * 64

FORM = ModelForm(
    name="other-1.0",
    version="1",
    engine="painted",
    location="/nowhere",
    files={"model.safetensors": HASH},
    licence=Licence(expression="Apache-2.0", source="LICENSE", reviewer="Ann"),
    canvases=(Size(32, 32), Size(64, 32)),
    side_px=IntSpan(16, 512, 64),
    steps=IntSpan(1, 50, 4),
    guidance=FloatSpan(1.0, 10.0, 3.0),
    samplers=("brush",),
    strength=FloatSpan(0.0, 1.0, 0.6),
    max_prompt_tokens=12,
    operations=DRAWING,
    abilities=frozenset(Ability),
    adapters={
        "ink": AdapterForm(
            kind=AdapterKind.LORA, location="ink", files={"ink": HASH}, weight=FloatSpan(-2, 2, 1)
        ),
        "edges": AdapterForm(
            kind=AdapterKind.CONTROLNET,
            location="edges",
            files={"edges": HASH},
            weight=FloatSpan(0, 2, 1),
        ),
    },
)


def form_of(name: str, engine: str, location: str | Path, **changes) -> ModelForm:
    """A form without adapters and files for an engine."""
    plain = {"name": name, "engine": engine, "location": str(location), "files": {}, "adapters": {}}
    return replace(FORM, **{**plain, **changes})
