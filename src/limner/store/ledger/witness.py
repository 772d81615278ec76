"""A witness: a key and a memory of its own, apart from the ledger it watches.

It cosigns a checkpoint only when that goes on from the last one it cosigned. So a ledger that was
cut short, forked, rewritten or restored from an old backup stays without its cosignature, even if
the ledger's own key was stolen. What it cannot see: entries that were false when they were
written, and anything behind the last checkpoint it was shown.

Everything it keeps lies in its folder: its key, and for each ledger the ledger's key as it first
saw it and the newest cosigned checkpoint, where C2SP tlog-witness has them.

Source: https://c2sp.org/tlog-witness, the checks of ``add-checkpoint``.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from limner.core.errors import LedgerBroken, StorageUnavailable, WitnessRefused
from limner.store.files import make_folder, write_new
from limner.store.ledger.keys import make_key, read_key
from limner.store.ledger.notes import (
    Checkpoint,
    Note,
    NoteInvalid,
    Purpose,
    Signature,
    SigningKey,
    VerifierKey,
    cosigned_at,
    parse_checkpoint,
    parse_note,
)
from limner.store.ledger.tree import EMPTY_ROOT, is_consistent

KEY_FILE = "witness.key"
PUBLIC_KEY_FILE = "witness.vkey"
LOG_KEY_FILE = "log.vkey"
CHECKPOINT_FILE = "checkpoint"
LOCK_FILE = "lock"
LOCK_SECONDS = 30.0


class Cosigned(NamedTuple):
    """What a witness did with a checkpoint.

    Attributes:
        checkpoint: that it cosigned.
        signature: its cosignature.
        num_before: entries it had cosigned before; 0 at the first sight of a ledger.
        is_first: it had never seen this ledger, so it took the ledger's key on trust.
    """

    checkpoint: Checkpoint
    signature: Signature
    num_before: int
    is_first: bool


class Remembered(NamedTuple):
    """What a witness last cosigned of one ledger."""

    checkpoint: Checkpoint
    cosigned_at: datetime


class Witness:
    """The witness of a folder.

    Args:
        folder: made with a key if it is not there.

    Raises:
        KeyRefused: its key is missing though it has cosigned before, or is open to others.
        StorageUnavailable: the folder cannot be written.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key = self._open_key()

    @property
    def key(self) -> VerifierKey:
        """Its public key."""
        return self._key.verifier

    def remembered(self, origin: str) -> Remembered | None:
        """What it last cosigned of the ledger with this name.

        Raises:
            LedgerBroken: what it wrote down was changed since.
        """
        path = self._folder_of(origin) / CHECKPOINT_FILE
        try:
            note = parse_note(path.read_text(encoding="utf-8"))
            signature = self.key.signature_on(note)
            if signature is None:
                raise NoteInvalid("it is not cosigned by this witness")
            return Remembered(parse_checkpoint(note.text), cosigned_at(signature))
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError, NoteInvalid) as error:
            raise LedgerBroken(
                f"The witness's own record {str(path)!r} cannot be trusted: {error}.",
                hint="Put the witness's folder back from its backup.",
            ) from error

    def origins(self) -> list[str]:
        """The names of the ledgers it has cosigned."""
        paths = sorted(self._folder.glob(f"*/{CHECKPOINT_FILE}"))
        return [path.read_text(encoding="utf-8").partition("\n")[0] for path in paths]

    def cosign(
        self,
        note: Note,
        prove: Callable[[int, int], Sequence[bytes]],
        *,
        now: datetime,
        claimed_key: VerifierKey,
        log_key: VerifierKey | None = None,
    ) -> Cosigned:
        """Check a checkpoint against what it remembers, remember it, and cosign it.

        Args:
            note: the signed checkpoint.
            prove: gives the consistency proof between two sizes; it need not be trusted.
            now: UTC.
            claimed_key: the ledger's key as the ledger says; believed at the first sight only.
            log_key: the ledger's key as a person says, at the first sight or when it was rotated.

        Raises:
            WitnessRefused: with the code ``not_signed``, ``cut_short``, ``forked``, or
                ``clock_jumped_back``. Nothing is cosigned or remembered.
            LedgerBroken: the proof cannot be made, or the witness's own record was changed.
        """
        from filelock import FileLock, Timeout

        try:
            with FileLock(self._folder / LOCK_FILE, timeout=LOCK_SECONDS):
                return self._cosign_alone(note, prove, now, claimed_key, log_key)
        except Timeout as error:
            raise StorageUnavailable(
                f"The witness in {str(self._folder)!r} is busy in another process.",
                retryable=True,
            ) from error

    def _cosign_alone(
        self,
        note: Note,
        prove: Callable[[int, int], Sequence[bytes]],
        now: datetime,
        claimed_key: VerifierKey,
        said_key: VerifierKey | None,
    ) -> Cosigned:
        # 1. The ledger's own key signed it.
        checkpoint = _checkpoint_in(note)
        known = self._known_log_key(checkpoint.origin)
        log_key = said_key or known or claimed_key
        if log_key.name != checkpoint.origin or log_key.signature_on(note) is None:
            raise _not_signed(checkpoint, log_key)
        # 2. It goes on from the one cosigned last.
        last = self.remembered(checkpoint.origin)
        if last is not None:
            _require_going_on(last, checkpoint, prove)
            _require_later(last, now)
        elif checkpoint.num_entries == 0 and checkpoint.root != EMPTY_ROOT:
            raise _forked("an empty ledger has another root")
        # 3. Remember it, then answer.
        signature = self._key.cosign(note.text, now)
        self._remember(checkpoint, log_key, note.signed_also(signature))
        num_before = 0 if last is None else last.checkpoint.num_entries
        return Cosigned(checkpoint, signature, num_before, known is None)

    def _remember(self, checkpoint: Checkpoint, log_key: VerifierKey, note: Note) -> None:
        folder = self._folder_of(checkpoint.origin)
        make_folder(folder)
        write_new(folder / LOG_KEY_FILE, f"{log_key}\n".encode(), overwrite=True)
        write_new(folder / CHECKPOINT_FILE, str(note).encode(), overwrite=True)

    def _known_log_key(self, origin: str) -> VerifierKey | None:
        path = self._folder_of(origin) / LOG_KEY_FILE
        try:
            return VerifierKey.parse(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError, NoteInvalid) as error:
            raise LedgerBroken(f"The witness's record {str(path)!r} is no key.") from error

    def _folder_of(self, origin: str) -> Path:
        return self._folder / hashlib.sha256(origin.encode()).hexdigest()

    def _open_key(self) -> SigningKey:
        path = self._folder / KEY_FILE
        has_worked = (self._folder / PUBLIC_KEY_FILE).exists()
        if path.exists() or has_worked:
            return read_key(path, Purpose.COSIGNATURE)
        key = make_key(path, f"limner/witness/{secrets.token_hex(8)}", Purpose.COSIGNATURE)
        write_new(self._folder / PUBLIC_KEY_FILE, f"{key.verifier}\n".encode())
        return key


