"""Label and mark: what is put into a finished picture before it is judged.

A mark's number comes from the drawing and the key, not from chance, so that the same drawing is
marked the same way and gives the same file again.
"""

from __future__ import annotations

import hashlib
import hmac
from itertools import count
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from limner.core.hashing import sha256_of_pixels
from limner.core.labels import DrawnLabel, Label
from limner.core.records import Operation, Size
from limner.provenance.label import LabelKind, draw_label, require_room
from limner.provenance.mark import (
    ID_COUNT,
    MarkPayload,
    MarkUncarried,
    embed_mark,
    epoch_of,
    value_of,
)
from limner.studio.parts import Parts

# Shapes: H height, W width, C channels (RGBA, straight alpha).


class Marked(NamedTuple):
    """A finished picture with its mark.

    Attributes:
        image_HWC: uint8, RGBA, straight alpha.
        drawing_sha256: tagged hash of the pixels before.
        mark: what it says; ``None`` if it carries none.
        notices: why it carries none, if it should.
    """

    image_HWC: NDArray[np.uint8]
    drawing_sha256: str
    mark: str | None
    notices: tuple[str, ...]


def require_label_room(label: Label | None, operation: Operation, size: Size) -> None:
    """Refuse a label that will not fit, before anything is drawn.

    Raises:
        BadInput: the picture is too small for it.
    """
    if label is not None:
        require_room(size.width_px, size.height_px, kind_of(operation), label.size)


def label_picture(
    image_HWC: NDArray[np.uint8], label: Label | None, operation: Operation
) -> tuple[NDArray[np.uint8], DrawnLabel | None]:
    """The picture with a visible label, if one is asked for, and what it says."""
    if label is None:
        return image_HWC, None
    labelled_HWC, words = draw_label(
        image_HWC, kind_of(operation), position=label.position, size=label.size
    )
    return labelled_HWC, DrawnLabel(words, label.position, label.size)


def kind_of(operation: Operation) -> LabelKind:
    """What a label says of a picture: made from words it is generated, else modified."""
    return LabelKind.GENERATED if operation is Operation.TEXT else LabelKind.MODIFIED


def mark_picture(parts: Parts, image_HWC: NDArray[np.uint8]) -> Marked:
    """The picture with an invisible mark, unless the settings say no or it cannot carry one.

    Raises:
        KeyRefused: the mark key is missing or open to others.
        StorageUnavailable: the key cannot be written, or the store not read.
    """
    drawing_sha256 = sha256_of_pixels(image_HWC)
    if not parts.settings.mark:
        return Marked(image_HWC, drawing_sha256, None, ())
    key = parts.mark_key
    payload = _payload_of(parts, key, drawing_sha256)
    try:
        marked_HWC = embed_mark(image_HWC, payload, key)
    except MarkUncarried as error:
        notice = f"It carries no invisible mark. {error.message}"
        return Marked(image_HWC, drawing_sha256, None, (notice,))
    return Marked(marked_HWC, drawing_sha256, value_of(epoch_of(key), payload), ())


def _payload_of(parts: Parts, key: bytes, drawing_sha256: str) -> MarkPayload:
    """The first number of a drawing that no other drawing has."""
    for attempt in count():
        text = f"limner.mark/1 id {attempt} {drawing_sha256}"
        digest = hmac.new(key, text.encode(), hashlib.sha256).digest()
        payload = MarkPayload(mark_id=int.from_bytes(digest[:8], "big") % ID_COUNT)
        holder = parts.store.image_by_mark(value_of(epoch_of(key), payload))
        if holder is None or holder.recipe.drawing_sha256 == drawing_sha256:
            return payload
    raise AssertionError("count() ends")
