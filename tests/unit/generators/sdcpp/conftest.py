"""A checkpoint with random weights, as safetensors and in 8 bits as GGUF, made once and removed."""

import os
import subprocess
import sys
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import pytest

from limner.core.models import Licence
from limner.core.ports import FloatSpan, IntSpan
from limner.core.records import Size
from limner.generators.process.generator import ProcessGenerator, Room
from limner.generators.process.outside import Housing
from limner.generators.sdcpp.describing import describe

LICENCE = Licence(expression="Apache-2.0", source="LICENSE", reviewer="Ann")
PYTHON = os.environ.get("LIMNER_SDCPP_PYTHON")
CONVERT = """
import sys
from stable_diffusion_cpp import StableDiffusion
taken, made = sys.argv[1:]
StableDiffusion(verbose=False).convert(input_path=taken, output_path=made, output_type="q8_0")
"""


@pytest.fixture(scope="session")
def python():
    """The interpreter of an environment with the library."""
    if PYTHON is None and find_spec("stable_diffusion_cpp") is None:
        pytest.skip("stable-diffusion.cpp is not installed here, nor is LIMNER_SDCPP_PYTHON set")
    return Path(PYTHON or sys.executable)


@pytest.fixture(scope="session")
def safetensors(python, tmp_path_factory):
    from random_checkpoint import write_checkpoint

    path = write_checkpoint(tmp_path_factory.mktemp("checkpoint") / "tiny.safetensors")
    yield path
    path.unlink()


@pytest.fixture(scope="session")
def gguf(python, safetensors):
    """What the library's own converter makes of it."""
    path = safetensors.with_suffix(".gguf")
    subprocess.run([python, "-c", CONVERT, str(safetensors), str(path)], check=True)
    yield path
    path.unlink()


@pytest.fixture(scope="session")
def room():
    room = Room()
    yield room
    room.close()


@pytest.fixture(scope="session")
def generator_of(python, room):
    """A generator by the files of a model, on a small canvas and in a process of its own."""

    def make(location, **changes):
        options = {"num_threads": 1, **changes.pop("options", {})}
        small = {"canvases": (Size(64, 64),), "side_px": IntSpan(16, 512, 64)}
        form = replace(
            describe("tiny", location, LICENCE, options=options),
            **{**small, "guidance": FloatSpan(0, 30, 3), **changes},
        )
        engine = "limner.generators.sdcpp.generator:open_generator"
        return ProcessGenerator(form, Housing(engine=engine, python=python), room)

    return make
