"""What was asked of real services, and what became of it; the same while recording and replaying.

``python exchange_cases.py URL PID NAME...`` records cases from a service that runs at URL as the
process PID: a ComfyUI whose checkpoints are ``small.safetensors`` (a small Stable Diffusion 1) and
``tiny.safetensors`` (which it cannot load), or the server of stable-diffusion.cpp.
"""

import os
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from urllib.parse import urlsplit

import numpy as np
import pytest
from exchanges import recorded

from limner.core.errors import DrawingCancelled, EngineFailed, EngineLost, GeneratorUnavailable
from limner.core.models import Licence
from limner.core.ports import FloatSpan
from limner.core.records import Operation, Size
from limner.core.setting_values import Secrets
from limner.generators.conformance import Trial
from limner.generators.services.comfyui import ComfyUIGenerator
from limner.generators.services.comfyui_workflow import describe as describe_workflow
from limner.generators.services.openai import OpenAIGenerator
from limner.generators.services.openai_describing import describe as describe_service

LICENCE = Licence(expression="Apache-2.0", source="LICENSE", reviewer="Ann")
WORKFLOW = {
    "3": {
        "class_type": "KSampler",
        "inputs": {
            "seed": 5,
            "steps": 2,
            "cfg": 8.0,
            "sampler_name": "euler",
            "scheduler": "normal",
            "denoise": 1.0,
            "model": ["4", 0],
            "positive": ["6", 0],
            "negative": ["7", 0],
            "latent_image": ["5", 0],
        },
    },
    "4": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "small.safetensors"}},
    "5": {"class_type": "EmptyLatentImage", "inputs": {"width": 64, "height": 64, "batch_size": 1}},
    "6": {"class_type": "CLIPTextEncode", "inputs": {"text": "", "clip": ["4", 1]}},
    "7": {"class_type": "CLIPTextEncode", "inputs": {"text": "", "clip": ["4", 1]}},
    "8": {"class_type": "VAEDecode", "inputs": {"samples": ["3", 0], "vae": ["4", 2]}},
    "9": {"class_type": "SaveImage", "inputs": {"filename_prefix": "x", "images": ["8", 0]}},
}
FROM_PICTURE = {
    **WORKFLOW,
    "3": {
        "class_type": "KSampler",
        "inputs": {**WORKFLOW["3"]["inputs"], "latent_image": ["11", 0]},
    },
    "10": {"class_type": "LoadImage", "inputs": {"image": "example.png"}},
    "11": {"class_type": "VAEEncode", "inputs": {"pixels": ["10", 0], "vae": ["4", 2]}},
}
MIDDLE_GREY = np.full((64, 64, 4), (128, 128, 128, 255), np.uint8)

InTheMiddle = Callable[[], None]
"""Done to the service while it draws; only while recording."""


def comfyui(url: str, graph: dict[str, dict] = WORKFLOW) -> Trial:
    form = describe_workflow("far", url, graph, LICENCE)
    form = replace(form, canvases=(Size(64, 64),), guidance=FloatSpan(0, 30, 8))
    form = replace(form, max_prompt_tokens=100)
    return Trial(generator=ComfyUIGenerator(form, Secrets({})), num_steps=2)


def comfyui_draws(url: str, _: InTheMiddle) -> None:
    trial, told = comfyui(url), []
    (drawn,) = trial.draw(7, on_step=told.append)
    assert [(one.step, one.num_steps) for one in told] == [(1, 2), (2, 2)]
    assert told[-1].read_preview().shape == (1, 64, 64, 4)
    assert drawn.execution.versions == {"comfyui": "0.3.64", "torch": "2.13.0+cpu"}
    assert drawn.image_HWC.shape == (64, 64, 4)
    assert drawn.image_HWC.std() > 20


def comfyui_has_drawn_it_before(url: str, _: InTheMiddle) -> None:
    """It runs no node again, tells no step, and names the file it has."""
    trial, told = comfyui(url), []
    first, again = trial.draw(8), trial.draw(8, on_step=told.append)
    assert np.array_equal(first[0].image_HWC, again[0].image_HWC)
    assert [(one.step, one.num_steps) for one in told] == [(2, 2)]


def comfyui_starts_from_a_picture(url: str, _: InTheMiddle) -> None:
    trial = comfyui(url, FROM_PICTURE)
    sketch = trial.sketch(operation=Operation.IMAGE, source_HWC=MIDDLE_GREY, strength=0.5)
    (drawn,) = trial.draw(7, sketch=sketch)
    assert drawn.image_HWC.shape == (64, 64, 4)


