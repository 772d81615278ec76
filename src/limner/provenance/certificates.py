"""Certificates: this install's own root, signer and stamper, as C2PA wants them.

The profile is that of the C2PA technical specification 2.2, 14.5: a leaf issued by a root, never
self-signed, EKU emailProtection for signing (which verifiers accept without configuration) and a
critical EKU timeStamping for stamping. Names hold nothing about the machine or its user. This
module makes certificates; it does not keep them (keys.py) or judge them (verify.py).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

ORGANIZATION = "Limner (own root of one install)"
ROOT_LASTS = timedelta(days=20 * 365)
SIGNER_LASTS = timedelta(days=365)
BACKDATED = timedelta(hours=1)  # so that a clock set back a little does not stop sealing


class Identity(NamedTuple):
    """A private key and the certificate that speaks of it."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    def to_pem(self) -> bytes:
        """Key and certificate as one PEM text; private."""
        key_pem = self.key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        return key_pem + pem_of(self.certificate)


def make_root(now: datetime) -> Identity:
    """A new root; its name carries part of its key's hash, so that two roots are told apart."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = _name_of("root", key.public_key())
    builder = (
        _builder(name, key.public_key(), now, now + ROOT_LASTS)
        .issuer_name(name)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(is_authority=True), critical=True)
    )
    return Identity(key, builder.sign(key, hashes.SHA256()))


def issue_signer(root: Identity, now: datetime, lasts: timedelta = SIGNER_LASTS) -> Identity:
    """A new signing key, for one year unless said otherwise."""
    return _issue(root, "signer", ExtendedKeyUsageOID.EMAIL_PROTECTION, now, lasts)


def issue_stamper(root: Identity, now: datetime) -> Identity:
    """A new time-stamping key, for as long as the root."""
    return _issue(root, "time-stamp", ExtendedKeyUsageOID.TIME_STAMPING, now, ROOT_LASTS)


def pem_of(certificate: x509.Certificate) -> bytes:
    """A certificate as PEM text; public."""
    return certificate.public_bytes(serialization.Encoding.PEM)


def fingerprint_of(certificate: x509.Certificate) -> str:
    """Tagged SHA-256 of a certificate, by which people compare it."""
    return "sha256:" + certificate.fingerprint(hashes.SHA256()).hex()


def _issue(
    root: Identity, role: str, purpose: x509.ObjectIdentifier, now: datetime, lasts: timedelta
) -> Identity:
    key = ec.generate_private_key(ec.SECP256R1())
    issuer = root.certificate
    ends_at = min(now + lasts, issuer.not_valid_after_utc)
    is_stamper = purpose == ExtendedKeyUsageOID.TIME_STAMPING
    builder = (
        _builder(_name_of(role, key.public_key()), key.public_key(), now, ends_at)
        .issuer_name(issuer.subject)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(is_authority=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([purpose]), critical=is_stamper)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(root.key.public_key()),
            critical=False,
        )
    )
    return Identity(key, builder.sign(root.key, hashes.SHA256()))


def _builder(
    name: x509.Name, key: ec.EllipticCurvePublicKey, now: datetime, ends_at: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - BACKDATED)
        .not_valid_after(ends_at)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _name_of(role: str, key: ec.EllipticCurvePublicKey) -> x509.Name:
    part = x509.SubjectKeyIdentifier.from_public_key(key).digest.hex()[:8]
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, ORGANIZATION),
            x509.NameAttribute(NameOID.COMMON_NAME, f"Limner {role} {part}"),
        ]
    )


def _usage(*, is_authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not is_authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=is_authority,
        crl_sign=is_authority,
        encipher_only=False,
        decipher_only=False,
    )
