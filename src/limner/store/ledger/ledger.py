"""The ledger of one data folder: appending, signing, proving, verifying, each a transaction.

Code that is inside a transaction already uses the functions of appending.py and commitments.py
instead. What is appended is signed when the cadence says so, or on demand.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa

from limner.core.errors import LedgerBroken
from limner.store.blobs import BlobFolder
from limner.store.database import empty_log, reading, transaction
from limner.store.ledger import checkpoints, commitments
from limner.store.ledger.appending import (
    append_entries,
    append_entry,
    count_entries,
    find_entries,
    find_entry,
    find_origin,
    hash_reader,
)
from limner.store.ledger.checkpoints import Cadence
from limner.store.ledger.entries import Draft, Entry
from limner.store.ledger.keys import read_key
from limner.store.ledger.notes import (
    Checkpoint,
    Note,
    Purpose,
    Signature,
    VerifierKey,
    parse_checkpoint,
)
from limner.store.ledger.reconcile import Reconciliation, reconcile
from limner.store.ledger.tree import consistency_proof, inclusion_proof
from limner.store.ledger.verifying import Verification, verify_ledger

KEYS_FOLDER = "keys"


class Ledger:
    """The ledger beside a store's images.

    Args:
        engine: of the store's database.
        blobs: of the store.
        keys: folder of the ledger's key.
        cadence: when appended entries are signed.
    """

    def __init__(
        self, engine: sa.Engine, blobs: BlobFolder, keys: Path, cadence: Cadence | None = None
    ) -> None:
        self._engine = engine
        self._blobs = blobs
        self._keys = keys
        self._cadence = cadence or Cadence()

    def append(
        self,
        kind: str,
        document: Mapping[str, object],
        *,
        recorded_at: datetime,
        subject: str | None = None,
    ) -> Entry:
        """Append one entry, durably; see `append_entry`.

        Raises:
            EntryInvalid: kind or document is not allowed.
            KeyRefused: it is appended, but a checkpoint was due and could not be signed.
            StorageUnavailable: the database cannot be written.
        """
        with transaction(self._engine) as connection:
            entry = append_entry(
                connection, kind, document, recorded_at=recorded_at, subject=subject
            )
        self.sign_if_due(recorded_at)
        return entry

    def append_all(self, drafts: Sequence[Draft], *, recorded_at: datetime) -> list[Entry]:
        """Append entries together or not at all; errors as `append`."""
        with transaction(self._engine) as connection:
            entries = append_entries(connection, drafts, recorded_at=recorded_at)
        self.sign_if_due(recorded_at)
        return entries

    def count(self) -> int:
        """How many entries there are."""
        with reading(self._engine) as connection:
            return count_entries(connection)

    def entry_at(self, position: int) -> Entry | None:
        """The entry at this position."""
        with reading(self._engine) as connection:
            return find_entry(connection, position)

    def entries_of(
        self,
        kind: str | None = None,
        *,
        subject: str | None = None,
        after: int = -1,
        before: int | None = None,
        num_last: int | None = None,
    ) -> list[Entry]:
        """Entries in their order; see `find_entries`."""
        with reading(self._engine) as connection:
            return list(
                find_entries(
                    connection,
                    kind,
                    subject=subject,
                    after=after,
                    before=before,
                    num_last=num_last,
                )
            )

    def sign(self, now: datetime) -> Note | None:
        """Sign what is not signed yet; see `sign_checkpoint`."""
        with transaction(self._engine) as connection:
            return checkpoints.sign_checkpoint(connection, self._keys, now)

    def sign_if_due(self, now: datetime) -> None:
        """Sign if the cadence says so. Errors as `sign`."""
        with reading(self._engine) as connection:
            is_due = checkpoints.is_due(connection, self._cadence, now)
        if is_due:
            self.sign(now)

    def rotate_key(self, now: datetime) -> Note:
        """Take a new key; see `checkpoints.rotate_key`."""
        with transaction(self._engine) as connection:
            note = checkpoints.rotate_key(connection, self._keys, now)
        checkpoints.settle_rotation(self._keys)
        return note

    def note(self) -> Note | None:
        """The newest checkpoint with its cosignatures."""
        with reading(self._engine) as connection:
            return checkpoints.find_note(connection)

    def key(self) -> VerifierKey | None:
        """The public key in force; ``None`` if nothing was signed yet."""
        with reading(self._engine) as connection:
            return checkpoints.find_key(connection)

    def own_key(self) -> VerifierKey | None:
        """The public half of the key in this install's key file; ``None`` before there is one.

        Raises:
            KeyRefused: it is missing though the ledger was signed, or cannot be used.
        """
        path = self._keys / checkpoints.KEY_FILE
        with reading(self._engine) as connection:
            checkpoints.settle_if_committed(connection, self._keys)
            if not path.exists() and checkpoints.count_signed(connection) == 0:
                return None
        return read_key(path, Purpose.NOTE).verifier

    def origin(self) -> str | None:
        """The name of this ledger; ``None`` while it is empty."""
        with reading(self._engine) as connection:
            return find_origin(connection)

    def add_cosignature(self, num_entries: int, signature: Signature) -> None:
        """Keep a witness's cosignature on the checkpoint of this size."""
        with transaction(self._engine) as connection:
            checkpoints.add_cosignature(connection, num_entries, signature)

    def prove_inclusion(self, position: int, num_entries: int) -> list[bytes]:
        """See `inclusion_proof`."""
        with reading(self._engine) as connection:
            return inclusion_proof(hash_reader(connection), position, num_entries)

    def prove_consistency(self, num_before: int, num_entries: int) -> list[bytes]:
        """See `consistency_proof`."""
        with reading(self._engine) as connection:
            return consistency_proof(hash_reader(connection), num_before, num_entries)

    def verify(
        self, *, known: Checkpoint | None = None, key: VerifierKey | None = None
    ) -> Verification:
        """See `verify_ledger`."""
        with reading(self._engine) as connection:
            return verify_ledger(connection, known=known, key=key)

    def export(self, folder: Path) -> tuple[Checkpoint, int]:
        """Write the signed part of the ledger as static tiles; see `export_tiles`.

        Returns:
            The checkpoint that was exported, and how many files were written.
        """
        from limner.store.ledger.tiles import export_tiles

        with reading(self._engine) as connection:
            note, key = checkpoints.find_note(connection), checkpoints.find_key(connection)
            if note is None or key is None:
                raise LedgerBroken("The ledger has no checkpoint yet, so there is none to export.")
            num_written = export_tiles(connection, note, str(key), folder)
        return parse_checkpoint(note.text), num_written

    def reconcile(self) -> Reconciliation:
        """Compare files, rows and entries; see `reconcile`."""
        files = self._blobs.settled()  # before the rows are read: each has a row by then
        with reading(self._engine) as connection:
            return reconcile(connection, self._blobs, files)

    def commit(self, subject: str, value: str) -> str:
        """A commitment to personal data, to be put into an entry; see `keep_commitment`."""
        with transaction(self._engine) as connection:
            return commitments.keep_commitment(connection, subject, value)

    def erase(
        self, subject: str, *, reason: str, recorded_at: datetime, is_public: bool = False
    ) -> int:
        """Delete the salts of `subject` for good; see `commitments.erase`.

        Raises:
            StorageUnavailable: another process is reading, so that the log of the database still
                holds the salts; erasing again finishes it.
        """
        with transaction(self._engine) as connection:
            num_erased = commitments.erase(
                connection, subject, reason=reason, recorded_at=recorded_at, is_public=is_public
            )
        empty_log(self._engine)
        self.sign_if_due(recorded_at)
        return num_erased
