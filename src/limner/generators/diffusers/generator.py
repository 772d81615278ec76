"""The diffusers engine behind the `Generator` port: any pipeline it can load, one step at a time.

Its numbers are the pipeline's own: it looks on at every scheduler step, to tell it and to stop
there, and changes nothing. It runs in a process of its own; see generators/process.
"""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable, Hashable, Iterator, Sequence
from functools import cached_property
from importlib.metadata import version
from threading import Lock
from typing import Any

import numpy as np

from limner.core.drawing import Drawn, Execution, Plan, Sketch, StepProgress
from limner.core.errors import DrawingCancelled, EngineFailed, PromptTooLong
from limner.core.forms import ModelForm
from limner.core.ports import GeneratorCard
from limner.core.records import Operation
from limner.generators.diffusers.adapters import Adapters, require_words
from limner.generators.diffusers.calling import (
    adapter_arguments,
    drawn_by,
    operation_of,
    plain_words,
    require_canvas,
    row_arguments,
    shared_arguments,
)
from limner.generators.diffusers.describing import read_family
from limner.generators.diffusers.families import Family
from limner.generators.diffusers.honouring import require_drawable
from limner.generators.diffusers.loading import (
    OPTIONS,
    Pipeline,
    device_of,
    dtype_of,
    load_pipeline,
    open_library,
    open_tokenizer,
)
from limner.generators.diffusers.looking_on import Look
from limner.generators.diffusers.pictures import rgba_of
from limner.generators.diffusers.schedulers import open_scheduler
from limner.generators.diffusers.weighting import WEIGHTINGS, weighted_words
from limner.generators.together import PassStep, Row, draw_in_passes

# Shapes: B pictures, H height, W width, C channels.

LIBRARIES = ("torch", "diffusers", "transformers", "safetensors")
TRUE_GUIDANCE = "true_cfg_scale"
GUIDANCE_ARGUMENTS = ("guidance_scale", TRUE_GUIDANCE)
NO_WORDS = " "  # without a negative prompt, pipelines with true guidance do not guide at all
TASKS = {
    Operation.TEXT: "AutoPipelineForText2Image",
    Operation.IMAGE: "AutoPipelineForImage2Image",
    Operation.MASK: "AutoPipelineForInpainting",
}


def open_generator(form: ModelForm) -> DiffusersGenerator:
    """The generator of a form; what an engine's process is started with."""
    return DiffusersGenerator(form)


