"""A drawn picture is finished: found sound, brought to its size and ground, labelled, marked."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from limner.checks.integrity import find_fault
from limner.core.drawing import Drawn
from limner.core.errors import PictureBroken
from limner.core.labels import DrawnLabel
from limner.core.records import FileFormat, Operation, Size
from limner.studio.background import (
    AUTO,
    COLOUR_KEY,
    TRANSPARENT,
    WHITE,
    lay_under,
)
from limner.studio.colour_key import key_out
from limner.studio.framing import unframe
from limner.studio.marking import Marked, label_picture, mark_picture
from limner.studio.parts import Parts
from limner.studio.planning import Ready

# Shapes: H height, W width, C channels (RGBA, straight alpha).


class Finished(NamedTuple):
    """A picture as it will be encoded, and the facts of finishing it.

    Attributes:
        image_HWC: uint8, RGBA, straight alpha; label and mark in it.
        label: that was drawn onto it.
        marked: what marking it came to.
        notices: what a person should know about it.
    """

    image_HWC: NDArray[np.uint8]
    label: DrawnLabel | None
    marked: Marked
    notices: tuple[str, ...]


def require_sound(drawn: Drawn, canvas: Size) -> None:
    """Refuse a drawn picture that cannot be a picture of anything, before anything is laid under.

    Raises:
        PictureBroken: it is not finite, of the wrong form, empty, flat or black; names the seed.
    """
    fault = find_fault(drawn.image_HWC, canvas, is_finite=drawn.is_finite)
    if fault is not None:
        raise PictureBroken(
            f"The picture with seed {drawn.seed} came out {fault} and was not kept.",
            hint="Try another seed, more steps or less guidance.",
        )


def finish_picture(
    parts: Parts, drawn_HWC: NDArray[np.uint8], ready: Ready, file_format: FileFormat
) -> Finished:
    """Bring a drawn picture to its size and ground, then label it, then mark it."""
    image_HWC, notices = _at_its_size(drawn_HWC, ready, file_format)
    image_HWC, label = label_picture(image_HWC, ready.request.label, ready.choices.operation)
    marked = mark_picture(parts, image_HWC)
    return Finished(marked.image_HWC, label, marked, (*notices, *marked.notices))


def _at_its_size(
    drawn_HWC: NDArray[np.uint8], ready: Ready, file_format: FileFormat
) -> tuple[NDArray[np.uint8], tuple[str, ...]]:
    notices: list[str] = []
    image_HWC = unframe(drawn_HWC, ready.frame)
    if ready.background == COLOUR_KEY:
        image_HWC, told = key_out(image_HWC)
        notices.append(told)
    is_opaque = bool(image_HWC[..., 3].min() == 255)
    if ready.background == TRANSPARENT and is_opaque:
        notices.append("A transparent background was asked for, but the picture came out opaque.")
    if ready.background not in (AUTO, TRANSPARENT, COLOUR_KEY):
        image_HWC = lay_under(image_HWC, ready.background)
    elif file_format == "jpeg" and not is_opaque:
        image_HWC = lay_under(image_HWC, WHITE)
        notices.append("JPEG has no transparency, so white was laid under the picture.")
    if _is_centred(ready):
        notices.append(
            f"Drawn at {ready.choices.canvas} and centred on {ready.choices.size} without "
            "stretching."
        )
    return image_HWC, tuple(notices)


def _is_centred(ready: Ready) -> bool:
    size, placement = ready.choices.size, ready.frame.placement
    is_whole = (placement.width_px, placement.height_px) == ready.choices.canvas
    if ready.choices.operation is not Operation.TEXT or not is_whole:
        return False
    canvas = ready.choices.canvas
    return size.width_px * canvas.height_px != size.height_px * canvas.width_px
