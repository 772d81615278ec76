import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from hub_service import hub_service

from limner.core.errors import BadInput, GeneratorUnavailable
from limner.generators.diffusers.fetching import fetch_pipeline, hub_name_of

FILES = {
    "model_index.json": b'{"_class_name": "StableDiffusionPipeline"}',
    "unet/diffusion_pytorch_model.safetensors": b"\x02\0\0\0\0\0\0\0{}",
    "unet/diffusion_pytorch_model.bin": b"\x80\x02pickle",
    "unet/code.py": b"import os",
}
PYTHON = os.environ.get("LIMNER_DIFFUSERS_PYTHON")


@pytest.fixture
def python():
    if PYTHON is None and find_spec("huggingface_hub") is None:
        pytest.skip("huggingface_hub is not installed here, nor LIMNER_DIFFUSERS_PYTHON set")
    return Path(PYTHON or sys.executable)


@pytest.fixture
def hub(monkeypatch, tmp_path):
    with hub_service("ann/tiny", FILES) as address:
        monkeypatch.setenv("HF_ENDPOINT", address)
        monkeypatch.setenv("HF_HOME", str(tmp_path / "cache"))
        yield address


def test_settings_and_safetensors_are_fetched_and_nothing_else(python, hub, tmp_path):
    folder = tmp_path / "model"
    fetch_pipeline("ann/tiny", folder, python)
    found = {
        str(path.relative_to(folder))
        for path in folder.rglob("*")
        if path.is_file() and ".cache" not in path.parts
    }
    assert found == {"model_index.json", "unet/diffusion_pytorch_model.safetensors"}


def test_a_model_the_hub_does_not_have_is_refused_in_one_sentence(python, hub, tmp_path):
    with pytest.raises(BadInput, match="The model 'ann/other' could not be fetched") as caught:
        fetch_pipeline("ann/other", tmp_path / "model", python)
    assert "\n" not in caught.value.message


def test_without_the_library_it_says_what_to_install(tmp_path, monkeypatch):
    def ended(*_, **__):
        return subprocess.CompletedProcess([], 3, "", "")

    monkeypatch.setattr(subprocess, "run", ended)
    with pytest.raises(GeneratorUnavailable) as caught:
        fetch_pipeline("ann/tiny", tmp_path, Path("/env/python"))
    assert caught.value.hint == "/env/python -m pip install 'limner[diffusers]'"


@pytest.mark.parametrize(
    ("location", "name"),
    [("hub:ann/tiny", "ann/tiny"), ("ann/tiny", ""), ("/models/tiny", ""), ("hub.gguf", "")],
)
def test_a_name_of_the_hub_says_that_it_is_one(location, name):
    assert hub_name_of(location) == name


@pytest.mark.parametrize("location", ["hub:tiny", "hub:a/b/c", "hub:../x", "hub:a/b?x"])
def test_what_is_no_name_of_the_hub_is_refused(location):
    with pytest.raises(BadInput, match="allowed is hub:OWNER/NAME"):
        hub_name_of(location)
