"""Records as frames and back: sketches, plans, drawn pictures, progress, errors."""

from __future__ import annotations

import os
import traceback
from dataclasses import asdict
from typing import Any

from limner.core import errors
from limner.core.drawing import Drawn, Execution, FittedAdapter, Plan, Sketch, StepProgress
from limner.core.errors import LimnerError
from limner.core.records import Operation, Size
from limner.generators.process.frames import Frame

OUT_OF_MEMORY = "engine_out_of_memory"

_SKETCH_WORDS = (
    "prompt",
    "negative",
    "style",
    "steps",
    "guidance",
    "sampler",
    "is_transparent",
    "strength",
    "is_deterministic",
)
_ERRORS: dict[str, type[LimnerError]] = {
    one.__name__: one
    for one in (
        errors.BadInput,
        errors.DrawingCancelled,
        errors.EngineFailed,
        errors.EngineLost,
        errors.GeneratorUnavailable,
        errors.ModelFormInvalid,
        errors.PromptTooLong,
        errors.WeightsRefused,
    )
}
"""Those an engine may end with; any other is told as the family's own."""


def sketch_frame(kind: str, sketch: Sketch, **values: object) -> Frame:
    """A sketch, and further values beside it."""
    arrays = {
        f"adapter {number}": one.image_HWC
        for number, one in enumerate(sketch.adapters)
        if one.image_HWC is not None
    }
    if sketch.source_HWC is not None:
        arrays["source"] = sketch.source_HWC
    if sketch.mask_HW is not None:
        arrays["mask"] = sketch.mask_HW
    said: dict[str, Any] = {name: getattr(sketch, name) for name in _SKETCH_WORDS}
    said["operation"] = str(sketch.operation)
    said["canvas"] = list(sketch.canvas)
    said["adapters"] = [[one.name, one.weight, one.sha256] for one in sketch.adapters]
    return Frame(kind=kind, values={"sketch": said, **values}, arrays=arrays)


def sketch_of(frame: Frame) -> Sketch:
    """The sketch of a frame."""
    said = dict(frame.values["sketch"])
    adapters = tuple(
        FittedAdapter(
            name=name,
            weight=weight,
            sha256=sha256,
            image_HWC=frame.arrays.get(f"adapter {number}"),
        )
        for number, (name, weight, sha256) in enumerate(said.pop("adapters"))
    )
    said["operation"] = Operation(said["operation"])
    said["canvas"] = Size(*said["canvas"])
    return Sketch(
        **said,
        source_HWC=frame.arrays.get("source"),
        mask_HW=frame.arrays.get("mask"),
        adapters=adapters,
    )


def plan_frame(plan: Plan) -> Frame:
    """The numbers of a plan; its sketch is known to whoever asked."""
    numbers = {"prompt": plan.num_prompt_tokens, "negative": plan.num_negative_tokens}
    return Frame(kind="plan", values=numbers)


def plan_of(frame: Frame, sketch: Sketch) -> Plan:
    """The plan whose numbers a frame says."""
    return Plan(
        sketch=sketch,
        num_prompt_tokens=frame.values["prompt"],
        num_negative_tokens=frame.values["negative"],
    )


def drawn_frame(drawn: Drawn) -> Frame:
    """A finished picture."""
    values = {
        "seed": drawn.seed,
        "is_finite": drawn.is_finite,
        "seconds": drawn.seconds,
        "execution": {**asdict(drawn.execution), "versions": dict(drawn.execution.versions)},
        "notices": list(drawn.notices),
    }
    return Frame(kind="drawn", values=values, arrays={"image": drawn.image_HWC})


def drawn_of(frame: Frame) -> Drawn:
    """The finished picture of a frame."""
    said = frame.values
    return Drawn(
        image_HWC=frame.arrays["image"],
        seed=said["seed"],
        is_finite=said["is_finite"],
        execution=Execution(**said["execution"]),
        seconds=said["seconds"],
        notices=tuple(said["notices"]),
    )


def step_frame(progress: StepProgress) -> Frame:
    """Where drawing stands; the preview is asked for apart."""
    values = {
        "step": progress.step,
        "num_steps": progress.num_steps,
        "num_images_done": progress.num_images_done,
        "batch_size": progress.batch_size,
        "num_images": progress.num_images,
        "has_preview": progress.read_preview is not None,
    }
    return Frame(kind="step", values=values)


def error_frame(error: LimnerError) -> Frame:
    """One of our errors."""
    values = {
        "type": type(error).__name__,
        "message": error.message,
        "code": error.code,
        "hint": error.hint,
        "retryable": error.retryable,
    }
    return Frame(kind="error", values=values)


def error_of(frame: Frame) -> LimnerError:
    """The error that a frame says."""
    said = frame.values
    kind = _ERRORS.get(said["type"], LimnerError)
    return kind(said["message"], code=said["code"], hint=said["hint"], retryable=said["retryable"])


def error_of_any(error: Exception) -> LimnerError:
    """Any error as one of ours.

    One that nobody foresaw is told by its kind and place only: its words may hold a prompt.
    """
    if isinstance(error, LimnerError):
        return error
    if (
        isinstance(error, MemoryError)
        or "OutOfMemory" in type(error).__name__
        or (isinstance(error, RuntimeError) and "allocate memory" in str(error))
    ):
        return errors.EngineFailed(
            "The engine ran out of memory.",
            code=OUT_OF_MEMORY,
            hint="Ask for a smaller canvas, set the option 'offload', or raise engine_memory_mb.",
        )
    place = traceback.extract_tb(error.__traceback__)[-1]
    return errors.EngineFailed(
        f"The engine failed by a fault nobody foresaw: {type(error).__name__} in "
        f"{os.path.basename(place.filename)}, line {place.lineno}."
    )
