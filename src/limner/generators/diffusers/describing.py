"""The form of a diffusers model, from the files it came with; imports none of its libraries.

What a family of models can honour stands in families.py; a person may change the form afterwards.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from limner.core.errors import WeightsRefused
from limner.core.forms import ModelForm
from limner.core.models import Licence
from limner.core.ports import Ability, FloatSpan, IntSpan
from limner.core.records import Size
from limner.generators.diffusers.families import Family, family_of
from limner.generators.diffusers.schedulers import FLOW_SAMPLERS, NOISE_SAMPLERS
from limner.generators.weight_files import hash_model

ENGINE = "diffusers"
INDEX_FILE = "model_index.json"


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
    family = read_family(location, config)
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
        guidance=FloatSpan(0.0, 30.0, family.guidance) if family.guided else FloatSpan(0, 0, 0),
        samplers=FLOW_SAMPLERS if family.is_flow else NOISE_SAMPLERS,
        strength=FloatSpan(1.0, 1.0, 1.0) if family.edits else FloatSpan(0.01, 1.0, 0.6),
        max_prompt_tokens=family.max_prompt_tokens,
        operations=family.operations,
        abilities=frozenset(abilities),
        options=given,
        canvas_step_px=family.side_multiple,
    )


def read_family(location: Path, config: str = "") -> Family:
    """The family of a model, by its index and the settings of its networks.

    Raises:
        WeightsRefused: there is no index, or it names no pipeline.
    """
    folder = Path(config) if config else location
    parts = ("unet", "transformer", "vae")
    return family_of(
        read_index(location, config), {part: _read_settings(folder / part) for part in parts}
    )


def _read_settings(folder: Path) -> Mapping[str, Any]:
    """The settings of a part; none where it has none that can be read, which loading tells."""
    try:
        settings = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return cast("Mapping[str, Any]", settings) if isinstance(settings, dict) else {}


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
        if not folder.exists():
            raise WeightsRefused(
                f"There is nothing at {str(folder)!r}; allowed is a folder with a {INDEX_FILE}, or "
                "a safetensors file.",
                hint="A model of the hub is named as hub:OWNER/NAME.",
            ) from error
        raise WeightsRefused(
            f"The folder {str(folder)!r} has no {INDEX_FILE} that names a pipeline, so it holds "
            "no model.",
            hint="Name the folder that has it; a single file is named itself, with --option "
            "config=FOLDER.",
        ) from error
    raise WeightsRefused(f"The index {str(path)!r} names no pipeline.")
