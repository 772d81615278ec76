"""The keys this install seals with, and the roots it trusts: files below ``keys/seal``.

Every rotation adds a numbered folder; the highest is in use. A folder holds ``signer.pem`` and
``stamper.pem`` (key and certificate, mode 0600), ``root.pem`` (the same for the root; may be kept
elsewhere until the signer is renewed or keys are rotated) and ``root.crt``, the root's certificate
alone. Rotating deletes the old private keys and leaves the old ``root.crt``, which stays trusted.
Roots of others are PEM files in ``trusted``. A folder appears whole or not at all, and no key is
ever made in place of one that is missing: that would hide that it was lost.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from limner.core.errors import BadInput, KeyRefused, StorageUnavailable
from limner.provenance.certificates import (
    Identity,
    issue_signer,
    issue_stamper,
    make_root,
    pem_of,
)
from limner.provenance.key_files import (
    parse_certificates,
    read_certificate,
    read_identity,
    require_private,
    sync_folder,
    write_private,
    write_whole,
)

RENEWED_BEFORE = timedelta(days=30)

_ROOT, _SIGNER, _STAMPER, _PUBLIC = "root.pem", "signer.pem", "stamper.pem", "root.crt"
_TRUSTED = "trusted"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Keys:
    """What this install seals with.

    Attributes:
        generation: 1 at first, one more with every rotation.
        root: its certificate; the private key is read only when something is issued.
        signer: signs credentials.
        stamper: signs time-stamps.
    """

    generation: int
    root: x509.Certificate
    signer: Identity
    stamper: Identity


class KeyFolder:
    """The folder of keys; makes nothing until it is opened.

    Args:
        folder: ``keys/seal`` of the data folder.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def open(self, now: datetime) -> Keys:
        """The keys in use; made at the first start, the signer renewed in its last 30 days.

        Args:
            now: UTC.

        Raises:
            KeyRefused: a key file is missing, open to others or broken, or the clock is outside
                the time its certificate holds for.
            StorageUnavailable: the folder cannot be written.
        """
        if not self._generations():
            self._make_generation(1, now)
        keys = self._newest()
        _require_begun(keys, now)
        if now > keys.signer.certificate.not_valid_after_utc - RENEWED_BEFORE:
            keys = self._renew(keys, now)
        return keys

    def rotate(self, now: datetime) -> Keys:
        """New root, signer and stamper. The old private keys are deleted, the old root trusted.

        Raises:
            StorageUnavailable: the folder cannot be written; the old keys stay in use.
        """
        generations = self._generations()
        number = int(generations[-1].name) + 1 if generations else 1
        self._make_generation(number, now)
        return self._newest()

    def own_roots(self) -> tuple[x509.Certificate, ...]:
        """Roots of this install, the one in use last; needs no private key.

        Raises:
            KeyRefused: a ``root.crt`` cannot be read.
        """
        return tuple(read_certificate(one / _PUBLIC) for one in self._generations())

    def files(self) -> list[str]:
        """Paths of what is in use, in order: files, and the folder of others' roots.

        None where there are no keys.
        """
        try:
            newest = max(name for name in os.listdir(self.folder) if name.isdigit())
        except (OSError, ValueError):
            return []
        folder = os.path.join(self.folder, newest)
        used = [os.path.join(folder, name) for name in (_ROOT, _PUBLIC, _SIGNER, _STAMPER)]
        return [*used, os.path.join(self.folder, _TRUSTED)]

    def trusted_roots(self) -> tuple[x509.Certificate, ...]:
        """Roots of others that were imported.

        Raises:
            KeyRefused: a file in ``trusted`` holds no certificate.
        """
        files = sorted((self.folder / _TRUSTED).glob("*.pem"))
        return tuple(one for file in files for one in parse_certificates(file.read_bytes(), file))

    def trust(self, content: bytes, source: Path) -> tuple[x509.Certificate, ...]:
        """Import roots of others from PEM; those that are there already stay as they are.

        Args:
            content: one certificate or more.
            source: where it is from, for messages.

        Raises:
            KeyRefused: it holds no certificate, or one that is no authority.
            StorageUnavailable: the folder cannot be written.
        """
        certificates = parse_certificates(content, source)
        for one in certificates:
            _require_authority(one, source)
        try:
            (self.folder / _TRUSTED).mkdir(parents=True, exist_ok=True)
            for one in certificates:
                path = self.folder / _TRUSTED / f"{one.fingerprint(hashes.SHA256()).hex()}.pem"
                if not path.exists():
                    write_whole(path, pem_of(one))
        except OSError as error:
            raise _cannot_write(self.folder, error) from error
        return certificates

    def _generations(self) -> list[Path]:
        return sorted(one for one in self.folder.glob("[0-9]*") if one.name.isdigit())

    def _newest(self) -> Keys:
        """The generation in use; private keys of those before it are deleted."""
        *retired, newest = self._generations()
        for folder in retired:
            for name in (_ROOT, _SIGNER, _STAMPER):
                (folder / name).unlink(missing_ok=True)
        try:
            return self._read(newest)
        except KeyRefused:
            if self._generations()[-1] == newest:
                raise
        return self._newest()  # another process rotated the keys meanwhile

    def _make_generation(self, number: int, now: datetime) -> None:
        root = make_root(now)
        files = {
            _ROOT: root.to_pem(),
            _PUBLIC: pem_of(root.certificate),
            _SIGNER: issue_signer(root, now).to_pem(),
            _STAMPER: issue_stamper(root, now).to_pem(),
        }
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            making = Path(tempfile.mkdtemp(prefix=".making-", dir=self.folder))
            for name, content in files.items():
                write_private(making / name, content)
            _take_name(making, self.folder / f"{number:04d}")
        except OSError as error:
            raise _cannot_write(self.folder, error) from error

    def _read(self, folder: Path) -> Keys:
        if (folder / _ROOT).exists():
            require_private(folder / _ROOT)
        return Keys(
            generation=int(folder.name),
            root=read_certificate(folder / _PUBLIC),
            signer=read_identity(folder / _SIGNER),
            stamper=read_identity(folder / _STAMPER),
        )

    def _renew(self, keys: Keys, now: datetime) -> Keys:
        folder = self.folder / f"{keys.generation:04d}"
        if not (folder / _ROOT).exists():
            if now < keys.signer.certificate.not_valid_after_utc:
                return keys
            raise KeyRefused(
                f"The signing certificate ended on "
                f"{keys.signer.certificate.not_valid_after_utc:%Y-%m-%d}, and the root that could "
                f"renew it is not at {str(folder / _ROOT)!r}.",
                hint="Put root.pem back to renew it, or run `limner keys rotate`.",
            )
        signer = issue_signer(read_identity(folder / _ROOT), now)
        try:
            write_whole(folder / _SIGNER, signer.to_pem())
        except OSError as error:
            raise _cannot_write(folder, error) from error
        return replace(keys, signer=signer)


