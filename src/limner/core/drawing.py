"""What a generator is told, and what it gives back: sketch and plan, progress, the drawn picture.

All are frozen. A sketch is the part of a request that one generator draws, with every parameter
resolved and every picture at canvas size.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from limner.core.records import Operation, Size

# Shapes: B pictures, H height, W width, C channels (RGBA, straight alpha), in this order.


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FittedAdapter:
    """An adapter as a generator is told of it.

    Attributes:
        name: as the card has it.
        weight: within the card's span.
        sha256: tagged hash over its files, as the card had it when the request was accepted.
        image_HWC: uint8, RGBA; ``None`` for an adapter that needs no picture.
    """

    name: str
    weight: float
    sha256: str
    image_HWC: NDArray[np.uint8] | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sketch:
    """What a generator is told: every parameter resolved and within its card.

    Attributes:
        operation: TEXT has neither source nor mask, IMAGE and ENLARGE a source, MASK both.
        canvas: one of the card's canvases; source and mask have exactly this size. To ENLARGE it
            is a whole multiple of the source, which has its own size.
        is_transparent: draw the subject alone, on a fully transparent background. When false
            the prompt decides.
        source_HWC: uint8, RGBA, straight alpha.
        mask_HW: uint8, 255 repaints, 0 keeps.
        strength: 0-1; 1.0 for TEXT.
        is_deterministic: draw each picture alone.
        adapters: to put onto the model, in this order.
    """

    operation: Operation
    prompt: str
    negative: str
    style: str | None
    steps: int
    guidance: float
    sampler: str
    canvas: Size
    is_transparent: bool
    source_HWC: NDArray[np.uint8] | None = None
    mask_HW: NDArray[np.uint8] | None = None
    strength: float = 1.0
    is_deterministic: bool = False
    adapters: tuple[FittedAdapter, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Plan:
    """A sketch its generator has accepted.

    Attributes:
        num_prompt_tokens: tokens of prompt and style the generator will read; none are dropped.
        num_negative_tokens: the same for the negative prompt, 0 if there is none.
    """

    sketch: Sketch
    num_prompt_tokens: int
    num_negative_tokens: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Execution:
    """What a generator did for one picture, written after it did it. Holds no times.

    Attributes:
        steps: sampler steps that ran; fewer than planned when strength is below 1.
        num_forwards: passes of the network for this picture.
        num_prompt_tokens: tokens of the prompt that the network read.
        batch_size: most pictures in any of its passes, of whatever requests, itself included.
        engine: what ran the network, such as ``openvino``.
        device: such as ``CPU``.
        precision: of the matrix products, such as ``bf16`` or ``f32``.
        num_threads: threads of the engine; ``None`` if the engine does not tell.
        versions: version of every library that touched the numbers, by name.
        cost: what a service asks for this picture, such as ``0.04 USD``; ``None`` where nobody
            asks anything.
    """

    steps: int
    num_forwards: int
    num_prompt_tokens: int
    batch_size: int
    engine: str
    device: str
    precision: str
    num_threads: int | None
    versions: Mapping[str, str]
    cost: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Drawn:
    """One finished picture as it came from a generator.

    Attributes:
        image_HWC: uint8, RGBA, straight alpha, at the size of the canvas.
        seed: the seed it was drawn from.
        is_finite: no value was NaN or infinite before rounding to uint8.
        execution: what ran.
        seconds: wall time of the passes it was in, divided by the pictures in them.
        notices: facts of drawing it that a person should know, each one sentence.
    """

    image_HWC: NDArray[np.uint8]
    seed: int
    is_finite: bool
    execution: Execution
    seconds: float
    notices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StepProgress:
    """Where drawing stands, told after every sampler step.

    Attributes:
        step: steps done for the pictures in hand, 1 .. `num_steps`.
        num_images_done: pictures finished before those in hand.
        batch_size: pictures in hand.
        num_images: pictures in all.
        read_preview: gives the pictures in hand as the network sees them now, BHWC, uint8, RGBA,
            no larger than the canvas; computed when called, valid only until the next step.
            ``None`` if the generator has no previews.
    """

    step: int
    num_steps: int
    num_images_done: int
    batch_size: int
    num_images: int
    read_preview: Callable[[], NDArray[np.uint8]] | None = None