def comfyui_refuses_a_value(url: str, _: InTheMiddle) -> None:
    trial = comfyui(url)
    with pytest.raises(EngineFailed) as caught:
        trial.draw(7, sketch=trial.sketch(guidance=101.0))
    assert "does not take this (400)" in caught.value.message
    assert "node 3: Value 101.0 bigger than max of 100.0 (cfg)" in caught.value.message


def comfyui_lacks_a_node(url: str, _: InTheMiddle) -> None:
    special = {"class_type": "SpecialNode", "inputs": {"image": ["8", 0]}}
    trial = comfyui(url, {**WORKFLOW, "12": special})
    with pytest.raises(EngineFailed, match=r"400\): .*SpecialNode does not exist"):
        trial.draw(7)


def comfyui_cannot_load_the_checkpoint(url: str, _: InTheMiddle) -> None:
    other = {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "tiny.safetensors"}}
    with pytest.raises(EngineFailed, match=r"failed in node 4 \(CheckpointLoaderSimple\): Error"):
        comfyui(url, {**WORKFLOW, "4": other}).draw(7)


def comfyui_is_interrupted(url: str, _: InTheMiddle) -> None:
    trial, told = comfyui(url), []
    sketch = trial.sketch(steps=20)
    with pytest.raises(DrawingCancelled):
        trial.draw(9, sketch=sketch, on_step=told.append, is_cancelled=lambda: bool(told))
    assert len(told) == 1


def comfyui_is_ended_in_mid_job(url: str, in_the_middle: InTheMiddle) -> None:
    trial = comfyui(url)
    with pytest.raises(EngineLost, match="went away in the middle of a drawing") as caught:
        trial.draw(10, sketch=trial.sketch(steps=20), on_step=lambda _: in_the_middle())
    assert caught.value.retryable


def service(url: str, **options: object) -> Trial:
    form = describe_service("far", f"{url}/v1", LICENCE, canvases=[Size(64, 64)], options=options)
    return Trial(generator=OpenAIGenerator(form, Secrets({})))


def sd_server_draws(url: str, _: InTheMiddle) -> None:
    trial = service(url)
    assert trial.generator.look() == ("sd-cpp-local",)
    (drawn,) = trial.draw(7)
    assert drawn.image_HWC.shape == (64, 64, 4)
    assert drawn.image_HWC.std() > 5


def sd_server_edits(url: str, _: InTheMiddle) -> None:
    trial = service(url)
    mask_HW = np.zeros((64, 64), np.uint8)
    mask_HW[:, 32:] = 255
    for sketch in (
        trial.sketch(operation=Operation.IMAGE, source_HWC=MIDDLE_GREY),
        trial.sketch(operation=Operation.MASK, source_HWC=MIDDLE_GREY, mask_HW=mask_HW),
    ):
        (drawn,) = trial.draw(7, sketch=sketch)
        assert drawn.image_HWC.shape == (64, 64, 4)


def sd_server_is_somewhere_else(url: str, _: InTheMiddle) -> None:
    """An address that lacks ``/v1``: the answer is 404 without a word."""
    form = describe_service("far", url, LICENCE, canvases=[Size(64, 64)])
    trial = Trial(generator=OpenAIGenerator(form, Secrets({})))
    with pytest.raises((EngineFailed, GeneratorUnavailable), match="answered 404 with"):
        trial.draw(7)


def sd_server_is_ended_in_mid_job(url: str, in_the_middle: InTheMiddle) -> None:
    trial = service(url)
    with pytest.raises(EngineLost, match="hung up in the middle of an answer") as caught:
        trial.draw(8, is_cancelled=lambda: bool(in_the_middle()))
    assert caught.value.retryable


CASES: dict[str, Callable[[str, InTheMiddle], None]] = {
    name.replace("_", "-"): case
    for name, case in list(globals().items())
    if name.startswith(("comfyui_", "sd_server_"))
}


def record(url: str, pid: int, names: list[str]) -> None:
    """Record some cases, in this order."""
    parts = urlsplit(url)

    def end() -> None:
        time.sleep(1)
        with suppress(ProcessLookupError):
            os.kill(pid, 9)

    for name in names:
        with recorded(name, parts.hostname or "", parts.port or 80) as near:
            CASES[name](near, end)


if __name__ == "__main__":
    record(sys.argv[1], int(sys.argv[2]), sys.argv[3:])