def _require_begun(keys: Keys, now: datetime) -> None:
    begins = max(one.certificate.not_valid_before_utc for one in (keys.signer, keys.stamper))
    if now < begins:
        raise KeyRefused(
            f"The clock says {now:%Y-%m-%d %H:%M}, before the signing keys were made "
            f"({begins:%Y-%m-%d %H:%M} UTC); nothing can be sealed at that time.",
            code="clock_behind",
            hint="Set the clock. If it is right now and was ahead before: limner keys rotate.",
        )


def _require_authority(certificate: x509.Certificate, source: Path) -> None:
    with suppress(x509.ExtensionNotFound):
        if certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca:
            return
    raise BadInput(
        f"The certificate {certificate.subject.rfc4514_string()!r} in {str(source)!r} is no "
        "authority; allowed are certificates of roots and other authorities.",
        code="not_an_authority",
    )


def _take_name(making: Path, place: Path) -> None:
    """Give a finished folder its name; if another process was first, its folder stands."""
    try:
        making.rename(place)
        sync_folder(place.parent)
    except OSError:
        shutil.rmtree(making)
        if not place.is_dir():
            raise


def _cannot_write(folder: Path, error: OSError) -> StorageUnavailable:
    return StorageUnavailable(
        f"Cannot write the keys in {str(folder)!r}: {(error.strerror or str(error)).lower()}.",
        hint="Free some space or make the folder writable.",
    )
