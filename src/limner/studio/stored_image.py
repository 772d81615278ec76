"""Opening an image that is stored, as whoever asks for it may have it."""

from __future__ import annotations

from pathlib import Path

from limner.core.deciding import Outcome
from limner.core.errors import BadInput, NotFound
from limner.core.given_file import MAX_PICTURE_BYTES, read_at_most
from limner.core.hashing import sha256_of_bytes
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
    found = parts.store.image_in_force(image_id)
    if found is None:
        raise NotFound(f"There is no image {image_id!r} here.", code="image_unknown")
    record, decided, seal = found
    if decided.decision.outcome is not Outcome.RELEASED:
        return Image(record, decided, None, None)
    if seal is not None and seal.decision_id == decided.decision_id:
        return Image(record, decided, seal, parts.store.read_sealed(seal, record.file_format))
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


def image_id_of(parts: Parts, what: str) -> str:
    """The id of a stored image, given that id or a file that was stored or sealed here.

    Raises:
        BadInput: it is neither.
    """
    if parts.store.image_by_id(what) is not None:
        return what
    try:
        file_sha256 = sha256_of_bytes(read_at_most(Path(what), MAX_PICTURE_BYTES))
    except (OSError, ValueError):
        file_sha256 = ""
    seal = parts.store.seal_by_file(file_sha256)
    if seal is not None:
        return seal.image_id
    if parts.store.image_by_id(file_sha256) is None:
        raise BadInput(
            f"{what!r} is neither an image_id nor a picture file stored here.", code="image_unknown"
        )
    return file_sha256
