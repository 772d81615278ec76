"""What a pipeline is called with: what all rows of a call share, what is each row's own."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from limner.core.drawing import FittedAdapter, Sketch
from limner.core.errors import EngineFailed
from limner.core.ports import GeneratorCard
from limner.core.records import Operation
from limner.generators.diffusers.loading import Pipeline, open_library
from limner.generators.diffusers.pictures import rgb_of
from limner.generators.together import Row

# Shapes: B pictures, H height, W width, C channels.

Words = Callable[[Sequence[str], Sequence[str]], dict[str, Any]]
"""How prompts and negative prompts of rows are given; each once where all rows have the same."""


def shared_arguments(sketch: Sketch, known: frozenset[str]) -> dict[str, Any]:
    """What all rows share.

    Args:
        sketch: of any row.
        known: names of the pipeline's parameters.
    """
    optional = {
        "width": sketch.canvas.width_px,
        "height": sketch.canvas.height_px,
        "use_resolution_binning": False,
        "clean_caption": False,
        "_auto_resize": False,  # pictures that are edited keep the canvas's size
        "max_area": sketch.canvas.width_px * sketch.canvas.height_px,
        **({} if sketch.source_HWC is None else {"strength": sketch.strength}),
    }
    return {
        "num_inference_steps": sketch.steps,
        "output_type": "np",
        **{name: value for name, value in optional.items() if name in known},
    }


def row_arguments(rows: Sequence[Row], words: Words) -> dict[str, Any]:
    """What is each row's own: noise; with several requests words and pictures too."""
    torch = open_library("torch")
    sketches = [row.plan.sketch for row in rows]
    if all(one is sketches[0] for one in sketches):
        sketches = sketches[:1]
    given: dict[str, Any] = {
        **words([one.prompt for one in sketches], [one.negative for one in sketches]),
        "generator": [torch.Generator("cpu").manual_seed(row.seed) for row in rows],
        "num_images_per_prompt": len(rows) // len(sketches),
    }
    if sketches[0].source_HWC is not None:
        given["image"] = _one_or_all([rgb_of(one.source_HWC, one) for one in sketches])
    masks = [Image.fromarray(one.mask_HW) for one in sketches if one.mask_HW is not None]
    return {**given, **({"mask_image": _one_or_all(masks)} if masks else {})}


def plain_words(prompts: Sequence[str], negatives: Sequence[str]) -> dict[str, Any]:
    """Words as the pipeline reads them itself."""
    given = {"prompt": _one_or_all(prompts)}
    return {**given, **({"negative_prompt": _one_or_all(negatives)} if negatives[0] else {})}


def adapter_arguments(
    sketch: Sketch,
    known: frozenset[str],
    pictures: Sequence[FittedAdapter],
    controls: Sequence[FittedAdapter],
) -> dict[str, Any]:
    """Pictures that adapters go by.

    Args:
        sketch: of the row.
        known: names of the pipeline's parameters.
        pictures: the IP-Adapters.
        controls: the ControlNets, in the order of their networks.
    """
    given: dict[str, Any] = {}
    for one in pictures:
        given["ip_adapter_image"] = rgb_of(one.image_HWC, sketch)
    if controls:
        name = "control_image" if "control_image" in known else "image"
        given[name] = _one_or_all([rgb_of(one.image_HWC, sketch) for one in controls])
        given["controlnet_conditioning_scale"] = _one_or_all([one.weight for one in controls])
    return given


def operation_of(pipeline: Pipeline) -> Operation:
    """What a pipeline by itself draws from, by the pictures it takes."""
    known = inspect.signature(pipeline.__call__).parameters
    if "mask_image" in known:
        return Operation.MASK
    return Operation.IMAGE if "image" in known else Operation.TEXT


def require_canvas(images_BHWC: NDArray[Any], sketch: Sketch, card: GeneratorCard) -> None:
    """Refuse pictures of another size than was asked for.

    Raises:
        EngineFailed: says both sizes.
    """
    height_px, width_px = images_BHWC.shape[1:3]
    if (width_px, height_px) != sketch.canvas:
        raise EngineFailed(
            f"The model {card.name!r} drew {width_px}x{height_px} where {sketch.canvas} was asked "
            "for.",
            hint="Correct the canvases of its form.",
        )


def drawn_by(pipeline: Pipeline, given: dict[str, Any]) -> NDArray[np.floating[Any]]:
    """What the pipeline draws, float BHWC, 0-1.

    Raises:
        EngineFailed: it does not take what it is given.
    """
    try:
        return pipeline(**given).images
    except (ValueError, TypeError, NotImplementedError) as error:
        told = str(error).splitlines()[0] if str(error) else type(error).__name__
        if any(text in told for text in _texts(given)):
            told = type(error).__name__
        raise EngineFailed(
            f"The pipeline {type(pipeline).__name__} does not take this: {told[:300]}"
        ) from error


def _one_or_all(values: Sequence[Any]) -> Any:  # noqa: ANN401 - as pipelines take them
    return values[0] if len(values) == 1 else list(values)


def _texts(given: dict[str, Any]) -> list[str]:
    said = [given.get("prompt", ""), given.get("negative_prompt", "")]
    return [one for part in said for one in ([part] if isinstance(part, str) else part) if one]
