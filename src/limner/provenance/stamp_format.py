"""The form of RFC 3161 time-stamps: queries in, tokens and answers out, in DER.

The structures are declared with `cryptography.hazmat.asn1`: building an answer takes 0.4 ms, with
asn1crypto it took 14 ms on the same busy core (docs/log.md). This module holds no key and no clock.

Sources: RFC 3161 (time-stamps), RFC 5652 (signed data), RFC 5816 (hash of the certificate).
"""

from __future__ import annotations

import hashlib
import uuid
import warnings
from datetime import datetime
from typing import Annotated

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat import asn1
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509 import ObjectIdentifier

# RFC 3161 asks for a policy; below 2.25 a UUID is a number nobody else has (ITU-T X.667).
_POLICY = ObjectIdentifier(f"2.25.{uuid.UUID('1da6dea6-b90f-47cf-84ec-ec35448765e1').int}")
_SHA256 = ObjectIdentifier("2.16.840.1.101.3.4.2.1")
_ECDSA_SHA256 = ObjectIdentifier("1.2.840.10045.4.3.2")
_SIGNED_DATA = ObjectIdentifier("1.2.840.113549.1.7.2")
_STAMP_INFO = ObjectIdentifier("1.2.840.113549.1.9.16.1.4")
_CONTENT_TYPE = ObjectIdentifier("1.2.840.113549.1.9.3")
_MESSAGE_DIGEST = ObjectIdentifier("1.2.840.113549.1.9.4")
_SIGNING_CERTIFICATE = ObjectIdentifier("1.2.840.113549.1.9.16.2.47")


@asn1.sequence
class _Algorithm:
    algorithm: ObjectIdentifier
    parameters: asn1.Null | None


@asn1.sequence
class _Imprint:
    algorithm: _Algorithm
    digest: bytes


@asn1.sequence
class Query:
    """What a stamp is asked for: a digest, and a nonce that must come back."""

    version: int
    imprint: _Imprint
    policy: ObjectIdentifier | None
    nonce: int | None
    wants_certificate: Annotated[bool, asn1.Default(False)]


@asn1.sequence
class StampInfo:
    """What a stamp says: that this digest was there at this time."""

    version: int
    policy: ObjectIdentifier
    imprint: _Imprint
    serial: int
    stamped_at: asn1.GeneralizedTime
    nonce: int | None


@asn1.sequence
class _Attribute:
    kind: ObjectIdentifier
    values: asn1.SetOf[asn1.TLV]


@asn1.sequence
class _CertificateHash:
    digest: bytes


@asn1.sequence
class _SigningCertificate:
    certificates: list[_CertificateHash]


@asn1.sequence
class _IssuerAndSerial:
    issuer: asn1.TLV
    serial: int


@asn1.sequence
class _Signature:
    version: int
    signer: _IssuerAndSerial
    digest_algorithm: _Algorithm
    signed: Annotated[asn1.SetOf[_Attribute], asn1.Implicit(0)]
    algorithm: _Algorithm
    signature: bytes


@asn1.sequence
class _Content:
    kind: ObjectIdentifier
    content: Annotated[bytes, asn1.Explicit(0)]


@asn1.sequence
class _SignedData:
    version: int
    digest_algorithms: asn1.SetOf[_Algorithm]
    content: _Content
    certificates: Annotated[asn1.SetOf[asn1.TLV], asn1.Implicit(0)]
    signatures: asn1.SetOf[_Signature]


@asn1.sequence
class _Token:
    kind: ObjectIdentifier
    content: Annotated[_SignedData, asn1.Explicit(0)]


@asn1.sequence
class _Status:
    status: int


@asn1.sequence
class _Answer:
    status: _Status
    token: _Token | None


class QueryInvalid(ValueError):
    """The query is not one this authority answers: RFC 3161, version 1, SHA-256."""


def is_own_token(token: bytes) -> bool:
    """Whether a token names our policy, as every token of our authorities does.

    Args:
        token: DER of a ContentInfo.
    """
    return asn1.encode_der(_POLICY) in token


