"""Loading a model into stable-diffusion.cpp: only safetensors and GGUF, only as the form says."""

from __future__ import annotations

import ctypes
from importlib import import_module
from typing import Any

from limner.core.errors import GeneratorUnavailable, WeightsRefused
from limner.core.forms import ModelForm
from limner.generators.sdcpp.describing import PARTS, require_format
from limner.generators.weight_files import list_files, require_as_written

LIBRARY = "stable-diffusion-cpp-python"


def open_library() -> Any:  # noqa: ANN401 - a module without types
    """The engine's library.

    Raises:
        GeneratorUnavailable: it is not installed here; says how to install it.
    """
    try:
        return import_module("stable_diffusion_cpp")
    except ImportError as error:
        raise GeneratorUnavailable(
            f"The engine 'sdcpp' needs {LIBRARY}, which cannot be imported here.",
            hint="Install it with: pip install 'limner[sdcpp]'",
        ) from error


def load_model(form: ModelForm, num_threads: int) -> Any:  # noqa: ANN401 - a class without types
    """The model of a form, in memory.

    Raises:
        WeightsRefused: a file is not what the form says, or the library does not take it.
        GeneratorUnavailable: the library is missing.
    """
    library = open_library()
    require_as_written(form.path, form.files)
    for path in list_files(form.path).values():
        require_format(path)
    parts = {
        f"{name}_path": str(form.path / form.text(name)) for name in PARTS if name in form.options
    }
    loaded = library.StableDiffusion(
        **(parts or {"model_path": str(form.path)}), n_threads=num_threads, verbose=False
    )
    if not loaded.model:  # the binding takes a pointer to nothing for a model
        raise WeightsRefused(
            f"stable-diffusion.cpp cannot load the model at {form.location!r}.",
            hint="A part may be missing, or of an architecture it does not know.",
        )
    return loaded


def device_of(library: Any) -> str:  # noqa: ANN401 - a module without types
    """What the library calls the device that it was built for and takes first."""
    native = library.stable_diffusion_cpp._lib
    native.ggml_backend_dev_get.restype = ctypes.c_void_p
    native.ggml_backend_dev_description.argtypes = [ctypes.c_void_p]
    native.ggml_backend_dev_description.restype = ctypes.c_char_p
    return native.ggml_backend_dev_description(native.ggml_backend_dev_get(0)).decode().strip()
