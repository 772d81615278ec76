"""Sealing: metadata first, then the credential over the finished file.

``seal`` is the one way a file gets a credential here. It writes the XMP twin, signs the manifest
over every byte of the file, and reads the result back before it is let out: what does not verify
is never given. A failed time-stamp does not hold an image back: it is then sealed unstamped, and
the answer says so; its credential ends with its certificate.

Not covered: deciding whether an image may leave, and storing it.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import replace
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from limner.core.errors import BadInput, SealFailed
from limner.provenance.containers import (
    ContainerBroken,
    MediaType,
    media_type_of,
    read_xmp,
    write_xmp,
)
from limner.provenance.facts import SealFacts
from limner.provenance.library import (
    IngredientRefused,
    Signed,
    SigningFailed,
    Unsigned,
    sign_store,
)
from limner.provenance.manifest import build_manifest, xmp_properties
from limner.provenance.signers import Signer
from limner.provenance.stamping import Authority, serving
from limner.provenance.verify import Credential, CredentialState, Trust, read_credential
from limner.provenance.xmp import PacketBroken, with_properties

UNSTAMPED = "The time could not be stamped, so the credential ends with the signing certificate."


class Placement(StrEnum):
    """Where a credential goes."""

    INSIDE = "inside"
    BESIDE = "beside"


class Sealed(NamedTuple):
    """A sealed file.

    Attributes:
        content: bytes of the file as it shall leave.
        sidecar: the credential for a file beside it, named ``.c2pa``; ``None`` if it is inside.
        manifest_id: the credential's own name, a URN.
        stamped_at: time of the stamp, UTC; ``None`` if it is unstamped.
        notices: facts a person should know, each one sentence.
    """

    content: bytes
    sidecar: bytes | None
    manifest_id: str
    stamped_at: datetime | None
    notices: tuple[str, ...]


def seal(
    content: bytes,
    media_type: MediaType,
    facts: SealFacts,
    signer: Signer,
    *,
    read_clock: Callable[[], datetime],
    placement: Placement = Placement.INSIDE,
    on_signed: Callable[[bytes], None] = lambda _: None,
) -> Sealed:
    """Write metadata and credential into a PNG, JPEG or WebP file.

    Args:
        content: bytes of the file; its pixels are not touched.
        media_type: what `content` is.
        facts: what the credential says; from the stored record alone.
        signer: who seals.
        read_clock: the time now, UTC; for our own time-stamps.
        placement: BESIDE leaves the credential out of the file, for channels that strip it. It
            then verifies exactly the file that is given back here.
        on_signed: given what was signed before it is read back, so that it can be written
            meanwhile; it must not leave before this has returned.

    Raises:
        BadInput: `content` is not of that type, or not whole.
        SealFailed: it could not be signed, or the seal does not verify; nothing may leave.
    """
    # 1. Metadata, which the credential then covers.
    unsigned = Unsigned(
        content=_describe(content, media_type, facts),
        media_type=media_type,
        manifest=build_manifest(facts),
        ingredients=facts.ingredients,
        is_embedded=placement is Placement.INSIDE,
    )
    # 2. Sign, leaving out credentials of ingredients that cannot be kept.
    # 3. Read it back as anybody else would.
    signed, credential, notices = _sign(unsigned, signer, read_clock, on_signed)
    if credential.stamped_at is None:
        notices = (*notices, UNSTAMPED)
    return Sealed(
        content=signed.content if unsigned.is_embedded else unsigned.content,
        sidecar=None if unsigned.is_embedded else signed.store,
        manifest_id=credential.manifest_id or "",
        stamped_at=credential.stamped_at,
        notices=notices,
    )


def _describe(content: bytes, media_type: MediaType, facts: SealFacts) -> bytes:
    if media_type_of(content) != media_type:
        raise BadInput(
            f"The file to be sealed is {media_type_of(content)!r}; it was said to be "
            f"{media_type!r}.",
            code="type_differs",
        )
    try:
        packet = read_xmp(content, media_type)
        return write_xmp(content, media_type, with_properties(packet, xmp_properties(facts)))
    except (ContainerBroken, PacketBroken) as error:
        raise BadInput(
            f"The file to be sealed cannot take its metadata: {error}.", code="file_broken"
        ) from error


def _sign(
    unsigned: Unsigned,
    signer: Signer,
    read_clock: Callable[[], datetime],
    on_signed: Callable[[bytes], None],
) -> tuple[Signed, Credential, tuple[str, ...]]:
    lost = [one.title for one in unsigned.ingredients if one.content]
    try:
        signed = _sign_stamped(unsigned, signer, read_clock)
        on_signed(signed.content if unsigned.is_embedded else signed.store)
        return signed, _read_back(signed, unsigned, signer), ()
    except IngredientRefused as refused:
        lost = [refused.title]
    except SealFailed:
        if not lost:
            raise
    kept = tuple(
        replace(one, content=b"") if one.title in lost else one for one in unsigned.ingredients
    )
    without = replace(unsigned, ingredients=kept)
    signed, credential, notices = _sign(without, signer, read_clock, on_signed)
    notice = f"The credential of the {' and the '.join(lost)} cannot be read and is not kept."
    return signed, credential, (notice, *notices)


def _sign_stamped(unsigned: Unsigned, signer: Signer, read_clock: Callable[[], datetime]) -> Signed:
    if signer.stamps is not None:
        with suppress(SigningFailed, OSError), _stamping(signer.stamps, read_clock) as url:
            return sign_store(unsigned, signer, url)
    try:
        return sign_store(unsigned, signer, None)
    except SigningFailed as error:
        raise SealFailed(
            f"The image could not be sealed and was not let out: {error}.",
            hint="Run `limner keys show` to see what it is sealed with.",
        ) from error


def _stamping(
    stamps: Authority | str, read_clock: Callable[[], datetime]
) -> AbstractContextManager[str]:
    return nullcontext(stamps) if isinstance(stamps, str) else serving(stamps, read_clock)


def _read_back(signed: Signed, unsigned: Unsigned, signer: Signer) -> Credential:
    content, sidecar = signed.content, None
    if not unsigned.is_embedded:
        content, sidecar = unsigned.content, signed.store
    credential = read_credential(content, unsigned.media_type, Trust(signer.roots_pem), sidecar)
    expected = CredentialState.TRUSTED if signer.roots_pem else CredentialState.UNKNOWN_SIGNER
    if credential.state is not expected:
        codes = ", ".join(one.code for one in credential.reasons)
        raise SealFailed(
            f"The seal does not verify ({credential.state.value}: {codes}) and was not let out.",
            hint="Run `limner keys show` to see what it is sealed with.",
        )
    return credential