def is_exact_token(token: bytes) -> bool:
    """Whether a token is signed by the certificate in it, and in the one form we write.

    A token's signature covers neither its version numbers nor the certificate beside it, so bytes
    could change there unnoticed. This rebuilds the token from what is signed, and compares. Whom
    the certificate is from is not looked at here.

    Args:
        token: DER of a ContentInfo.
    """
    try:
        data = asn1.decode_der(_Token, token).content
        (raw_certificate,) = data.certificates.as_list()
        (signed,) = data.signatures.as_list()
        certificate_der, info = asn1.encode_der(raw_certificate), data.content.content
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of a certificate that was changed; it is refused
            key = x509.load_der_x509_certificate(certificate_der).public_key()
        if not isinstance(key, ec.EllipticCurvePublicKey):
            return False
        key.verify(signed.signature, to_be_signed(info, certificate_der), ec.ECDSA(SHA256()))
    except (ValueError, x509.InvalidVersion, UnsupportedAlgorithm, InvalidSignature):
        return False
    return asn1.encode_der(_token(info, certificate_der, signed.signature)) == token


def parse_query(query: bytes) -> Query:
    """Read a DER query.

    Raises:
        QueryInvalid: see there.
    """
    try:
        asked = asn1.decode_der(Query, query)
    except ValueError as error:
        raise QueryInvalid(str(error)) from error
    imprint = asked.imprint
    is_sha256 = imprint.algorithm.algorithm == _SHA256 and len(imprint.digest) == 32
    if asked.version != 1 or not is_sha256:
        raise QueryInvalid("only version 1 with SHA-256 is answered")
    return asked


def info_of(asked: Query, serial: int, now: datetime) -> bytes:
    """DER of what a stamp will say in answer to a query.

    Args:
        asked: the query.
        serial: above 0, never used twice by one authority.
        now: UTC; the stamp says it to the second.
    """
    return asn1.encode_der(
        StampInfo(
            version=1,
            policy=_POLICY,
            imprint=asked.imprint,
            serial=serial,
            stamped_at=asn1.GeneralizedTime(now.replace(microsecond=0)),
            nonce=asked.nonce,
        )
    )


def to_be_signed(info_der: bytes, certificate_der: bytes) -> bytes:
    """The bytes an authority signs: hashes of what the stamp says and of its own certificate."""
    return asn1.encode_der(_signed_attributes(info_der, certificate_der))


def answer_of(info_der: bytes, certificate_der: bytes, signature: bytes) -> bytes:
    """DER of a granted answer; `signature` is ECDSA with SHA-256 over `to_be_signed`."""
    token = _token(info_der, certificate_der, signature)
    return asn1.encode_der(_Answer(status=_Status(status=0), token=token))


def _signed_attributes(info_der: bytes, certificate_der: bytes) -> asn1.SetOf[_Attribute]:
    hashed = _CertificateHash(digest=hashlib.sha256(certificate_der).digest())
    return asn1.SetOf(
        [
            _attribute(_CONTENT_TYPE, _STAMP_INFO),
            _attribute(_MESSAGE_DIGEST, hashlib.sha256(info_der).digest()),
            _attribute(_SIGNING_CERTIFICATE, _SigningCertificate(certificates=[hashed])),
        ]
    )


def _attribute(kind: ObjectIdentifier, value: object) -> _Attribute:
    return _Attribute(kind=kind, values=asn1.SetOf([_raw(asn1.encode_der(value))]))


def _raw(der: bytes) -> asn1.TLV:
    return asn1.decode_der(asn1.TLV, der)


def _token(info_der: bytes, certificate_der: bytes, signature: bytes) -> _Token:
    certificate = x509.load_der_x509_certificate(certificate_der)
    sha256 = _Algorithm(algorithm=_SHA256, parameters=None)
    signed = _Signature(
        version=1,
        signer=_IssuerAndSerial(
            issuer=_raw(certificate.issuer.public_bytes()), serial=certificate.serial_number
        ),
        digest_algorithm=sha256,
        signed=_signed_attributes(info_der, certificate_der),
        algorithm=_Algorithm(algorithm=_ECDSA_SHA256, parameters=None),
        signature=signature,
    )
    data = _SignedData(
        version=3,
        digest_algorithms=asn1.SetOf([sha256]),
        content=_Content(kind=_STAMP_INFO, content=info_der),
        certificates=asn1.SetOf([_raw(certificate_der)]),
        signatures=asn1.SetOf([signed]),
    )
    return _Token(kind=_SIGNED_DATA, content=data)
