"""Files of keys and certificates: read only when nobody else can, written whole.

A private key and its certificate stand in one PEM file, so that the two can never differ.
"""

from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from limner.core.errors import KeyRefused
from limner.provenance.certificates import Identity

FOR_OTHERS = stat.S_IRWXG | stat.S_IRWXO
ROTATE_HINT = (
    "Put it back from a backup of the data folder, or run `limner keys rotate`; "
    "what was sealed before stays trusted."
)


def read_private(path: Path) -> bytes:
    """Bytes of a key file that nobody but its owner can use.

    Raises:
        KeyRefused: missing, not readable, or readable by others.
    """
    require_private(path)
    try:
        return path.read_bytes()
    except OSError as error:
        raise KeyRefused(f"The key file {str(path)!r} cannot be read: {error}.") from error


def parse_certificates(content: bytes, source: Path) -> tuple[x509.Certificate, ...]:
    """Certificates of a PEM text.

    Raises:
        KeyRefused: there is none, or one is broken.
    """
    try:
        return tuple(x509.load_pem_x509_certificates(content))
    except ValueError as error:
        raise KeyRefused(
            f"The file {str(source)!r} holds no certificate that can be read; allowed is PEM text "
            "with one certificate or more."
        ) from error


def require_private(path: Path) -> None:
    """Refuse a key file that is missing or that others than its owner can use.

    Raises:
        KeyRefused: says which, and what to do.
    """
    try:
        mode = path.stat().st_mode
    except FileNotFoundError as error:
        raise KeyRefused(f"The key file {str(path)!r} is missing.", hint=ROTATE_HINT) from error
    except OSError as error:
        raise KeyRefused(f"The key file {str(path)!r} cannot be read: {error}.") from error
    if os.name == "posix" and mode & FOR_OTHERS:
        raise KeyRefused(
            f"The key file {str(path)!r} has mode {stat.S_IMODE(mode):04o}; others than its owner "
            "can use it, allowed is 0600.",
            hint=f"If nobody copied it: chmod 600 {path}. If somebody may have: "
            "limner keys rotate.",
        )


def read_identity(path: Path) -> Identity:
    """Key and certificate of one file.

    Raises:
        KeyRefused: see `read_private`; or they do not belong together.
    """
    content = read_private(path)
    try:
        key = serialization.load_pem_private_key(content, password=None)
    except (ValueError, TypeError) as error:
        raise KeyRefused(f"The key file {str(path)!r} holds no key.", hint=ROTATE_HINT) from error
    certificate = parse_certificates(content, path)[0]
    if not isinstance(key, ec.EllipticCurvePrivateKey) or (
        key.public_key() != certificate.public_key()
    ):
        raise KeyRefused(
            f"The key in {str(path)!r} is not the one its certificate speaks of.",
            hint=ROTATE_HINT,
        )
    return Identity(key, certificate)


def read_certificate(path: Path) -> x509.Certificate:
    """The certificate of a public file.

    Raises:
        KeyRefused: missing, not readable, or no certificate.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise KeyRefused(
            f"The root certificate {str(path)!r} cannot be read: {error.strerror}.",
            hint=ROTATE_HINT,
        ) from error
    return parse_certificates(content, path)[0]


def write_private(path: Path, content: bytes) -> None:
    """Make a file, readable by its owner only from the first byte on.

    Raises:
        OSError: there is one already, or it cannot be written.
    """
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def write_whole(path: Path, content: bytes) -> None:
    """Write a file in one step, over one that may be there; readable by its owner only.

    Raises:
        OSError: it cannot be written; the old one stays.
    """
    with tempfile.TemporaryDirectory(prefix=".writing-", dir=path.parent) as folder:
        part = Path(folder) / path.name
        write_private(part, content)
        part.replace(path)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Flush the names in a folder to the disk."""
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