class DiffusersGenerator:
    """Draws with a pipeline of diffusers. Making one loads nothing.

    Args:
        form: of the model.

    Raises:
        ModelFormInvalid: an option is unknown or not allowed.
    """

    def __init__(self, form: ModelForm) -> None:
        form.require_options(OPTIONS)
        self._form = form
        self._card = form.card
        self._batch_size = int(form.number("batch_size", 1, 1, 64))
        self._is_weighting = form.option("weighting", WEIGHTINGS) == "compel"
        self._guidance = form.option("guidance_argument", GUIDANCE_ARGUMENTS)
        self._drawing = Lock()  # a pipeline draws one pass at a time

    @property
    def card(self) -> GeneratorCard:
        """What the form says."""
        return self._card

    def prepare(self, sketch: Sketch) -> Plan:
        """Accept a sketch or refuse it for what the model cannot honour; see the port."""
        require_drawable(sketch, self._card, self._family)
        require_words(self._form, sketch.adapters, (sketch.prompt, sketch.negative))
        return Plan(
            sketch=sketch,
            num_prompt_tokens=self._accepted("prompt", sketch.prompt),
            num_negative_tokens=self._accepted("negative prompt", sketch.negative),
        )

    def generate(
        self,
        plan: Plan,
        seeds: Sequence[int],
        *,
        on_step: Callable[[StepProgress], None] | None = None,
        is_cancelled: Callable[[], bool] | None = None,
    ) -> Iterator[Drawn]:
        """Draw one picture for every seed; see the port and `draw_together`."""
        return draw_in_passes(self, plan, seeds, on_step=on_step, is_cancelled=is_cancelled)

    @property
    def batch_size(self) -> int:
        """Most pictures in a pass, as the form says."""
        return self._batch_size

    def kind_of(self, plan: Plan) -> Hashable | None:
        """What plans must agree in to share a pass: everything but words, pictures and seeds.

        Pictures of adapters, and pictures that are edited, go to the whole pass, so those that have
        one share it with nobody.
        """
        sketch = plan.sketch
        has_pictures = any(one.image_HWC is not None for one in sketch.adapters)
        if sketch.is_deterministic or has_pictures or self._family.edits:
            return None
        return (
            sketch.operation,
            sketch.canvas,
            sketch.steps,
            sketch.strength,
            sketch.guidance,
            sketch.sampler,
            bool(sketch.negative),
            *((one.name, one.weight) for one in sketch.adapters),
        )

    def draw_together(
        self,
        rows: Sequence[Row],
        *,
        on_step: Callable[[PassStep], None] | None = None,
        is_cancelled: Callable[[], bool] | None = None,
    ) -> list[Drawn]:
        """One picture for every row, in one call of the pipeline; see `Together`.

        Raises:
            DrawingCancelled: `is_cancelled` said yes.
            WeightsRefused: a file of the model or an adapter is not what the form says.
            EngineFailed: the pipeline does not take what it is given.
        """
        is_cancelled = is_cancelled or (lambda: False)
        if is_cancelled():
            raise DrawingCancelled()
        with self._drawing:
            pipeline, given = self._made_ready(rows)
            started = time.perf_counter()
            look = Look(pipeline, rows[0].plan.sketch, on_step, is_cancelled)
            with look.on():
                images_BHWC = drawn_by(pipeline, given)
            require_canvas(images_BHWC, rows[0].plan.sketch, self._card)
        seconds = (time.perf_counter() - started) / len(rows)
        return [
            Drawn(
                image_HWC=rgba_of(image_HWC),
                seed=row.seed,
                is_finite=bool(np.isfinite(image_HWC).all()),
                execution=self._execution(row.plan, look, len(rows)),
                seconds=seconds,
            )
            for row, image_HWC in zip(rows, images_BHWC, strict=True)
        ]

    def _accepted(self, name: str, text: str) -> int:
        """The number of tokens of a text."""
        tokens = self._tokenizer(text, add_special_tokens=False, verbose=False).input_ids
        num_kept = self._card.max_prompt_tokens
        if len(tokens) > num_kept:
            kept = self._tokenizer.decode(tokens[:num_kept])
            raise PromptTooLong(
                f"The {name} has {len(tokens)} tokens; only the first {num_kept} can be kept.",
                hint=f"Shorten it; the kept part ends at {kept[-40:]!r}.",
            )
        return len(tokens)

    def _made_ready(self, rows: Sequence[Row]) -> tuple[Pipeline, dict[str, Any]]:
        """The pipeline for rows of one kind, and what it is called with."""
        sketch, own_scheduler = rows[0].plan.sketch, self._scheduler
        self._adapters.put_on(sketch.adapters)
        controls = self._adapters.controlnets(sketch.adapters)
        pipeline = self._pipeline_for(sketch, [network for _, network in controls])
        seeds = [row.seed for row in rows]
        pipeline.scheduler = open_scheduler(sketch.sampler, own_scheduler, seeds)
        known = frozenset(inspect.signature(pipeline.__call__).parameters)
        return pipeline, {
            **shared_arguments(sketch, known),
            self._guidance: sketch.guidance,
            **row_arguments(rows, self._words),
            **adapter_arguments(
                sketch,
                known,
                self._adapters.pictures(sketch.adapters),
                [adapter for adapter, _ in controls],
            ),
        }

    def _words(self, prompts: Sequence[str], negatives: Sequence[str]) -> dict[str, Any]:
        if self._is_weighting:
            return weighted_words(self._pipeline, prompts, negatives)
        if self._guidance == TRUE_GUIDANCE:
            return plain_words(prompts, [one or NO_WORDS for one in negatives])
        return plain_words(prompts, negatives)

    def _pipeline_for(self, sketch: Sketch, networks: Sequence[Any]) -> Pipeline:
        """The pipeline that starts from what a sketch starts from; the parts are shared.

        Raises:
            EngineFailed: the library has none for this model.
        """
        if not networks and operation_of(self._pipeline) is sketch.operation:
            return self._pipeline  # also of a class that has no siblings
        task = getattr(open_library("diffusers"), TASKS[sketch.operation])
        further = (
            {"controlnet": networks[0] if len(networks) == 1 else networks} if networks else {}
        )
        try:
            pipeline = task.from_pipe(self._pipeline, **further)
        except ValueError as error:
            raise EngineFailed(
                f"The model {self._card.name!r} cannot start from {sketch.operation.value!r}"
                f"{' with a ControlNet' if networks else ''}."
            ) from error
        pipeline.set_progress_bar_config(disable=True)
        return pipeline

    def _execution(self, plan: Plan, look: Look, batch_size: int) -> Execution:
        torch = open_library("torch")
        return Execution(
            steps=look.num_steps_run,
            num_forwards=look.num_forwards,
            num_prompt_tokens=plan.num_prompt_tokens,
            batch_size=batch_size,
            engine=self._card.engine,
            device=device_of(self._form),
            precision=dtype_of(self._form),
            num_threads=torch.get_num_threads(),
            versions={
                **{name: str(open_library(name).__version__) for name in LIBRARIES},
                **({"compel": version("compel")} if self._is_weighting else {}),
            },
        )

    @cached_property
    def _family(self) -> Family:
        return read_family(self._form.path, self._form.text("config"))

    @cached_property
    def _pipeline(self) -> Pipeline:
        return load_pipeline(self._form)

    @cached_property
    def _scheduler(self) -> Any:  # noqa: ANN401 - a class without types
        """The one the model came with, whatever the pipeline was given since."""
        return self._pipeline.scheduler

    @cached_property
    def _adapters(self) -> Adapters:
        return Adapters(self._pipeline, self._form)

    @cached_property
    def _tokenizer(self) -> Any:  # noqa: ANN401 - a class without types
        return open_tokenizer(self._form)
