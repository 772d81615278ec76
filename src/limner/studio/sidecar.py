"""Sidecars: a credential in a file of its own, for channels that strip files of what is inside.

It verifies the sealed file with nothing but its credential removed. What was saved anew on its way
has other bytes, and only its mark is left to tell where it came from.
"""

from __future__ import annotations

from pathlib import Path

from limner.core.deciding import Outcome
from limner.core.errors import BadInput
from limner.core.hashing import sha256_of_bytes
from limner.core.recipe import ImageRecord
from limner.provenance.verify import CredentialState, read_credential
from limner.store.blobs import SIDECAR_SUFFIX
from limner.store.files import write_new
from limner.store.judgements import StoredDecision
from limner.studio.image import Image
from limner.studio.keys import open_trust
from limner.studio.parts import Parts
from limner.studio.picture_file import ReadFile, read_file
from limner.studio.sealing import MEDIA_TYPES, seal_image


def write_sidecar(parts: Parts, path: Path, *, overwrite: bool = False) -> Path:
    """Write the sidecar of a file that was made here, beside it.

    Args:
        parts: of the studio.
        path: a file as it left, or stripped of its credential since.
        overwrite: replace a sidecar that is there.

    Returns:
        The path that was written: that of the file, ending in ``.c2pa``.

    Raises:
        ImageUnreadable: the file cannot be read as a picture.
        BadInput: it was not made here, was changed since, or there is a sidecar already.
        ImageHeld, ImageRefused: the image may not leave.
        SealFailed: it cannot be signed.
    """
    read = read_file(path, parts.settings.max_input_megapixels)
    record, decided = _find_decided(parts, read, path)
    if decided.decision.outcome is not Outcome.RELEASED:
        raise Image(record, decided, None, None).kept_back
    stored = parts.store.read_image(record)
    _, sidecar = seal_image(parts, record, stored, decided, is_beside=True)
    _require_fit(parts, read, record, sidecar, path)
    beside = path.with_suffix(f".{SIDECAR_SUFFIX}")
    try:
        write_new(beside, sidecar, overwrite=overwrite)
    except FileExistsError as error:
        raise BadInput(
            f"The file {str(beside)!r} is there already and is not overwritten.",
            code="file_exists",
            hint="Move it away, or pass --force.",
        ) from error
    return beside


def _find_decided(parts: Parts, read: ReadFile, path: Path) -> tuple[ImageRecord, StoredDecision]:
    store = parts.store
    seal = store.seal_by_file(sha256_of_bytes(read.content))
    if seal is not None and seal.file_format is not None:
        raise BadInput(
            f"The picture {str(path)!r} was exported in another format than the image has here; a "
            "sidecar vouches for the image's own file alone.",
            code="format_differs",
            hint="Use the file in its own format, or this one with the credential inside it.",
        )
    if seal is None:
        record = store.image_by_pixels(read.picture.pixels_sha256)
    else:
        record = store.image_by_id(seal.image_id)
    decided = None if record is None else store.last_decision(record.image_id)
    if record is None or decided is None:
        raise BadInput(
            f"The picture {str(path)!r} was not made in this data folder, so nothing is known that "
            "a credential could say.",
            code="image_unknown",
        )
    return record, decided


def _require_fit(
    parts: Parts, read: ReadFile, record: ImageRecord, sidecar: bytes, path: Path
) -> None:
    """Refuse a file that a sidecar would not verify, with or without a credential inside."""
    if parts.store.seal_by_file(sha256_of_bytes(read.content)) is not None:
        return
    media_type = MEDIA_TYPES[record.file_format]
    credential = read_credential(read.content, media_type, open_trust(parts), sidecar)
    if credential.state is not CredentialState.TRUSTED or not credential.is_beside:
        raise BadInput(
            f"The picture {str(path)!r} has the pixels of an image made here, but its file was "
            "written anew since, so no sidecar can vouch for it.",
            code="file_changed",
            hint="Use the file as it left Limner.",
        )
