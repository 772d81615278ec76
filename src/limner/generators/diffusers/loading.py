"""Loading a pipeline: only classes of the libraries, only safetensors, only as the form says."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, cast

from limner.core.errors import GeneratorUnavailable, WeightsRefused
from limner.core.forms import ModelForm
from limner.generators.diffusers.describing import read_index
from limner.generators.diffusers.single_file import open_single_file
from limner.generators.weight_files import require_model_as_written

OPTIONS = frozenset(
    {
        "batch_size",
        "config",
        "device",
        "dtype",
        "guidance_argument",
        "num_threads",
        "offload",
        "slicing",
        "weighting",
    }
)
DTYPES = ("auto", "float32", "float16", "bfloat16")
DEVICES = ("auto", "cpu", "cuda", "mps", "xpu")
OFFLOADS = ("none", "model", "sequential", "group")
SLICINGS = ("none", "attention", "vae", "all")

Pipeline = Any  # diffusers has no types that hold


def open_library(name: str) -> Any:  # noqa: ANN401 - a module without types
    """A library of the engine.

    Raises:
        GeneratorUnavailable: it is not installed here; says how to install it.
    """
    try:
        return import_module(name)
    except ImportError as error:
        raise GeneratorUnavailable(
            f"The engine 'diffusers' needs {name}, which cannot be imported here.",
            hint="Install it with: pip install 'limner[diffusers]'",
        ) from error


def load_pipeline(form: ModelForm) -> Pipeline:
    """The text-to-image pipeline of a form, on its device.

    Raises:
        WeightsRefused: a file is not what the form says, or a class is none of the libraries'.
        GeneratorUnavailable: a library is missing.
    """
    diffusers = open_library("diffusers")
    torch = open_library("torch")
    quieten(diffusers)
    require_model_as_written(form)
    class_name = require_known_classes(form)
    if num_threads := int(form.number("num_threads", 0, 0, 1024)):
        torch.set_num_threads(num_threads)
    dtype = getattr(torch, dtype_of(form))
    try:
        if form.path.is_file():
            parts = parts_of(read_index(form.path, form.text("config")))
            pipeline = open_single_file(form, class_name, parts, dtype)
        else:
            pipeline = diffusers.DiffusionPipeline.from_pretrained(
                form.path, dtype=dtype, use_safetensors=True, local_files_only=True
            )
    except (OSError, ValueError, KeyError, AttributeError, TypeError, RuntimeError) as error:
        raise WeightsRefused(
            f"The model at {form.location!r} cannot be loaded as {class_name}: {_first_line(error)}"
        ) from error
    pipeline.set_progress_bar_config(disable=True)
    place(pipeline, form)
    return pipeline


def require_known_classes(form: ModelForm) -> str:
    """The pipeline's class, after every part was seen to be of a library and not of the model.

    Raises:
        WeightsRefused: names the class that is unknown.
    """
    diffusers = open_library("diffusers")
    index = read_index(form.path, form.text("config"))
    class_name = index["_class_name"]
    if not hasattr(diffusers, class_name):
        raise WeightsRefused(
            f"The model is a {class_name!r}, a class that diffusers {diffusers.__version__} does "
            "not have.",
            hint="A newer diffusers may have it.",
        )
    for part, library, name in parts_of(index):
        if library not in ("diffusers", "transformers") and not hasattr(
            diffusers.pipelines, library
        ):
            raise WeightsRefused(
                f"The part {part!r} of the model is a {name!r} of {library!r}; allowed are "
                "classes of diffusers and transformers."
            )
    return class_name


def parts_of(index: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Name, library and class of every part an index names."""
    found: list[tuple[str, str, str]] = []
    for part, said in index.items():
        if not part.startswith("_") and isinstance(said, list):
            library, name = (*cast("list[object]", said), None, None)[:2]
            if library is not None:
                found.append((part, str(library), str(name)))
    return found


def place(pipeline: Pipeline, form: ModelForm) -> None:
    """Put a pipeline where the form says, and have it save memory as the form says.

    Raises:
        GeneratorUnavailable: that device is not here, or parts are to wait for one that is not.
    """
    device = device_of(form)
    offload = form.option("offload", OFFLOADS)
    if offload in ("model", "sequential") and device == "cpu":
        raise GeneratorUnavailable(
            f"The option 'offload' is {offload!r}, which moves parts to a graphics card while they "
            "are used; none is found here.",
            hint="Leave the option out, or set it to 'group'.",
        )
    match offload:
        case "model":
            pipeline.enable_model_cpu_offload(device=device)
        case "sequential":
            pipeline.enable_sequential_cpu_offload(device=device)
        case "group":
            torch = open_library("torch")
            pipeline.enable_group_offload(
                onload_device=torch.device(device), offload_type="leaf_level"
            )
        case _:
            pipeline.to(device)
    slicing = form.option("slicing", SLICINGS)
    if slicing in ("attention", "all"):
        pipeline.enable_attention_slicing()
    if slicing in ("vae", "all"):
        pipeline.vae.enable_slicing()
        pipeline.vae.enable_tiling()


def device_of(form: ModelForm) -> str:
    """The device a form asks for; ``auto`` takes the fastest there is.

    Raises:
        GeneratorUnavailable: torch does not find it here.
    """
    asked = form.option("device", DEVICES)
    torch = open_library("torch")
    found = [
        name
        for name, library in (
            ("cuda", torch.cuda),
            ("mps", torch.backends.mps),
            ("xpu", getattr(torch, "xpu", None)),
        )
        if library is not None and library.is_available()
    ]
    if asked == "auto":
        return next(iter(found), "cpu")
    if asked != "cpu" and asked not in found:
        raise GeneratorUnavailable(
            f"The option 'device' is {asked!r}, and torch {torch.__version__} finds none here; it "
            f"finds {', '.join((*found, 'cpu'))}.",
            hint="Set it to one of these or to 'auto', or install a torch that is built for it.",
        )
    return asked


def dtype_of(form: ModelForm) -> str:
    """The number format a form asks for; ``auto`` is exact on a processor, small elsewhere."""
    asked = form.option("dtype", DTYPES)
    if asked != "auto":
        return asked
    return "float32" if device_of(form) == "cpu" else "bfloat16"


def open_tokenizer(form: ModelForm) -> Any:  # noqa: ANN401 - a class without types
    """The tokenizer that reads a prompt whole: the one of a long-reading encoder, if there is one.

    Raises:
        WeightsRefused: there is none.
    """
    transformers = open_library("transformers")
    folder = Path(form.text("config") or form.location)
    index = read_index(form.path, form.text("config"))
    parts = sorted(
        (part, name) for part, _, name in parts_of(index) if part.startswith("tokenizer")
    )
    if not parts:
        raise WeightsRefused(f"The model {form.name!r} has no tokenizer.")
    part, name = next((one for one in reversed(parts) if "CLIP" not in one[1]), parts[0])
    try:
        return getattr(transformers, name).from_pretrained(folder / part, local_files_only=True)
    except (OSError, ValueError, AttributeError, KeyError, TypeError) as error:
        raise WeightsRefused(
            f"The tokenizer of the model {form.name!r} cannot be read: {_first_line(error)}"
        ) from error


def quieten(diffusers: Any) -> None:  # noqa: ANN401 - a module without types
    """Have the libraries print no progress."""
    diffusers.utils.logging.disable_progress_bar()
    open_library("transformers").utils.logging.disable_progress_bar()


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return (lines[0] if lines else type(error).__name__)[:300]
