"""A pipeline from a single safetensors file and a folder of its settings; nothing is fetched.

The file holds the weights under the names of the original authors. What it lacks, as those of Flux
lack all but the transformer, is taken from the folder. Where the library has no way to read a whole
pipeline from one file, as of Qwen-Image, it may have one to read the transformer.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from limner.core.errors import WeightsRefused
from limner.core.forms import ModelForm
from limner.generators.weight_files import SAFETENSORS, read_safetensors_header

STARTS: Mapping[str, tuple[str, ...]] = {
    "vae": ("first_stage_model.", "vae."),
    "text_encoder": (
        "cond_stage_model.",
        "conditioner.embedders.0.",
        "text_encoders.clip_l.",
    ),
    "text_encoder_2": ("conditioner.embedders.1.", "text_encoders.clip_g."),
    "text_encoder_3": ("text_encoders.t5xxl.",),
}
"""How the names of a part's tensors start; parts that are not listed are always in the file.

Source: `diffusers/loaders/single_file_utils.py`.
"""

Parts = list[tuple[str, str, str]]  # name, library, class


def open_single_file(form: ModelForm, class_name: str, parts: Parts, dtype: Any) -> Any:  # noqa: ANN401 - no types
    """The pipeline of a form whose model is a single file.

    Args:
        form: of the model; its option ``config`` names the folder.
        class_name: of the pipeline.
        parts: that the folder's index names.
        dtype: of torch.

    Raises:
        WeightsRefused: a part is neither in the file nor in the folder.
    """
    diffusers = import_module("diffusers")
    config = Path(form.text("config"))
    names = tuple(read_safetensors_header(form.path))
    beside = {
        part: _open_part(config / part, library, name, dtype)
        for part, library, name in parts
        if part in STARTS and not any(one.startswith(STARTS[part]) for one in names)
    }
    if hasattr(getattr(diffusers, class_name), "from_single_file"):
        pipeline = getattr(diffusers, class_name).from_single_file(
            str(form.path), config=str(config), torch_dtype=dtype, local_files_only=True, **beside
        )
    else:
        transformer = _read_transformer(form, class_name, parts, dtype)
        pipeline = diffusers.DiffusionPipeline.from_pretrained(
            config, transformer=transformer, dtype=dtype, use_safetensors=True,
            local_files_only=True, **beside,
        )  # fmt: skip
    for part in pipeline.components.values():
        if hasattr(part, "eval"):
            part.eval()  # the library leaves the text encoder T5 as it is for training
    return pipeline


def _read_transformer(form: ModelForm, class_name: str, parts: Parts, dtype: Any) -> Any:  # noqa: ANN401 - no types
    diffusers = import_module("diffusers")
    names = [name for part, _, name in parts if part == "transformer"]
    read = getattr(getattr(diffusers, names[0], None), "from_single_file", None) if names else None
    if read is None:
        raise WeightsRefused(
            f"The model {form.name!r} is a single file, and diffusers {diffusers.__version__} "
            f"reads none of a {class_name}.",
            hint="Fetch it as a folder: limner models add NAME hub:OWNER/NAME",
        )
    return read(
        str(form.path), config=form.text("config"), subfolder="transformer", torch_dtype=dtype,
        local_files_only=True,
    )  # fmt: skip


def _open_part(folder: Path, library: str, name: str, dtype: Any) -> Any:  # noqa: ANN401 - no types
    if not any(folder.glob(f"*{SAFETENSORS}")):
        raise WeightsRefused(
            f"The single file lacks the part {folder.name!r}, and the folder {str(folder)!r} has "
            "no safetensors of it.",
            hint="Fetch them from where the model's settings are, into that folder.",
        )
    return getattr(import_module(library), name).from_pretrained(
        folder, dtype=dtype, use_safetensors=True, local_files_only=True
    )
