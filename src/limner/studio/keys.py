"""Using the keys images are sealed with: showing, rotating, exporting, trusting others.

Keys are made when they are first needed, and never to read a credential.
"""

from __future__ import annotations

import os
from collections.abc import Hashable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from cryptography.x509 import Certificate

from limner.core.errors import KeyRefused, SettingInvalid
from limner.core.given_file import read_at_most, reason_of
from limner.provenance.certificates import fingerprint_of, pem_of
from limner.provenance.key_files import parse_certificates
from limner.provenance.keys import KeyFolder, Keys
from limner.provenance.mark import MarkKeys
from limner.provenance.signers import Signer, own_signer, signer_from_files, signer_outside
from limner.provenance.verify import Trust
from limner.studio.parts import Parts

KEYS_FOLDER = Path("keys") / "seal"
MAX_TRUSTED_BYTES = 10_000_000  # a public trust list has a few hundred thousand
MARK_KEYS_FOLDER = Path("keys") / "mark"


class ShownCertificate(NamedTuple):
    """A certificate as people compare it.

    Attributes:
        role: ``root``, ``signer``, ``time-stamp``, ``old root`` or ``trusted``.
        name: its subject; anybody may write anything there.
        fingerprint: tagged SHA-256.
        begins_at: and `ends_at`, UTC.
    """

    role: str
    name: str
    fingerprint: str
    begins_at: datetime
    ends_at: datetime


class ShownKeys(NamedTuple):
    """What images are sealed with here, and whom this install trusts.

    Attributes:
        folder: of the key files.
        generation: 1 at first, one more with every rotation.
        certificates: in use; then old roots, then those of others.
        chain: file of the user's own certificates; ``None`` seals with the keys above.
    """

    folder: Path
    generation: int
    certificates: tuple[ShownCertificate, ...]
    chain: Path | None


def open_signer(parts: Parts) -> Signer:
    """Who seals here: a signer outside, the chain and key that the settings name, or our own keys.

    The first of them there is. Keys of this install are made if there are none.

    It knows the roots this install trusts, so that the signer of a source that was sealed by keys
    of before, or by somebody who is trusted here, is not written down as unknown.

    Raises:
        KeyRefused: a key file is missing, open to others or broken.
        SettingInvalid: the settings name only one of the two files.
        StorageUnavailable: keys cannot be written.
    """
    folder, signer = _key_folder(parts), _usual_signer(parts)
    known = (*folder.own_roots(), *folder.trusted_roots())
    return replace(signer, known_roots_pem="".join(pem_of(one).decode() for one in known))


def _usual_signer(parts: Parts) -> Signer:
    keys = _open_keys(parts)
    if parts.outside_signer is not None:
        return signer_outside(parts.outside_signer, keys)
    chain, key = _own_files(parts)
    if chain is None or key is None:
        return own_signer(keys)
    return signer_from_files(chain, key, keys)


def state_of_keys(parts: Parts) -> Hashable:
    """Differs once `open_signer` might give another signer or refuse: by its files, or the day."""
    known: list[tuple[str, int, int, int, int]] = []
    used = (*_own_files(parts), _own_chain(parts))
    for path in (*_key_folder(parts).files(), *filter(None, used)):
        with suppress(OSError):  # `open_signer` tells what is missing
            stat = os.stat(path)
            known.append((str(path), stat.st_ino, stat.st_mtime_ns, stat.st_size, stat.st_mode))
    return (parts.read_clock().date(), *known)


def mark_keys(parts: Parts) -> MarkKeys:
    """The keys marks are put in and read with."""
    return MarkKeys(parts.settings.home / MARK_KEYS_FOLDER)


def open_trust(parts: Parts) -> Trust:
    """Whom this install trusts: its own roots, old ones too, its signer's issuers, and others.

    Makes no keys, and reads no private one.

    Raises:
        KeyRefused: a certificate file is broken.
    """
    folder = _key_folder(parts)
    own = list(folder.own_roots())
    chain = _own_chain(parts)
    if chain is not None and chain.is_file():
        own += parse_certificates(chain.read_bytes(), chain)[1:]
    return Trust(
        "".join(pem_of(one).decode() for one in own),
        "".join(pem_of(one).decode() for one in folder.trusted_roots()),
    )


def show(parts: Parts) -> ShownKeys:
    """What images are sealed with here; makes keys and raises as `open_signer`."""
    folder, keys = _key_folder(parts), _open_keys(parts)
    *old_roots, root = folder.own_roots()
    shown = [
        _shown("root", root),
        _shown("signer", keys.signer.certificate),
        _shown("time-stamp", keys.stamper.certificate),
        *(_shown("old root", one) for one in old_roots),
        *(_shown("trusted", one) for one in folder.trusted_roots()),
    ]
    chain = _own_chain(parts)
    return ShownKeys(folder.folder, keys.generation, tuple(shown), chain)


def rotate(parts: Parts) -> ShownKeys:
    """Make new keys for the ledger, for marks and for sealing, in this order.

    What was sealed before stays trusted, marks of before are still read, and the ledger says
    itself which key follows which. If one step fails, those before it are done.

    Raises:
        KeyRefused: the ledger's key or a mark key cannot be read.
        StorageUnavailable: keys cannot be written; the old ones stay in use.
    """
    now = parts.read_clock()
    if parts.store.ledger.key() is not None:
        parts.store.ledger.rotate_key(now)
    if mark_keys(parts).folder.is_dir():
        mark_keys(parts).rotate()
    _key_folder(parts).rotate(now)
    parts.forget_keys()
    return show(parts)


def export_root(parts: Parts) -> str:
    """The root certificate in use as PEM text, for those who shall trust images from here.

    Raises:
        KeyRefused: it cannot be read.
    """
    return pem_of(_open_keys(parts).root).decode()


def trust(parts: Parts, path: Path) -> tuple[ShownCertificate, ...]:
    """Trust the roots in a PEM file, such as another install's or a public trust list.

    Raises:
        KeyRefused: the file cannot be read as certificates.
        BadInput: one of them is no authority.
        StorageUnavailable: they cannot be kept.
    """
    try:
        content = read_at_most(path, MAX_TRUSTED_BYTES)
    except OSError as error:
        raise KeyRefused(
            f"The certificates {str(path)!r} cannot be read: {reason_of(error)}."
        ) from error
    return tuple(_shown("trusted", one) for one in _key_folder(parts).trust(content, path))


def _key_folder(parts: Parts) -> KeyFolder:
    return KeyFolder(parts.settings.home / KEYS_FOLDER)


def _open_keys(parts: Parts) -> Keys:
    return _key_folder(parts).open(parts.read_clock())


def _own_chain(parts: Parts) -> Path | None:
    """The file of the certificates that seal in place of our own."""
    return _own_files(parts)[0] if parts.outside_signer is None else parts.outside_signer.chain


def _own_files(parts: Parts) -> tuple[Path | None, Path | None]:
    chain, key = parts.settings.signing_chain, parts.settings.signing_key
    if (chain is None) != (key is None):
        raise SettingInvalid(
            "Only one of the settings 'signing_chain' and 'signing_key' is given; "
            "both are needed, or neither."
        )
    return chain, key


def _shown(role: str, certificate: Certificate) -> ShownCertificate:
    return ShownCertificate(
        role=role,
        name=certificate.subject.rfc4514_string(),
        fingerprint=fingerprint_of(certificate),
        begins_at=certificate.not_valid_before_utc,
        ends_at=certificate.not_valid_after_utc,
    )
