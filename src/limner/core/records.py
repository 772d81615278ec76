"""What was asked, and what it is asked with: sizes, pictures, masks, adapters, the request.

All are frozen. What a generator is told and gives is in drawing.py, what really ran in recipe.py.
This module holds no rules about what is allowed (see limits.py) and does no input or output.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from limner.core.hashing import sha256_of_pixels
from limner.core.labels import Label

# Shapes: H height, W width, C channels (RGBA, straight alpha), in this order.

SEED_COUNT = 2**32  # seeds are 0 .. SEED_COUNT - 1, as other tools write them
_SIZE = re.compile(r"([0-9]{1,9})(?:x([0-9]{1,9}))?", re.IGNORECASE)
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
            smallest canvas of this shape, enlarged, and drawn over on one that `size` fits into;
            ``None`` for one pass.
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
