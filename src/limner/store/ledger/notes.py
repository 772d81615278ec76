"""Signed notes, checkpoints and cosignatures: text that people can read and keys can prove.

A checkpoint is a note of three lines: the ledger's name, its number of entries, its root. The log
signs it; witnesses add cosignatures with the time they saw it. This module stores nothing.

Source: https://c2sp.org/signed-note, https://c2sp.org/tlog-checkpoint,
https://c2sp.org/tlog-cosignature (Ed25519 in all three).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import IntEnum
from typing import NamedTuple, Self

SIGNATURE_MARK = "— "
MAX_NOTE_CHARACTERS = 100_000

_NAME = re.compile(r"[^\s+]+")
_NUMBER = re.compile(r"0|[1-9][0-9]{0,17}")


class NoteInvalid(ValueError):
    """A note, checkpoint or key is not of its form; stays inside this package."""


class Purpose(IntEnum):
    """What a key signs; the byte that signed-note gives it."""

    NOTE = 1
    COSIGNATURE = 4


class Signature(NamedTuple):
    """One signature line of a note."""

    name: str
    key_id: bytes
    content: bytes

    @property
    def line(self) -> str:
        """As it stands in the note, with its newline."""
        coded = base64.b64encode(self.key_id + self.content).decode()
        return f"{SIGNATURE_MARK}{self.name} {coded}\n"


class Note(NamedTuple):
    """A text that ends in a newline, and its signatures."""

    text: str
    signatures: tuple[Signature, ...]

    def __str__(self) -> str:
        """As it is written and read."""
        return f"{self.text}\n{''.join(one.line for one in self.signatures)}"

    def signed_also(self, *signatures: Signature) -> Note:
        """The same text with more signatures."""
        return Note(self.text, self.signatures + signatures)


class Checkpoint(NamedTuple):
    """What a ledger claims to be at one time."""

    origin: str
    num_entries: int
    root: bytes

    @property
    def text(self) -> str:
        """The text of its note."""
        return f"{self.origin}\n{self.num_entries}\n{base64.b64encode(self.root).decode()}\n"


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A public key with its name and purpose, written as a *vkey*: ``name+id+base64``."""

    name: str
    purpose: Purpose
    public: bytes

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a vkey.

        Raises:
            NoteInvalid: not a vkey of ours, or its id does not belong to it.
        """
        name, _, rest = text.strip().partition("+")
        key_id, _, coded = rest.partition("+")
        content = _unbase64(coded)
        if not _NAME.fullmatch(name) or len(content) != 33 or content[0] not in tuple(Purpose):
            raise NoteInvalid(f"{text.strip()!r} is not a verifier key")
        key = cls(name, Purpose(content[0]), content[1:])
        if key.key_id.hex() != key_id:
            raise NoteInvalid(f"the id in {text.strip()!r} does not belong to the key")
        return key

    @property
    def key_id(self) -> bytes:
        """Four bytes that tell keys of one name apart."""
        named = self.name.encode() + b"\n" + bytes([self.purpose]) + self.public
        return hashlib.sha256(named).digest()[:4]

    def __str__(self) -> str:
        """The vkey."""
        coded = base64.b64encode(bytes([self.purpose]) + self.public).decode()
        return f"{self.name}+{self.key_id.hex()}+{coded}"

    def signature_on(self, note: Note) -> Signature | None:
        """The signature of this key on the note.

        Returns:
            ``None`` if this key did not sign, or the signature is wrong.
        """
        for one in note.signatures:
            if (one.name, one.key_id) == (self.name, self.key_id):
                return one if self._is_good(one, note.text) else None
        return None

    def _is_good(self, signature: Signature, text: str) -> bool:
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

        signed, message = signature.content, text.encode()
        if self.purpose is Purpose.COSIGNATURE:
            message = _cosigned_message(int.from_bytes(signed[:8]), text)
            signed = signed[8:]
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signed, message)
        except (InvalidSignature, ValueError):
            return False
        return True


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private key with its name and purpose.

    Written ``PRIVATE+KEY+name+id+base64``, as Go's ``sumdb/note`` does.
    """

    name: str
    purpose: Purpose
    seed: bytes

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a private key.

        Raises:
            NoteInvalid: not a private key of ours, or its id does not belong to it. The message
                does not repeat the text.
        """
        parts = text.strip().split("+", maxsplit=4)
        if len(parts) != 5 or parts[:2] != ["PRIVATE", "KEY"]:
            raise NoteInvalid("it is not a private key")
        try:
            content = _unbase64(parts[4])
        except NoteInvalid:
            raise NoteInvalid("it is not a private key") from None  # the cause holds the secret
        if len(content) != 33 or content[0] not in tuple(Purpose):
            raise NoteInvalid("it is not a private key")
        key = cls(parts[2], Purpose(content[0]), content[1:])
        if key.verifier.key_id.hex() != parts[3]:
            raise NoteInvalid("its id does not belong to it")
        return key

    @property
    def verifier(self) -> VerifierKey:
        """The public half."""
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        public = Ed25519PrivateKey.from_private_bytes(self.seed).public_key().public_bytes_raw()
        return VerifierKey(self.name, self.purpose, public)

    def __str__(self) -> str:
        """The text of the key file."""
        coded = base64.b64encode(bytes([self.purpose]) + self.seed).decode()
        return f"PRIVATE+KEY+{self.name}+{self.verifier.key_id.hex()}+{coded}"

    def __repr__(self) -> str:
        """Without the secret."""
        return f"SigningKey({self.name!r}, {self.purpose!r})"

    def sign(self, text: str) -> Signature:
        """Sign a note's text."""
        assert self.purpose is Purpose.NOTE
        return self._signature(b"", text.encode())

    def cosign(self, text: str, cosigned_at: datetime) -> Signature:
        """Cosign a checkpoint's text as seen at this time."""
        assert self.purpose is Purpose.COSIGNATURE
        posix_seconds = int(cosigned_at.timestamp())
        return self._signature(posix_seconds.to_bytes(8), _cosigned_message(posix_seconds, text))

    def _signature(self, head: bytes, message: bytes) -> Signature:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        signed = Ed25519PrivateKey.from_private_bytes(self.seed).sign(message)
        return Signature(self.name, self.verifier.key_id, head + signed)


