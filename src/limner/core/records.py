"""The records that cross module borders: what was asked, what a generator is told, what really ran.

All are frozen. A request is what a person asked; a sketch is the part of it that one generator
draws, with every parameter resolved and every picture at canvas size; a recipe is what ran.
This module holds no rules about what is allowed (see limits.py) and does no input or output.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal, NamedTuple, Self, cast

import numpy as np
from numpy.typing import NDArray

from limner.core.hashing import sha256_of_document, sha256_of_pixels
from limner.core.labels import DrawnLabel, Label, LabelPosition, LabelSize

# Shapes: B pictures, H height, W width, C channels (RGBA, straight alpha), in this order.

RECIPE_FORMAT = "limner.recipe/1"
SEED_COUNT = 2**32  # seeds are 0 .. SEED_COUNT - 1, as other tools write them

_SIZE = re.compile(r"([0-9]{1,9})(?:x([0-9]{1,9}))?", re.IGNORECASE)

LATER_FIELDS = (
    "source_file",
    "mask_file",
    "label",
    "mark",
    "drawing_sha256",
    "adapters",
    "use",
    "cost",
    "second_pass",
)
"""Of a recipe; left out of its JSON form where they hold nothing, as in recipes before them."""

FileFormat = Literal["png", "webp", "jpeg"]
FILE_FORMATS: tuple[FileFormat, ...] = ("png", "webp", "jpeg")


class Size(NamedTuple):
    """Width and height of a picture in pixels; written ``WxH``."""

    width_px: int
    height_px: int

    def __str__(self) -> str:
        """``WxH``, as the command line takes it."""
        return f"{self.width_px}x{self.height_px}"


class Margins(NamedTuple):
    """How far to extend a picture on each side, in pixels."""

    left_px: int
    top_px: int
    right_px: int
    bottom_px: int


class Operation(StrEnum):
    """What a generator starts from."""

    TEXT = "text"
    IMAGE = "image"
    MASK = "mask"
    ENLARGE = "enlarge"


DRAWING = frozenset({Operation.TEXT, Operation.IMAGE, Operation.MASK})
"""What a generator that draws may start from."""


class OriginalFile(NamedTuple):
    """A picture file as it was given, credential and all.

    Attributes:
        content: its bytes.
        file_format: by its content, as ``png`` or ``tiff``.
    """

    content: bytes
    file_format: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Picture:
    """Decoded pixels and their hash.

    Attributes:
        image_HWC: uint8, RGBA, straight alpha, 0-255; H and W at least 1.
        pixels_sha256: tagged hash of `image_HWC`.
        file: it was read from; ``None`` for pixels that came without one.
    """

    image_HWC: NDArray[np.uint8]
    pixels_sha256: str
    file: OriginalFile | None = None

    @classmethod
    def of(cls, image_HWC: NDArray[np.uint8], file: OriginalFile | None = None) -> Self:
        """Wrap RGBA pixels with their hash."""
        return cls(image_HWC=image_HWC, pixels_sha256=sha256_of_pixels(image_HWC), file=file)

    @property
    def size(self) -> Size:
        """Width and height in pixels."""
        return Size(self.image_HWC.shape[1], self.image_HWC.shape[0])

    @property
    def is_opaque(self) -> bool:
        """Whether nothing of it is transparent."""
        return bool(self.image_HWC[..., 3].min() == 255)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Mask:
    """Where to repaint.

    Attributes:
        mask_HW: uint8, 0 keeps the pixel, 255 repaints it, values between blend.
        pixels_sha256: tagged hash of `mask_HW`.
        file: it was read from; ``None`` for values that came without one.
    """

    mask_HW: NDArray[np.uint8]
    pixels_sha256: str
    file: OriginalFile | None = None

    @classmethod
    def of(cls, mask_HW: NDArray[np.uint8], file: OriginalFile | None = None) -> Self:
        """Wrap mask values with their hash."""
        return cls(mask_HW=mask_HW, pixels_sha256=sha256_of_pixels(mask_HW), file=file)

    @property
    def size(self) -> Size:
        """Width and height in pixels."""
        return Size(self.mask_HW.shape[1], self.mask_HW.shape[0])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AskedAdapter:
    """An adapter that a request puts onto its model, such as a LoRA or a ControlNet.

    Attributes:
        name: as the model's card has it.
        weight: ``None`` takes the card's.
        picture: what it goes by, where it needs one.
    """

    name: str
    weight: float | None = None
    picture: Picture | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FittedAdapter:
    """An adapter as a generator is told of it.

    Attributes:
        name: as the card has it.
        weight: within the card's span.
        image_HWC: uint8, RGBA; ``None`` for an adapter that needs no picture.
    """

    name: str
    weight: float
    image_HWC: NDArray[np.uint8] | None = None


class UsedAdapter(NamedTuple):
    """An adapter that was on the model when a picture was drawn.

    Attributes:
        name: as the card has it.
        weight: that was used.
        sha256: tagged hash of its files.
        picture_sha256: tagged hash of the pixels it went by; ``None`` where it needs none.
    """

    name: str
    weight: float
    sha256: str
    picture_sha256: str | None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Request:
    """What was asked. ``None`` leaves the choice to the generator's card.

    Attributes:
        prompt: what to draw.
        template: the text with wildcards that `prompt` was made from; ``None`` if there was none.
        negative: what to steer away from; empty for nothing.
        num_images: how many pictures, each with its own seed.
        seed: seed of the first picture, picture k has seed + k; ``None`` draws one at random.
        background: ``auto`` (the prompt decides), ``transparent``, or ``#rrggbb``.
        source: picture to start from. Size: any; it is fitted to the canvas.
        strength: 0-1, how far to leave `source`; 0 keeps it, 1 draws afresh.
        mask: where to repaint `source`; same size as `source`.
        margins: how far to extend `source` (outpainting).
        is_deterministic: draw each picture alone, so that its bytes do not depend on the batch.
        is_combinatorial: draw `num_images` of every combination the prompt's marks allow, instead
            of one chosen by each seed.
        file_quality: 0-100, of a JPEG or WebP file; ``None`` keeps all (WebP) or nearly all.
        impact: how much is at stake, a tier of the criteria in force; ``None`` takes their default.
        label: to be drawn onto the picture; ``None`` for none.
        model: name of the one to draw with; ``None`` takes the default.
        adapters: to put onto it, in this order.
        use: what the pictures are for, where the model's licence allows some uses only.
        within_seconds: a job that is not drawn so long after it was taken ends; ``None`` waits.
        second_pass: 0-1, how far a second pass may leave the first, which is drawn on the model's
            smallest canvas of this shape, enlarged, and drawn over on its largest; ``None`` for one
            pass.
        enlarge_by: by how much to enlarge `source`; nothing is drawn then, and `prompt` says what
            is known of what it shows, which may be nothing.
    """

    prompt: str
    template: str | None = None
    negative: str = ""
    num_images: int = 1
    seed: int | None = None
    steps: int | None = None
    guidance: float | None = None
    sampler: str | None = None
    size: Size | None = None
    style: str | None = None
    background: str = "auto"
    source: Picture | None = None
    strength: float | None = None
    mask: Mask | None = None
    margins: Margins | None = None
    is_deterministic: bool = False
    is_combinatorial: bool = False
    file_quality: int | None = None
    impact: str | None = None
    label: Label | None = None
    model: str | None = None
    adapters: tuple[AskedAdapter, ...] = ()
    use: str | None = None
    within_seconds: float | None = None
    second_pass: float | None = None
    enlarge_by: int | None = None


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


class SecondPass(NamedTuple):
    """A picture that was drawn small, enlarged, and drawn over.

    Attributes:
        draft_canvas: of the first pass.
        strength: 0-1, how far the second pass could leave the first.
        enlarger: how the first was enlarged.
    """

    draft_canvas: Size
    strength: float
    enlarger: str


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """What really ran for one picture, complete enough to draw it again.

    Written from executed facts. Holds no times, so that the same drawing has the same recipe.

    Attributes:
        prompt: the text that was drawn; wildcards already replaced. Of a picture that was only
            enlarged: of the one it was made from, empty where that is not known.
        template: the text with wildcards, if there was one.
        size: of the stored picture; `canvas` is what the generator drew.
        background: ``auto``, ``transparent`` or ``#rrggbb`` laid under the picture.
        source_sha256: pixels of the picture it started from. Same for `mask_sha256`.
        margins: of an outpainting; `source_sha256` is then the picture before it was extended.
        ingredients: tagged hash of every file of the generator, by name.
        versions: of Limner, Python and every library that touched the numbers.
        notices: facts a person should know, each one sentence.
        source_file: tagged hash of the file it started from, as it was given. Same for `mask_file`.
        label: that was drawn onto it.
        mark: what the invisible mark in its pixels says; ``None`` if it carries none.
        drawing_sha256: pixels before they were marked and encoded; the same drawing has the same
            ones in every data folder.
        adapters: that were on the model; ``None`` if there were none.
        use: what the picture was said to be for.
        cost: what a service asked for it, such as ``0.04 USD``.
        second_pass: that drew over the first on `canvas`; ``None`` where there was one pass.
    """

    prompt: str
    template: str | None
    negative: str
    operation: Operation
    style: str | None
    seed: int
    steps: int
    guidance: float
    sampler: str
    strength: float
    size: Size
    canvas: Size
    background: str
    source_sha256: str | None
    mask_sha256: str | None
    margins: Margins | None
    is_deterministic: bool
    generator: str
    generator_version: str
    ingredients: Mapping[str, str]
    steps_run: int
    num_forwards: int
    num_prompt_tokens: int
    batch_size: int
    engine: str
    device: str
    precision: str
    num_threads: int | None
    versions: Mapping[str, str]
    notices: tuple[str, ...] = ()
    source_file: str | None = None
    mask_file: str | None = None
    label: DrawnLabel | None = None
    mark: str | None = None
    drawing_sha256: str | None = None
    adapters: tuple[UsedAdapter, ...] | None = None
    use: str | None = None
    cost: str | None = None
    second_pass: SecondPass | None = None

    @property
    def title(self) -> str:
        """What people call the picture: its prompt, or what was done to get it."""
        return self.prompt or f"a picture, {self.operation.value}d to {self.size}"

    @property
    def sha256(self) -> str:
        """Tagged hash of the canonical JSON of this recipe."""
        return sha256_of_document(self.to_document())

    def to_document(self) -> dict[str, object]:
        """JSON form: one key per attribute, and ``format``."""
        document: dict[str, object] = {"format": RECIPE_FORMAT}
        document |= {one.name: getattr(self, one.name) for one in fields(self)}
        document["ingredients"] = dict(self.ingredients)
        document["versions"] = dict(self.versions)
        document["size"] = str(self.size)
        document["canvas"] = str(self.canvas)
        document["margins"] = list(self.margins) if self.margins else None
        document["notices"] = list(self.notices)
        document["label"] = [str(one) for one in self.label] if self.label else None
        document["adapters"] = [list(one) for one in self.adapters] if self.adapters else None
        if self.second_pass is not None:
            draft_canvas, *rest = self.second_pass
            document["second_pass"] = [str(draft_canvas), *rest]
        return {k: v for k, v in document.items() if v is not None or k not in LATER_FIELDS}

    @classmethod
    def from_document(cls, document: Mapping[str, object]) -> Self:
        """Recipe from its JSON form.

        Raises:
            ValueError: another format, or keys are missing, unknown or of the wrong type.
        """
        if document.get("format") != RECIPE_FORMAT:
            raise ValueError(f"format is {document.get('format')!r}, expected {RECIPE_FORMAT!r}")
        names = {one.name for one in fields(cls)}
        if (document.keys() | LATER_FIELDS) - {"format"} != names:
            raise ValueError(f"keys differ: {sorted(document.keys() ^ names - {'format'})}")
        values = cast(dict[str, Any], {name: document.get(name) for name in names})
        try:
            values["operation"] = Operation(values["operation"])
            values["size"] = parse_size(values["size"])
            values["canvas"] = parse_size(values["canvas"])
            values["margins"] = Margins(*values["margins"]) if values["margins"] else None
            values["notices"] = tuple(values["notices"])
            if values["label"] is not None:
                words, position, size = values["label"]
                values["label"] = DrawnLabel(words, LabelPosition(position), LabelSize(size))
            if values["adapters"] is not None:
                values["adapters"] = tuple(UsedAdapter(*one) for one in values["adapters"])
            if values["second_pass"] is not None:
                draft_canvas, strength, enlarger = values["second_pass"]
                values["second_pass"] = SecondPass(parse_size(draft_canvas), strength, enlarger)
        except (TypeError, AttributeError) as error:
            raise ValueError(str(error)) from error
        return cls(**values)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageRecord:
    """One stored image.

    Attributes:
        image_id: tagged hash of the file's bytes.
        pixels_sha256: tagged hash of the decoded RGBA pixels of the file.
        created_at: UTC.
        seconds: wall time of drawing it.
        pdq: perceptual hash of the pixels, 32 bytes; ``None`` where it would say little.
        is_opaque: nothing of it is transparent; ``None`` where nobody looked.
    """

    image_id: str
    pixels_sha256: str
    file_format: FileFormat
    num_bytes: int
    size: Size
    created_at: datetime
    seconds: float
    recipe: Recipe
    pdq: bytes | None = None
    is_opaque: bool | None = None


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


def parse_size(text: str) -> Size:
    """Size from ``256`` (square) or ``320x200`` (width, height), in pixels.

    Raises:
        ValueError: neither form.
    """
    found = _SIZE.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is not a size")
    width_px = int(found.group(1))
    return Size(width_px, int(found.group(2) or width_px))
