"""The form of a diffusers model, from the files it came with; imports none of its libraries.

What a family of models can honour is written here once; a person may change the form afterwards.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from limner.core.errors import WeightsRefused
from limner.core.forms import ModelForm
from limner.core.models import Licence
from limner.core.ports import Ability, FloatSpan, IntSpan
from limner.core.records import DRAWING, Operation, Size
from limner.generators.diffusers.schedulers import FLOW_SAMPLERS, NOISE_SAMPLERS
from limner.generators.weight_files import hash_model

ENGINE = "diffusers"
INDEX_FILE = "model_index.json"
TEXT_ONLY = frozenset({Operation.TEXT})
LARGE = ("1024x1024", "1152x896", "896x1152", "1216x832", "832x1216", "1344x768", "768x1344")


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """What models of one pipeline class have in common.

    Attributes:
        canvases: sizes they were trained on.
        steps, guidance: the usual ones.
        max_prompt_tokens: that their text encoder reads, without its marks.
        is_flow: trained on a flow.
        negative: whether a negative prompt is honoured.
        batch_size: pictures drawn together where nothing else is said.
        true_guidance: guidance is the pipeline's `true_cfg_scale`.
    """

    canvases: tuple[str, ...] = LARGE
    steps: int = 30
    guidance: float = 5.0
    max_prompt_tokens: int = 75
    operations: frozenset[Operation] = DRAWING
    is_flow: bool = False
    negative: bool = True
    batch_size: int = 1
    true_guidance: bool = False


FAMILIES: Mapping[str, Family] = {
    "StableDiffusionPipeline": Family(
        canvases=("512x512", "576x448", "448x576", "640x384", "384x640"),
        guidance=7.5,
        batch_size=4,
    ),
    "StableDiffusionXLPipeline": Family(batch_size=2),
    "StableDiffusion3Pipeline": Family(steps=28, guidance=4.5, max_prompt_tokens=255, is_flow=True),
    "FluxPipeline": Family(
        steps=28, guidance=3.5, max_prompt_tokens=511, is_flow=True, negative=False
    ),
    "PixArtAlphaPipeline": Family(
        steps=20, guidance=4.5, max_prompt_tokens=119, operations=TEXT_ONLY
    ),
    "PixArtSigmaPipeline": Family(
        steps=20, guidance=4.5, max_prompt_tokens=299, operations=TEXT_ONLY
    ),
    "QwenImagePipeline": Family(
        steps=50, guidance=4.0, max_prompt_tokens=500, is_flow=True, true_guidance=True
    ),
    "ZImagePipeline": Family(
        steps=9, guidance=0.0, max_prompt_tokens=500, is_flow=True, operations=TEXT_ONLY
    ),
    "SanaPipeline": Family(
        steps=20, guidance=4.5, max_prompt_tokens=299, is_flow=True, operations=TEXT_ONLY
    ),
}
OTHER = Family(operations=TEXT_ONLY, negative=False)


def describe(
    name: str, location: Path, licence: Licence, *, options: Mapping[str, object] | None = None
) -> ModelForm:
    """The form of the model at a location, every file hashed.

    Args:
        name: it shall have.
        location: a folder with a `model_index.json`, or a safetensors file; the option ``config``
            then names a folder with the model's settings and tokenizers, and the parts that the
            file lacks.
        licence: as whoever adds it read it.
        options: of the engine.

    Raises:
        WeightsRefused: it is no such model, or a file of it is not opened.
    """
    given = dict(options or {})
    config = str(given.get("config", ""))
    family = FAMILIES.get(read_index(location, config)["_class_name"], OTHER)
    given.setdefault("batch_size", family.batch_size)
    if family.true_guidance:
        given.setdefault("guidance_argument", "true_cfg_scale")
    abilities = {Ability.SEED, *((Ability.NEGATIVE,) if family.negative else ())}
    canvases = tuple(Size(*map(int, one.split("x"))) for one in family.canvases)
    return ModelForm(
        name=name,
        version="1",
        engine=ENGINE,
        location=str(location.absolute()),
        files=hash_model(location, config),
        licence=licence,
        canvases=canvases,
        side_px=IntSpan(64, 4 * canvases[0].width_px, canvases[0].width_px),
        steps=IntSpan(1, 150, family.steps),
        guidance=FloatSpan(0.0, 30.0, family.guidance),
        samplers=FLOW_SAMPLERS if family.is_flow else NOISE_SAMPLERS,
        strength=FloatSpan(0.01, 1.0, 0.6),
        max_prompt_tokens=family.max_prompt_tokens,
        operations=family.operations,
        abilities=frozenset(abilities),
        options=given,
    )


def read_index(location: Path, config: str = "") -> Mapping[str, Any]:
    """The index of a model's parts.

    Raises:
        WeightsRefused: there is none, or it names no pipeline.
    """
    folder = Path(config) if config else location
    path = folder / INDEX_FILE
    try:
        index = json.loads(path.read_text(encoding="utf-8"))
        if isinstance(index["_class_name"], str):
            return cast("Mapping[str, Any]", index)
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        if config and not folder.is_dir():
            raise WeightsRefused(
                f"The option 'config' is {config!r}, which is no folder here; a single file is "
                "opened with a folder of its settings and tokenizers, and nothing is fetched.",
                hint="Fetch all but its weights once, with `hf download OWNER/NAME --local-dir "
                "FOLDER --include '*.json' '*.txt' '*.model'`, and name that folder.",
            ) from error
        if location.is_file() and not config:
            raise WeightsRefused(
                f"The model {str(location)!r} is a single file.",
                hint="Name a folder with its settings and tokenizers in the option 'config'.",
            ) from error
        raise WeightsRefused(
            f"The folder {str(folder)!r} has no {INDEX_FILE} that names a pipeline, so it holds "
            "no model."
        ) from error
    raise WeightsRefused(f"The index {str(path)!r} names no pipeline.")