def _checkpoint_in(note: Note) -> Checkpoint:
    try:
        return parse_checkpoint(note.text)
    except NoteInvalid as error:
        raise WitnessRefused(f"This is no checkpoint: {error}.", code="not_signed") from error


def _not_signed(checkpoint: Checkpoint, log_key: VerifierKey) -> WitnessRefused:
    return WitnessRefused(
        f"The checkpoint of {checkpoint.num_entries} entries is not signed by the key the witness "
        f"knows, {log_key}.",
        code="not_signed",
        hint="If the ledger's key was rotated, give the new one with --log-key.",
    )


def _forked(how: str) -> WitnessRefused:
    return WitnessRefused(
        f"The ledger is not the one the witness cosigned before: {how}.",
        code="forked",
        hint="Compare it with an export or a backup from before; do not go on with this one.",
    )


def _require_going_on(
    last: Remembered, checkpoint: Checkpoint, prove: Callable[[int, int], Sequence[bytes]]
) -> None:
    before, now = last.checkpoint, checkpoint
    when = f"{last.cosigned_at:%Y-%m-%d %H:%M:%S} UTC"
    if now.num_entries < before.num_entries:
        raise WitnessRefused(
            f"The ledger has {now.num_entries} entries, but the witness saw {before.num_entries} "
            f"on {when}: it was cut short or restored from an old backup.",
            code="cut_short",
            hint="Put the newest backup back; what was decided since is missing from this one.",
        )
    if now.num_entries == before.num_entries and now.root != before.root:
        raise _forked(f"it has {now.num_entries} other entries than on {when}")
    if before.num_entries == 0:
        return
    try:
        proof = prove(before.num_entries, now.num_entries)
    except LedgerBroken as error:
        raise _forked(f"it cannot prove that it goes on ({error.message})") from error
    if not is_consistent(before.num_entries, now.num_entries, proof, before.root, now.root):
        raise _forked(f"its first {before.num_entries} entries are others than on {when}")


def _require_later(last: Remembered, now: datetime) -> None:
    if int(now.timestamp()) < int(last.cosigned_at.timestamp()):
        raise WitnessRefused(
            f"The clock says {now:%Y-%m-%d %H:%M:%S} UTC, before the last cosignature on "
            f"{last.cosigned_at:%Y-%m-%d %H:%M:%S} UTC: it jumped back.",
            code="clock_jumped_back",
            hint="Set the clock right and try again.",
        )
