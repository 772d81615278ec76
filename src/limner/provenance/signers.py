"""Who seals: this install's own keys, a chain of the user's, or a callback to a key elsewhere.

A key of the user's own that stays outside this process (a smart card, a cloud service) is an
`OutsideSigner`: its certificates, and a function that has it sign.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa

from limner.core.errors import KeyRefused
from limner.provenance.certificates import pem_of
from limner.provenance.key_files import parse_certificates, read_private
from limner.provenance.keys import Keys
from limner.provenance.stamping import Authority

Algorithm = Literal["es256", "es384", "es512", "ps256", "ed25519"]

_BY_CURVE: dict[str, Algorithm] = {"secp256r1": "es256", "secp384r1": "es384", "secp521r1": "es512"}
_HASHES: dict[str, hashes.HashAlgorithm] = {
    "es256": hashes.SHA256(),
    "es384": hashes.SHA384(),
    "es512": hashes.SHA512(),
}


_Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Signer:
    """Signs credentials.

    Attributes:
        chain_pem: the signing certificate first, then its issuers, without the root.
        algorithm: of `sign`, in the words of COSE.
        sign: from the bytes to be signed to a signature (ECDSA: DER, or r and s joined). It may
            raise; the image is then not sealed.
        stamps: who stamps the time: our own authority, the URL of another (which is then asked
            over the network for every seal), or nobody.
        roots_pem: roots by which a fresh seal is checked before it leaves; empty checks only
            that it is intact.
        known_roots_pem: roots of further signers; by these too it is written down whether the
            signer of a source was known.
    """

    chain_pem: str
    algorithm: Algorithm
    sign: Callable[[bytes], bytes]
    stamps: Authority | str | None
    roots_pem: str = ""
    known_roots_pem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OutsideSigner:
    """A key that is not ours to hold, to seal with: ``Studio(signer=OutsideSigner(...))``.

    Attributes:
        chain: PEM file, the signing certificate first, then its issuers up to the root.
        sign: from the bytes to be signed to a signature by the key of the first certificate:
            ECDSA with the hash of its curve's size (DER, or r and s joined), RSA-PSS with SHA-256
            and a salt of 32 bytes, or Ed25519. Called for every seal, at times twice. It may raise;
            the image is then not sealed and does not leave.
    """

    chain: Path
    sign: Callable[[bytes], bytes]


def own_signer(keys: Keys) -> Signer:
    """The signer of this install's own keys, with its own time-stamps."""
    return Signer(
        chain_pem=pem_of(keys.signer.certificate).decode(),
        algorithm="es256",
        sign=_sign_with(keys.signer.key),
        stamps=Authority(keys.stamper),
        roots_pem=pem_of(keys.root).decode(),
    )


def signer_from_files(chain_path: Path, key_path: Path, keys: Keys) -> Signer:
    """A signer of the user's own chain and key, with this install's time-stamps.

    Args:
        chain_path: PEM, the signing certificate first, then its issuers.
        key_path: PEM, not encrypted, readable by its owner only.
        keys: of this install, for the time-stamps.

    Raises:
        KeyRefused: a file is missing, open to others, or of a kind that cannot seal; or the two
            do not belong together.
    """
    chain = _read_chain(chain_path)
    key = _read_key(key_path)
    if key.public_key() != chain[0].public_key():
        raise KeyRefused(
            f"The key in {str(key_path)!r} is not the one that the first certificate in "
            f"{str(chain_path)!r} speaks of."
        )
    return _signer_of(chain, _algorithm_of(chain[0], key_path), _sign_with(key), keys)


def signer_outside(outside: OutsideSigner, keys: Keys) -> Signer:
    """A signer of a key that stays where it is, with this install's time-stamps.

    Args:
        outside: its certificates, and what has it sign.
        keys: of this install, for the time-stamps.

    Raises:
        KeyRefused: the certificates cannot be read, or their key is of a kind that cannot seal.
    """
    chain = _read_chain(outside.chain)
    return _signer_of(chain, _algorithm_of(chain[0], outside.chain), outside.sign, keys)


def _signer_of(
    chain: tuple[x509.Certificate, ...],
    algorithm: Algorithm,
    sign: Callable[[bytes], bytes],
    keys: Keys,
) -> Signer:
    issuers = [one for one in chain[1:] if one.subject != one.issuer]
    return Signer(
        chain_pem="".join(pem_of(one).decode() for one in [chain[0], *issuers]),
        algorithm=algorithm,
        sign=sign,
        stamps=Authority(keys.stamper),
        roots_pem="".join(pem_of(one).decode() for one in [*chain[1:], keys.root]),
    )


def _read_chain(path: Path) -> tuple[x509.Certificate, ...]:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise KeyRefused(
            f"The certificates {str(path)!r} cannot be read: {(error.strerror or '').lower()}."
        ) from error
    chain = parse_certificates(content, path)
    if len(chain) < 2:
        raise KeyRefused(
            f"The file {str(path)!r} holds one certificate; needed are the signing certificate and "
            "its issuers up to the root.",
            hint="Append the issuers' certificates; one that signed itself cannot seal.",
        )
    return chain


def _read_key(path: Path) -> _Key:
    try:
        key = serialization.load_pem_private_key(read_private(path), password=None)
    except (ValueError, TypeError) as error:
        raise KeyRefused(
            f"The key file {str(path)!r} holds no key that can be read; allowed is PEM text "
            "without a password."
        ) from error
    if isinstance(key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey):
        return key
    raise _wrong_kind(path)


def _algorithm_of(certificate: x509.Certificate, path: Path) -> Algorithm:
    algorithm: Algorithm | None = None
    match certificate.public_key():
        case ec.EllipticCurvePublicKey() as key:
            algorithm = _BY_CURVE.get(key.curve.name)
        case rsa.RSAPublicKey():
            algorithm = "ps256"
        case ed25519.Ed25519PublicKey():
            algorithm = "ed25519"
        case _:
            pass
    if algorithm is None:
        raise _wrong_kind(path)
    return algorithm


def _wrong_kind(path: Path) -> KeyRefused:
    return KeyRefused(
        f"The key in {str(path)!r} is of a kind that cannot seal; allowed are ECDSA on P-256, "
        "P-384 or P-521, RSA, and Ed25519."
    )


def _sign_with(key: _Key) -> Callable[[bytes], bytes]:
    if isinstance(key, rsa.RSAPrivateKey):
        pss = padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.DIGEST_LENGTH)
        return lambda data: key.sign(data, pss, hashes.SHA256())
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return key.sign
    hashing = ec.ECDSA(_HASHES[_BY_CURVE[key.curve.name]])
    return lambda data: key.sign(data, hashing)
