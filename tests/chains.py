"""Certificates of the user's own, of any kind of key, for tests."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

DOCUMENT_SIGNING = x509.ObjectIdentifier("1.3.6.1.5.5.7.3.36")
KEYS = {
    "es256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "es384": lambda: ec.generate_private_key(ec.SECP384R1()),
    "es512": lambda: ec.generate_private_key(ec.SECP521R1()),
    "ps256": lambda: rsa.generate_private_key(65537, 2048),
    "ed25519": ed25519.Ed25519PrivateKey.generate,
    "k1": lambda: ec.generate_private_key(ec.SECP256K1()),
    "dsa": lambda: dsa.generate_private_key(2048),
}


def certificate(key, name, issuer=None, *, is_authority=False, purpose=None):
    """`issuer` is a key and a certificate; without one it signs itself."""
    now = datetime.now(UTC)
    named = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Example"),
            x509.NameAttribute(NameOID.COMMON_NAME, name),
        ]
    )
    issuer_key, issuer_name = (key, named) if issuer is None else (issuer[0], issuer[1].subject)
    builder = (
        x509.CertificateBuilder()
        .subject_name(named)
        .issuer_name(issuer_name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=30))
        .add_extension(x509.BasicConstraints(is_authority, None), critical=True)
        .add_extension(
            x509.KeyUsage(
                not is_authority, False, False, False, False, is_authority, False, False, False
            ),
            critical=True,
        )
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), False
        )
    )
    if not is_authority:
        builder = builder.add_extension(
            x509.ExtendedKeyUsage([purpose or ExtendedKeyUsageOID.EMAIL_PROTECTION]), False
        )
    return builder.sign(issuer_key, hashes.SHA256())


def pem(*certificates):
    return b"".join(one.public_bytes(serialization.Encoding.PEM) for one in certificates)


def key_pem(key, password=None):
    encryption = (
        serialization.NoEncryption()
        if password is None
        else serialization.BestAvailableEncryption(password)
    )
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption
    )


def chain(kind="es256", purpose=None, *, has_intermediate=True):
    """Key, and certificates from the signing one to the root."""
    root_key = KEYS["es256"]()
    root = certificate(root_key, "Example root", is_authority=True)
    issuer, issuers = (root_key, root), [root]
    if has_intermediate:
        middle_key = KEYS["es256"]()
        middle = certificate(middle_key, "Example middle", (root_key, root), is_authority=True)
        issuer, issuers = (middle_key, middle), [middle, root]
    key = KEYS[kind]()
    return key, [certificate(key, "Example signer", issuer, purpose=purpose), *issuers]


def write_chain(folder, key, certificates):
    """Both as files, as a user would have them."""
    chain_path, key_path = folder / "chain.pem", folder / "key.pem"
    chain_path.write_bytes(pem(*certificates))
    key_path.write_bytes(key_pem(key))
    key_path.chmod(0o600)
    return chain_path, key_path
