"""Opening an image that is stored, as whoever asks for it may have it."""

from __future__ import annotations

from limner.core.deciding import Outcome
from limner.core.errors import NotFound
from limner.core.records import FileFormat
from limner.studio.image import Image
from limner.studio.parts import Parts
from limner.studio.sealing import seal_image, seal_in_format


def open_image(parts: Parts, image_id: str) -> Image:
    """A stored image with the decision that holds now; its file only if it is released.

    One that a person has released since is sealed now, if it was not yet.

    Raises:
        NotFound: nothing is stored under this id, or nothing was decided about it.
        SealFailed: it is released, but could not be sealed, so it does not leave.
        StorageUnavailable: its file is missing or changed.
    """
    record = parts.store.image_by_id(image_id)
    decided = parts.store.last_decision(image_id)
    if record is None or decided is None:
        raise NotFound(f"There is no image {image_id!r} here.", code="image_unknown")
    if decided.decision.outcome is not Outcome.RELEASED:
        return Image(record, decided, None, None)
    return Image(
        record, decided, *seal_image(parts, record, parts.store.read_image(record), decided)
    )


def open_in_format(parts: Parts, image_id: str, file_format: FileFormat) -> bytes:
    """The sealed file of a stored image in a format of choice; see `seal_in_format`.

    Raises:
        ImageHeld, ImageRefused: it may not leave.
        BadInput: JPEG's white would hide it.
        NotFound, SealFailed, StorageUnavailable: as `open_image`.
    """
    image = open_image(parts, image_id)
    if image.outcome is not Outcome.RELEASED:
        raise image.kept_back
    _, content = seal_in_format(parts, image.record, image.decided, file_format)
    return content
