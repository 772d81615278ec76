"""The engine stable-diffusion.cpp behind the `Generator` port: GGUF, safetensors, small machines.

The library has no way to stop a drawing, so a cancelled one ends its whole process before the next
step; the process is this engine's own (see generators/process), and the next drawing starts
another. It draws one picture a call, so that none depends on the others. It says no picture's
numbers before they are bytes: one that was not finite comes out flat, and flat pictures are errors
further on.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from importlib.metadata import version
from typing import Any

import numpy as np
from PIL import Image

from limner.core.drawing import Drawn, Execution, Plan, Sketch
from limner.core.errors import BadInput, DrawingCancelled, EngineFailed
from limner.core.forms import ModelForm
from limner.core.ports import GeneratorCard
from limner.generators.sdcpp.describing import OPTIONS, SAMPLERS
from limner.generators.sdcpp.loading import LIBRARY, device_of, load_model, open_library
from limner.generators.sdcpp.looking_on import Look, Watcher
from limner.generators.sdcpp.pictures import on_white, pixels_of
from limner.generators.services.promises import accepted

GUIDANCE_ARGUMENTS = ("cfg_scale", "guidance")


def open_generator(form: ModelForm) -> SdcppGenerator:
    """The generator of a form; what an engine's process is started with."""
    return SdcppGenerator(form)


class SdcppGenerator:
    """Draws with stable-diffusion.cpp. Making one loads nothing.

    Args:
        form: of the model.

    Raises:
        ModelFormInvalid: an option is unknown or not allowed.
        BadInput: it lists adapters, which this engine does not put on.
    """

    def __init__(self, form: ModelForm) -> None:
        form.require_options(OPTIONS)
        if form.adapters:
            raise BadInput(f"The model {form.name!r} lists adapters; its engine puts none on.")
        self._form, self._card = form, form.card
        self._guidance = form.option("guidance_argument", GUIDANCE_ARGUMENTS)
        self._num_threads = int(form.number("num_threads", 0, 0, 1024)) or os.cpu_count() or 1

    @property
    def card(self) -> GeneratorCard:
        """What the form says."""
        return self._card

    def prepare(self, sketch: Sketch) -> Plan:
        """Accept a sketch or refuse it for its length, or for words that would not be read."""
        for text in (sketch.prompt, sketch.negative):
            if "<lora:" in text:
                raise BadInput(
                    "The prompt has '<lora:', by which this engine's library opens files; allowed "
                    "are words.",
                    hint="Leave it out; LoRAs go with the engine 'diffusers'.",
                )
        return accepted(sketch, self._card)

    def generate(
        self,
        plan: Plan,
        seeds: Sequence[int],
        *,
        on_step: Watcher | None = None,
        is_cancelled: Callable[[], bool] | None = None,
    ) -> Iterator[Drawn]:
        """Draw one picture for every seed; see the port. Cancelled, it ends this process.

        Raises:
            WeightsRefused: a file is not what the form says, or the library does not take it.
            EngineFailed: the library draws nothing, or not what was asked.
        """
        is_cancelled = is_cancelled or (lambda: False)
        given = _arguments(plan.sketch, self._guidance)
        for number, seed in enumerate(seeds):
            if is_cancelled():
                raise DrawingCancelled()
            started, look = time.perf_counter(), Look(on_step, is_cancelled, number, len(seeds))
            rgb_HWC = pixels_of(self._drawn({**given, "seed": seed}, look), plan.sketch)
            yield Drawn(
                image_HWC=np.dstack([rgb_HWC, np.full(rgb_HWC.shape[:2], 255, np.uint8)]),
                seed=seed,
                is_finite=True,
                seconds=time.perf_counter() - started,
                execution=self._execution(plan, look.num_steps_run),
            )

    def _drawn(self, given: dict[str, Any], look: Look) -> Sequence[Image.Image]:
        try:
            return self._model.generate_image(**given, progress_callback=look)
        except (ValueError, TypeError) as error:  # what its binding says of no picture at all
            raise EngineFailed(
                "stable-diffusion.cpp drew nothing.",
                hint="The model may lack a part, or there is too little memory for this canvas.",
            ) from error

    def _execution(self, plan: Plan, num_steps: int) -> Execution:
        is_guided = self._guidance == "cfg_scale" and plan.sketch.guidance != 1
        return Execution(
            steps=num_steps,
            num_forwards=num_steps * (1 + is_guided),
            num_prompt_tokens=plan.num_prompt_tokens,
            batch_size=1,
            engine=self._card.engine,
            device=device_of(open_library()),
            precision="as stored",
            num_threads=self._num_threads,
            versions={LIBRARY: version(LIBRARY)},
        )

    @cached_property
    def _model(self) -> Any:  # noqa: ANN401 - a class without types
        return load_model(self._form, self._num_threads)


def _arguments(sketch: Sketch, guidance: str) -> dict[str, Any]:
    given: dict[str, Any] = {
        "prompt": sketch.prompt,
        "negative_prompt": sketch.negative,
        "width": sketch.canvas.width_px,
        "height": sketch.canvas.height_px,
        "sample_steps": sketch.steps,
        "sample_method": SAMPLERS[sketch.sampler],
        "eta": float("inf"),  # each sampler's own
        "cfg_scale": 1.0,
        guidance: sketch.guidance,
    }
    if sketch.source_HWC is not None:
        given |= {"init_image": on_white(sketch.source_HWC, sketch), "strength": sketch.strength}
    if sketch.mask_HW is not None:
        given["mask_image"] = Image.fromarray(sketch.mask_HW)
    return given
