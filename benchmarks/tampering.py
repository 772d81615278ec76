"""Ways to tamper with a ledger, each tried on a real database or a real export.

Three attackers: the *hand* changes what is stored and nothing else; the *careful* one makes every
hash fit again but has no key; the *thief* has the ledger's own key and signs everything anew.
Every attempt ends with the ledger as it was.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import numpy as np
import sqlalchemy as sa

from limner.core.errors import LedgerBroken, WitnessRefused
from limner.store.ledger import verifier
from limner.store.ledger.appending import append_entries, find_entries, hash_reader
from limner.store.ledger.checkpoints import find_note, sign_checkpoint
from limner.store.ledger.entries import Draft, Entry, Kind
from limner.store.ledger.notes import Note, VerifierKey
from limner.store.ledger.tiles import Tile, export_tiles, read_export, tiles_of
from limner.store.ledger.tree import TILE_WIDTH, consistency_proof, fold, leaf_hash
from limner.store.ledger.verifying import verify_ledger
from limner.store.ledger.witness import Witness
from limner.store.repository import Store

OPERATIONS = ("edit", "delete", "insert", "swap", "truncate", "fork")
SHORTENING = ("truncate", "fork")  # a careful attacker then removes the later checkpoints as well
ATTACKERS = ("hand", "careful", "thief")
PLACES = ("database", "export")
START = datetime(2026, 1, 1, tzinfo=UTC)
SEGMENTS, SEGMENT_ENTRIES = 9, 40

Prove = Callable[[int, int], Sequence[bytes]]


class Attempt(NamedTuple):
    """One tampering: what, by whom, where."""

    operation: str
    attacker: str
    place: str


class Ground:
    """A ledger with a witness that has seen all of it, to be tampered with again and again."""

    def __init__(self, folder: Path, rng: np.random.Generator) -> None:
        self.rng = rng
        self.keys = folder / "home" / "keys"
        self.folder = folder / "export"
        self.store = Store.open(folder / "home")
        self._fill()
        ledger = self.store.ledger
        note, key = ledger.note(), ledger.key()
        assert note is not None
        assert key is not None
        self.key: VerifierKey = key
        self._witness_folder = folder / "witness"
        self.witness = Witness(self._witness_folder)
        self._cosign(note, ledger.prove_consistency)
        shutil.copytree(self._witness_folder, folder / "witness as it was")
        with self.undone() as connection:
            self.entries = list(find_entries(connection))
            export_tiles(connection, note, str(key), self.folder)
            assert self.caught_in_database(connection) == "nobody", "it holds before tampering"
        assert self.caught_in_export() == "nobody", "it holds before tampering"
        paths = [one for one in self.folder.rglob("*") if one.is_file()]
        self._exported = {path: path.read_bytes() for path in paths}
        self.files = {tile: self._path(tile).read_bytes() for tile in tiles_of(len(self.entries))}

    def _fill(self) -> None:
        ledger = self.store.ledger
        for segment in range(SEGMENTS):
            now = START + timedelta(minutes=segment)
            drafts = [_draft(segment * SEGMENT_ENTRIES + k) for k in range(SEGMENT_ENTRIES)]
            ledger.append_all(drafts, recorded_at=now)
            ledger.sign(now)
        with self.store._engine.connect() as connection:
            names = "SELECT name FROM sqlite_master WHERE type = 'trigger'"
            for name in connection.scalars(sa.text(names)).all():
                connection.exec_driver_sql(f"DROP TRIGGER {name}")
            connection.commit()

    @contextmanager
    def undone(self) -> Iterator[sa.Connection]:
        """A write transaction that is rolled back at the end."""
        with self.store._engine.connect() as connection:
            connection.begin()
            yield connection
            connection.rollback()

    def caught_in_database(self, connection: sa.Connection) -> str:
        """Who tells that the database was tampered with: verifier, witness or nobody."""
        if not verify_ledger(connection, key=self.key).is_good:
            return "verifier"
        note = find_note(connection)
        if note is None:  # there is nothing to show the witness, so it is asked what it remembers
            remembered = self.witness.remembered(self.key.name)
            assert remembered is not None
            found = verify_ledger(connection, known=remembered.checkpoint)
            return "nobody" if found.is_good else "witness"
        read = hash_reader(connection)
        return self._caught_by_witness(note, lambda a, b: consistency_proof(read, a, b))

    def caught_in_export(self) -> str:
        """Who tells that the export was tampered with."""
        try:
            verifier.check_folder(self.folder, [str(self.key)])
        except (ValueError, OSError, LookupError, TypeError):
            return "verifier"
        note, read = read_export(self.folder)
        return self._caught_by_witness(note, lambda a, b: consistency_proof(read, a, b))

    def _caught_by_witness(self, note: Note, prove: Prove) -> str:
        remembered = self.witness.remembered(self.key.name)
        try:
            self._cosign(note, prove)
        except (WitnessRefused, LedgerBroken):
            return "witness"
        is_new = remembered != self.witness.remembered(self.key.name)
        if is_new and self._witness_folder.with_name("witness as it was").exists():
            shutil.rmtree(self._witness_folder)
            shutil.copytree(
                self._witness_folder.with_name("witness as it was"), self._witness_folder
            )
        return "nobody"

    def _cosign(self, note: Note, prove: Prove) -> None:
        now = START + timedelta(days=1)
        self.witness.cosign(note, prove, now=now, claimed_key=self.key)

    def _path(self, tile: Tile) -> Path:
        return self.folder / tile.path

    # ---- the attempts

    def attempt(self, tampering: Attempt) -> str:
        """Tamper, see who tells, and put everything back."""
        changed, first = self._changed(tampering.operation)
        if tampering.place == "export" and tampering.attacker != "thief":
            self._change_export(changed, tampering)
            caught = self.caught_in_export()
            self._restore_export()
            return caught
        with self.undone() as connection:
            self._change_database(connection, changed, first, tampering)
            if tampering.place == "database":
                return self.caught_in_database(connection)
            note = find_note(connection)
            assert note is not None, "a thief signs"
            shutil.rmtree(self.folder)
            export_tiles(connection, note, str(self.key), self.folder)
        caught = self.caught_in_export()
        shutil.rmtree(self.folder)
        self._restore_export()
        return caught

    def _changed(self, operation: str) -> tuple[list[Entry], int]:
        """The entries as the attacker wants them, and the first place that differs."""
        entries, rng = list(self.entries), self.rng
        at = int(rng.integers(1, len(entries)))
        while entries[at].kind == Kind.CHECKPOINT:
            at = int(rng.integers(1, len(entries)))
        other = at
        while other == at or entries[other].kind == Kind.CHECKPOINT:
            other = int(rng.integers(1, len(entries)))
        match operation:
            case "edit":
                entries[at] = self._other(at)
            case "delete":
                del entries[at]
            case "insert":
                entries.insert(at, self._other(at))
            case "swap":
                entries[at], entries[other] = entries[other], entries[at]
                at = min(at, other)
            case "truncate":
                del entries[at:]
            case _:
                num_new = int(rng.integers(1, 2 * (len(entries) - at) + 1))
                entries[at:] = [self._other(at + k) for k in range(num_new)]
        return entries, at

    def _other(self, position: int) -> Entry:
        draft = _draft(int(self.rng.integers(10**6, 10**9)))
        return Entry.of(draft, position, START + timedelta(minutes=SEGMENTS))

    def _change_database(
        self, connection: sa.Connection, changed: list[Entry], first: int, tampering: Attempt
    ) -> None:
        if tampering.attacker == "hand":
            _write_rows(connection, changed, first)
            return
        is_thief, shortens = tampering.attacker == "thief", tampering.operation in SHORTENING
        _cut(connection, first, cuts_checkpoints=is_thief or shortens)
        now = START + timedelta(minutes=SEGMENTS)
        drafts: list[Draft] = []
        for entry in changed[first:]:
            if entry.kind == Kind.CHECKPOINT and is_thief:
                append_entries(connection, drafts, recorded_at=now)
                sign_checkpoint(connection, self.keys, now)
                drafts = []
            else:
                drafts.append(
                    Draft(kind=entry.kind, document=entry.document, subject=entry.subject)
                )
        append_entries(connection, drafts, recorded_at=now)
        if is_thief:
            sign_checkpoint(connection, self.keys, now)

    def _change_export(self, changed: list[Entry], tampering: Attempt) -> None:
        contents = [entry.text.encode() for entry in changed]
        is_hand = tampering.attacker == "hand"
        if is_hand and tampering.operation == "edit":
            tile = list(self.files)[int(self.rng.integers(len(self.files)))]
            content = bytearray(self.files[tile])
            content[int(self.rng.integers(len(content)))] ^= 1 << int(self.rng.integers(8))
            self._path(tile).write_bytes(content)
            return
        for tile in self.files:
            if tile.level is None or not is_hand:
                self._path(tile).write_bytes(_tile_content(tile, contents))

    def _restore_export(self) -> None:
        for path, content in self._exported.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)


def _draft(number: int) -> Draft:
    return Draft(
        kind=Kind.DECISION,
        subject=f"sha256:{number:064x}",
        document={"outcome": "released", "score": round(number % 97 / 97, 6), "number": number},
    )


def _cut(connection: sa.Connection, first: int, *, cuts_checkpoints: bool) -> None:
    """Remove entries and kept hashes from a place on, as if they had never been."""
    connection.exec_driver_sql("DELETE FROM ledger_entries WHERE position >= ?", (first,))
    level, unit = 1, TILE_WIDTH
    while unit <= TILE_WIDTH**3:
        statement = "DELETE FROM ledger_nodes WHERE level = ? AND position >= ?"
        connection.exec_driver_sql(statement, (level, first // unit))
        level, unit = level + 1, unit * TILE_WIDTH
    if cuts_checkpoints:
        connection.exec_driver_sql("DELETE FROM ledger_checkpoints WHERE num_entries > ?", (first,))


def _write_rows(connection: sa.Connection, changed: list[Entry], first: int) -> None:
    """Put rows in the place of others, each with its own leaf hash; nothing else is touched."""
    connection.exec_driver_sql("DELETE FROM ledger_entries WHERE position >= ?", (first,))
    for position, entry in enumerate(changed[first:], first):
        row = (
            position,
            entry.kind,
            entry.subject,
            entry.recorded_at.isoformat(),
            leaf_hash(entry.text.encode()),
            entry.text,
        )
        connection.exec_driver_sql("INSERT INTO ledger_entries VALUES (?, ?, ?, ?, ?, ?)", row)


def _tile_content(tile: Tile, contents: list[bytes]) -> bytes:
    """A tile over other entries, for the size that was signed; the last one takes what is left."""
    start = tile.number * TILE_WIDTH
    is_last = tile.width < TILE_WIDTH
    if tile.level is None:
        chosen = contents[start:] if is_last else contents[start : start + TILE_WIDTH]
        return b"".join(len(one).to_bytes(2) + one for one in chosen)
    hashes = [leaf_hash(one) for one in contents]
    if tile.level > 0:
        whole = range(TILE_WIDTH, len(hashes) + 1, TILE_WIDTH)
        hashes = [fold(hashes[k - TILE_WIDTH : k]) for k in whole]
    return b"".join(hashes[start:] if is_last else hashes[start : start + TILE_WIDTH])