def parse_note(text: str) -> Note:
    """Read a signed note.

    Raises:
        NoteInvalid: not a signed note.
    """
    body, gap, signed = text.rpartition("\n\n")
    has_control = any(ord(one) < 32 and one != "\n" for one in text)
    if not gap or not signed.endswith("\n") or has_control or len(text) > MAX_NOTE_CHARACTERS:
        raise NoteInvalid("it is not a signed note")
    return Note(body + "\n", tuple(parse_signature(line) for line in signed[:-1].split("\n")))


def parse_signature(line: str) -> Signature:
    """Read one signature line, without its newline.

    Raises:
        NoteInvalid: not a signature line.
    """
    name, _, coded = line.removeprefix(SIGNATURE_MARK).partition(" ")
    content = _unbase64(coded)
    if not line.startswith(SIGNATURE_MARK) or not _NAME.fullmatch(name) or len(content) < 5:
        raise NoteInvalid(f"{line!r} is not a signature line")
    return Signature(name, content[:4], content[4:])


def parse_checkpoint(text: str) -> Checkpoint:
    """Read the text of a checkpoint's note.

    Raises:
        NoteInvalid: not a checkpoint.
    """
    origin, _, rest = text.partition("\n")
    number, _, rest = rest.partition("\n")
    coded, end, extensions = rest.partition("\n")
    root = _unbase64(coded)
    if not origin or not _NUMBER.fullmatch(number) or len(root) != 32 or not end or extensions:
        raise NoteInvalid("it is not a checkpoint")
    return Checkpoint(origin, int(number), root)


def cosigned_at(signature: Signature) -> datetime:
    """When a cosignature says it was made, UTC.

    Raises:
        NoteInvalid: it says no time there can be.
    """
    try:
        return datetime.fromtimestamp(int.from_bytes(signature.content[:8]), UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise NoteInvalid("its time is out of range") from error


def signers_of(note: Note, keys: Sequence[VerifierKey]) -> list[VerifierKey]:
    """Those of `keys` that signed the note."""
    return [key for key in keys if key.signature_on(note) is not None]


def _cosigned_message(posix_seconds: int, text: str) -> bytes:
    return f"cosignature/v1\ntime {posix_seconds}\n{text}".encode()


def _unbase64(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise NoteInvalid(f"{text[:100]!r} is not base64") from error
