"""Reading a credential back: what holds, who vouches for it, and what it says.

The answer is one of five states, and only one of them is a pass. That the signature is intact
does not say who made it: anybody can make a certificate with any name in it, so a signer counts
only by a root this install trusts. Nothing is ever fetched from the network.

Not covered: pixels (the mark, likeness to stored images); those are for the studio.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Literal, NamedTuple, cast

from limner.provenance.claims import Claims, claims_of, mapping_at, mappings_at, text_at
from limner.provenance.containers import (
    ContainerBroken,
    MediaType,
    has_store_traces,
    read_store,
)
from limner.provenance.exactness import is_exact
from limner.provenance.library import (
    OWN_LIST,
    Context,
    StoreDamaged,
    StoreElsewhere,
    make_context,
    read_report,
)
from limner.provenance.manifest import GENERATOR_NAME


class CredentialState(StrEnum):
    """What a credential is worth. Only TRUSTED is a pass."""

    TRUSTED = "trusted"
    UNKNOWN_SIGNER = "unknown_signer"
    EXPIRED_SIGNER = "expired_signer"
    TAMPERED = "tampered"
    NONE = "no_credential"


class Reason(NamedTuple):
    """Why: a stable code, of C2PA where it has one, and the same in plain words."""

    code: str
    words: str


class SignerName(NamedTuple):
    """What a signing certificate calls itself; anybody may write anything there."""

    organization: str | None
    name: str | None
    serial: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """What was found of a credential.

    Attributes:
        state: what it is worth.
        reasons: why it is not trusted; empty if it is.
        manifest_id: its name, a URN.
        signer: as its certificate says.
        trusted_by: which roots vouch for the signer: this install's ``own``, or ``imported`` ones.
        stamped_at: of a time-stamp that holds and is trusted, UTC.
        claims: what it says of the image; true only if it is trusted.
        is_beside: it was read from a sidecar.
        notices: further facts, each one sentence.
    """

    state: CredentialState
    reasons: tuple[Reason, ...] = ()
    manifest_id: str | None = None
    signer: SignerName | None = None
    trusted_by: Literal["own", "imported"] | None = None
    stamped_at: datetime | None = None
    claims: Claims | None = None
    is_beside: bool = False
    notices: tuple[str, ...] = ()


class Trust:
    """The roots credentials are held against.

    Args:
        own_roots_pem: of this install, old ones among them, and of the chain it signs with.
        imported_roots_pem: of others.
    """

    def __init__(self, own_roots_pem: str, imported_roots_pem: str = "") -> None:
        self.context: Context = make_context(
            own_roots_pem=own_roots_pem, trusted_roots_pem=imported_roots_pem
        )


ELSEWHERE = "The file names an address for a credential; nothing was fetched from there."
UNTRUSTED_STAMP = "No root that is trusted here vouches for its time-stamp, so it is not counted."
WORDS: Mapping[str, str] = {
    "assertion.dataHash.mismatch": "The file is not the one that was sealed: its bytes differ.",
    "assertion.hashedURI.mismatch": "Something the credential says was changed after sealing.",
    "claimSignature.mismatch": "The signature does not fit what the credential says.",
    "claimSignature.missing": "The credential has no signature.",
    "credential.unreadable": "There is a credential, but it is damaged and cannot be read.",
    "credential.inexact": "Bytes that no signature covers were changed after sealing.",
    "ingredient.manifest.mismatch": "The credential of a file it was made from was changed.",
    "ingredient.manifest.missing": "The credential of a file it was made from was removed.",
    "signingCredential.untrusted": "No root that is trusted here vouches for the signer.",
    "signingCredential.expired": "The signer's certificate had ended, and no trusted time-stamp "
    "shows that it was sealed before.",
    "signingCredential.invalid": "The signer's certificate is not one that may sign.",
    "signingCredential.revoked": "The signer's certificate was revoked.",
    "timeStamp.malformed": "The time-stamp is damaged.",
    "timeStamp.mismatch": "The time-stamp was made for something else.",
    "timeStamp.outsideValidity": "The time-stamp was made outside its certificate's time.",
}

_INTACT = {"claimSignature.validated", "assertion.dataHash.match"}
_OF_THE_SIGNER = {"signingCredential.untrusted", "signingCredential.expired"}
_DAMAGED_STAMP = {"timeStamp.malformed", "timeStamp.mismatch", "timeStamp.outsideValidity"}
_GOOD_STAMP = {"timeStamp.validated", "timeStamp.trusted"}


def read_credential(
    content: bytes, media_type: str, trust: Trust, sidecar: bytes | None = None
) -> Credential:
    """Read and judge the credential of a file.

    Args:
        content: of the file.
        media_type: its type, by its content.
        trust: whom to trust.
        sidecar: a credential kept beside the file; used only if there is none inside.
    """
    inside = _read_one(content, media_type, trust, None)
    if sidecar is None:
        return inside
    if inside.state is not CredentialState.NONE:
        ignored = "The sidecar was not looked at: the file carries a credential itself."
        return replace(inside, notices=(*inside.notices, ignored))
    return replace(_read_one(content, media_type, trust, sidecar), is_beside=True)


def _read_one(content: bytes, media_type: str, trust: Trust, sidecar: bytes | None) -> Credential:
    try:
        report = read_report(content, media_type, trust.context, sidecar)
    except StoreElsewhere:
        return Credential(state=CredentialState.NONE, notices=(ELSEWHERE,))
    except StoreDamaged:
        report = None
    if report is not None:
        return _judge(report, content, media_type, sidecar)
    if sidecar is not None or has_store_traces(content):
        return Credential(
            state=CredentialState.TAMPERED, reasons=(_reason("credential.unreadable"),)
        )
    return Credential(state=CredentialState.NONE)


def _judge(
    report: Mapping[str, object], content: bytes, media_type: str, sidecar: bytes | None
) -> Credential:
    manifest_id = text_at(report, "active_manifest") or ""
    manifest = mapping_at(report, "manifests", manifest_id)
    results = mapping_at(report, "validation_results", "activeManifest")
    good, failed = _codes(results, "success"), _codes(results, "failure")
    claims = claims_of(manifest)
    # 1. Intact: the signature fits, the file fits, and nothing failed but who the signers are.
    faults = (failed | _ingredient_failures(report)) - _OF_THE_SIGNER
    if not good >= _INTACT:
        faults |= failed or {"credential.unreadable"}
    # 2. The time-stamp, where there is one, is whole.
    remarks = _codes(results, "informational")
    faults |= remarks & _DAMAGED_STAMP
    # 3. What Limner sealed has no byte that could be otherwise.
    is_ours = (claims.generator or "").startswith(f"{GENERATOR_NAME} ")
    if not faults and is_ours and not is_exact(sidecar or _store(content, media_type), manifest_id):
        faults = {"credential.inexact"}
    # 4. A root vouches for the signer.
    state = _state_of(faults, failed, good)
    return Credential(
        state=state,
        reasons=tuple(_reason(code) for code in sorted(faults or failed)),
        manifest_id=manifest_id,
        signer=_signer_of(manifest),
        trusted_by=_list_of(report) if state is CredentialState.TRUSTED else None,
        stamped_at=_stamped_at(manifest) if not faults and good >= _GOOD_STAMP else None,
        claims=claims,
        notices=(UNTRUSTED_STAMP,) if "timeStamp.untrusted" in remarks else (),
    )


def _state_of(faults: set[str], failed: set[str], good: set[str]) -> CredentialState:
    if faults:
        return CredentialState.TAMPERED
    if "signingCredential.expired" in failed:
        return CredentialState.EXPIRED_SIGNER
    if failed or "signingCredential.trusted" not in good:
        return CredentialState.UNKNOWN_SIGNER
    return CredentialState.TRUSTED


def _ingredient_failures(report: Mapping[str, object]) -> set[str]:
    """What is wrong with credentials kept as ingredients that was not when they were taken in."""
    deltas = mappings_at(mapping_at(report, "validation_results"), "ingredientDeltas")
    return {
        code for one in deltas for code in _codes(mapping_at(one, "validationDeltas"), "failure")
    }


def _store(content: bytes, media_type: str) -> bytes | None:
    try:
        return read_store(content, cast(MediaType, media_type))
    except ContainerBroken:
        return None


def _codes(results: Mapping[str, object], kind: str) -> set[str]:
    return {text_at(one, "code") or "unknown" for one in mappings_at(results, kind)}


def _reason(code: str) -> Reason:
    return Reason(code, WORDS.get(code, "The credential does not keep the rules of C2PA."))


def _signer_of(manifest: Mapping[str, object]) -> SignerName:
    signature = mapping_at(manifest, "signature_info")
    return SignerName(
        organization=text_at(signature, "issuer"),
        name=text_at(signature, "common_name"),
        serial=text_at(signature, "cert_serial_number"),
    )


def _list_of(report: Mapping[str, object]) -> Literal["own", "imported"]:
    matched = text_at(mapping_at(report, "validation_results"), "trustListUri")
    return "own" if matched == OWN_LIST else "imported"


def _stamped_at(manifest: Mapping[str, object]) -> datetime | None:
    text = text_at(mapping_at(manifest, "signature_info"), "time")
    try:
        return None if text is None else datetime.fromisoformat(text).astimezone(UTC)
    except ValueError:
        return None
