"""Verifying a file: its credential, its mark, and the stored image it leads to.

The five states of a credential and a sixth, for what is no picture, are one word each; only
`trusted` is a pass. The mark is a second, weaker witness: it is not signed, and can be copied onto
other pictures, so it is always said whether the content fits it. Nothing is fetched or stored.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Literal, NamedTuple

from limner.core.errors import BadInput, ImageUnreadable, LimnerError, StorageUnavailable
from limner.core.hashing import sha256_of_bytes
from limner.core.ports import FoundMark
from limner.core.recipe import ImageRecord
from limner.core.records import Picture
from limner.provenance.containers import has_store_traces, media_type_of
from limner.provenance.verify import Credential, CredentialState, read_credential
from limner.store.blobs import SIDECAR_SUFFIX
from limner.store.repository import Store
from limner.studio.image_file import SUFFIXES, decode_rgba
from limner.studio.keys import open_trust
from limner.studio.parts import Parts
from limner.studio.picture_file import decode_picture, read_bytes
from limner.studio.recognizing import look_alike
from limner.studio.rights import standing_notices

FoundBy = Literal["file", "credential", "pixels", "mark", "likeness"]


class FileState(StrEnum):
    """What a file is worth; only TRUSTED is a pass."""

    TRUSTED = "trusted"
    UNKNOWN_SIGNER = "unknown_signer"
    EXPIRED_SIGNER = "expired_signer"
    TAMPERED = "tampered"
    NO_CREDENTIAL = "no_credential"
    UNREADABLE = "unreadable"


class MarkState(StrEnum):
    """What was found of an invisible mark."""

    MATCHES = "matches"  # and the content is that of the image it stands for
    DIFFERS = "content_differs"  # edited, cropped, or copied from another picture
    UNKNOWN = "unknown"  # nothing is stored here under it
    NONE = "no_mark"  # removed, or never put in
    UNMARKED = "never_marked"  # a trusted credential says that none was put in
    NOT_READ = "not_read"  # no reader here, or no pixels


class Stored(NamedTuple):
    """The stored image a file leads to, and what led there, the surest way first."""

    record: ImageRecord
    found_by: FoundBy


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """What is known of a file.

    Attributes:
        state: in one word.
        file_format: by its content, such as ``PNG``; ``None`` if it is no picture.
        credential: what it is worth and what it says.
        mark: whether there is an invisible mark, and whether the content fits it.
        mark_value: what it says.
        stored: the image it leads to in this data folder.
        notices: further facts, each one sentence.
        barred: why it must not be used, each one sentence: the rights register blocks it, or it
            was erased here. Its credential may be in order all the same.
    """

    state: FileState
    file_format: str | None
    credential: Credential
    mark: MarkState
    mark_value: str | None
    stored: Stored | None
    notices: tuple[str, ...]
    barred: tuple[str, ...]


class _Decoded(NamedTuple):
    """Pixels and format of a file, and why there are none."""

    picture: Picture | None
    file_format: str | None
    fault: str | None


def verify(parts: Parts, path: Path, sidecar_path: Path | None = None) -> Verified:
    """Say what is known of a file.

    Args:
        parts: of the studio.
        path: any file.
        sidecar_path: a credential kept beside it, used if there is none inside; where left out,
            the file of the same name that ends in ``.c2pa``, if it is there.

    Raises:
        ImageUnreadable: the file cannot be read from the disk, or is too large.
        BadInput: the sidecar that was named is no credential.
        KeyRefused: a root certificate of this install is broken.
    """
    content = read_bytes(path)
    if sidecar_path is not None:
        return verify_content(parts, content, str(path), _read_sidecar(sidecar_path))
    try:
        sidecar, ignored = _sidecar_of(path), ()
    except LimnerError as error:  # nobody named it, and it may be about anything
        sidecar, ignored = None, (f"It was not looked at: {error.message}",)
    verified = verify_content(parts, content, str(path), sidecar)
    return replace(verified, notices=(*verified.notices, *ignored))


def verify_content(
    parts: Parts, content: bytes, name: str, sidecar: bytes | None = None
) -> Verified:
    """Say what is known of the bytes of a file.

    Args:
        parts: of the studio.
        content: any bytes.
        name: the file's name, as it is told; nothing is opened by it.
        sidecar: a credential kept beside it.

    Raises:
        BadInput: the sidecar is no credential.
        KeyRefused: a root certificate of this install is broken.
    """
    path = Path(name)
    if sidecar is not None:
        _require_credential(sidecar, f"of {name}")
    decoded = _decode(parts, content, path)
    credential = _read_credential(parts, content, decoded, sidecar)
    found = _read_mark(parts, decoded.picture)
    mark, stored, missed = _look_up(parts, content, decoded.picture, credential, found)
    return Verified(
        state=_state_of(credential, decoded),
        file_format=decoded.file_format,
        credential=credential,
        mark=mark,
        mark_value=None if found is None else found.value,
        stored=stored,
        notices=(*credential.notices, *_notices(path, decoded), *missed),
        barred=() if missed else _barred(parts, content, decoded.picture, stored),
    )


def _sidecar_of(path: Path) -> bytes | None:
    """The credential beside a file that goes by its name."""
    beside = path.with_suffix(f".{SIDECAR_SUFFIX}") if path.name else path
    return _read_sidecar(beside) if beside != path and beside.is_file() else None


def _read_sidecar(path: Path) -> bytes:
    sidecar = read_bytes(path)
    _require_credential(sidecar, str(path))
    return sidecar


def _require_credential(sidecar: bytes, name: str) -> None:
    if not has_store_traces(sidecar):
        raise BadInput(
            f"The sidecar {name!r} is no credential; allowed is the .c2pa file that was "
            "written beside the picture.",
            code="sidecar_invalid",
        )


def _decode(parts: Parts, content: bytes, path: Path) -> _Decoded:
    try:
        picture, file_format = decode_picture(
            content, str(path), parts.settings.max_input_megapixels
        )
    except ImageUnreadable as error:
        return _Decoded(None, _format_of(content), error.message)
    return _Decoded(picture, file_format, None)


def _format_of(content: bytes) -> str | None:
    media_type = media_type_of(content)
    return None if media_type is None else media_type.removeprefix("image/").upper()


def _read_credential(
    parts: Parts, content: bytes, decoded: _Decoded, sidecar: bytes | None
) -> Credential:
    if decoded.file_format is None:
        return Credential(state=CredentialState.NONE)
    media_type = f"image/{decoded.file_format.lower()}"
    return read_credential(content, media_type, open_trust(parts), sidecar)


def _state_of(credential: Credential, decoded: _Decoded) -> FileState:
    if decoded.picture is None and credential.state is CredentialState.NONE:
        return FileState.UNREADABLE
    return FileState(credential.state.value)


def _read_mark(parts: Parts, picture: Picture | None) -> FoundMark | None:
    if parts.recognizer is None or picture is None:
        return None
    return parts.recognizer.read_mark(picture.image_HWC)


def _judge_mark(
    parts: Parts, picture: Picture | None, credential: Credential, found: FoundMark | None
) -> MarkState:
    """Whether the content fits the mark, by the credential if it is trusted, else by looks."""
    if parts.recognizer is None or picture is None:
        return MarkState.NOT_READ
    claims = credential.claims if credential.state is CredentialState.TRUSTED else None
    if found is None:
        is_unmarked = claims is not None and claims.mark_value is None
        return MarkState.UNMARKED if is_unmarked else MarkState.NONE
    if claims is not None and claims.mark_value is not None:
        fits = claims.mark_value == found.value
        return MarkState.MATCHES if fits else MarkState.DIFFERS
    record = parts.recognizer.find_marked(found.value)
    if record is None:
        return MarkState.UNKNOWN
    stored_HWC = decode_rgba(parts.store.read_image(record))
    return MarkState.MATCHES if look_alike(picture.image_HWC, stored_HWC) else MarkState.DIFFERS


def _barred(
    parts: Parts, content: bytes, picture: Picture | None, stored: Stored | None
) -> tuple[str, ...]:
    """Whether the image is blocked or was erased."""
    return standing_notices(
        parts,
        file_sha256=sha256_of_bytes(content),
        pixels_sha256=None if picture is None else picture.pixels_sha256,
        image_id=None if stored is None else stored.record.image_id,
    )


def _look_up(
    parts: Parts,
    content: bytes,
    picture: Picture | None,
    credential: Credential,
    found: FoundMark | None,
) -> tuple[MarkState, Stored | None, tuple[str, ...]]:
    """What the store knows; a store that cannot be opened is a notice, no reason to say nothing."""
    try:
        mark = _judge_mark(parts, picture, credential, found)
        return mark, _find_stored(parts, content, picture, credential, found), ()
    except StorageUnavailable as error:
        mark = MarkState.NOT_READ if found is None else MarkState.UNKNOWN
        return mark, None, (f"Whether it is stored here was not looked up: {error.message}",)


def _find_stored(
    parts: Parts,
    content: bytes,
    picture: Picture | None,
    credential: Credential,
    found: FoundMark | None,
) -> Stored | None:
    """The stored image a file leads to, by the surest way there is."""
    store, recognizer = parts.store, parts.recognizer
    record = store.image_by_id(sha256_of_bytes(content))
    if record is not None:
        return Stored(record, "file")
    if credential.state is CredentialState.TRUSTED:
        record = _find_by_credential(store, credential)
        if record is not None:
            return Stored(record, "credential")
    if picture is None:
        return None
    record = store.image_by_pixels(picture.pixels_sha256)
    if record is not None:
        return Stored(record, "pixels")
    if recognizer is None:
        return None
    record = None if found is None else recognizer.find_marked(found.value)
    if record is not None:
        return Stored(record, "mark")
    record = recognizer.find_alike(picture.image_HWC)
    return None if record is None else Stored(record, "likeness")


def _find_by_credential(store: Store, credential: Credential) -> ImageRecord | None:
    """By the name of the credential, else by the pixels it speaks of."""
    seal = store.seal_by_manifest(credential.manifest_id or "")
    record = None if seal is None else store.image_by_id(seal.image_id)
    claims = credential.claims
    if record is not None or claims is None or claims.pixels_sha256 is None:
        return record
    return store.image_by_pixels(claims.pixels_sha256)


def _notices(path: Path, decoded: _Decoded) -> tuple[str, ...]:
    notices: list[str] = []
    if decoded.fault is not None:
        notices.append(decoded.fault)
    named = SUFFIXES.get(path.suffix.lower())
    if named is not None and decoded.file_format is not None:
        if named.upper() != decoded.file_format:
            notices.append(
                f"The name ends in {path.suffix!r}, but the file is {decoded.file_format}."
            )
    return tuple(notices)
