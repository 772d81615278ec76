"""Verifying the ledger in the database: every entry, every kept hash, every signature, in words.

What it can show: that entries and checkpoints hold together and nothing signed was changed. What
it cannot: entries that were never written, or a ledger cut short and signed again with its own
key; the first is for reconcile.py, the second for a witness.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

import sqlalchemy as sa

from limner.core.errors import LedgerBroken
from limner.store import schema
from limner.store.ledger.checkpoints import find_note
from limner.store.ledger.entries import Entry, Kind
from limner.store.ledger.notes import (
    Checkpoint,
    Note,
    NoteInvalid,
    VerifierKey,
    parse_checkpoint,
)
from limner.store.ledger.tree import Frontier, leaf_hash

CLOCK_SLACK = timedelta(seconds=60)  # an image is dated before its writer waits for its turn
MAX_FAULTS = 100  # a ledger that was replaced has as many as entries; a person reads the first

_entries = schema.ledger_entries.c
_nodes = schema.ledger_nodes.c
_checkpoints = schema.ledger_checkpoints.c


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """What verifying found.

    Attributes:
        origin: the ledger's name; ``None`` if it is empty.
        num_entries: read.
        num_signed: of those under the newest good checkpoint.
        num_checkpoints: read.
        num_cosignatures: kept from witnesses.
        key: that signed the newest checkpoint.
        faults: each one sentence about one place; none if the ledger holds together.
        remarks: what a person should know though it is no fault.
    """

    origin: str | None
    num_entries: int
    num_signed: int
    num_checkpoints: int
    num_cosignatures: int
    key: VerifierKey | None
    faults: tuple[str, ...]
    remarks: tuple[str, ...]

    @property
    def is_good(self) -> bool:
        """Nothing was found wrong."""
        return not self.faults


class _Stored(NamedTuple):
    """A row of the ledger as bytes, whatever was put there."""

    position: int
    leaf_sha256: bytes
    kind: bytes
    subject: bytes | None
    recorded_at: bytes
    text: bytes


@dataclass(slots=True)
class _Walk:
    """What is known while the ledger is read from its first entry to its last."""

    frontier: Frontier = field(default_factory=Frontier)
    nodes: dict[tuple[int, int], bytes] = field(default_factory=dict[tuple[int, int], bytes])
    faults: list[str] = field(default_factory=list[str])
    remarks: list[str] = field(default_factory=list[str])
    signers: dict[int, list[VerifierKey]] = field(default_factory=dict[int, list[VerifierKey]])
    key: VerifierKey | None = None
    latest: datetime | None = None
    origin: str | None = None

    def blame(self, sentence: str) -> None:
        self.faults.append(sentence)


def verify_ledger(
    connection: sa.Connection, *, known: Checkpoint | None = None, key: VerifierKey | None = None
) -> Verification:
    """Read the whole ledger and recompute everything that can be.

    Args:
        connection: reading; it sees one state of the ledger.
        known: a checkpoint kept elsewhere, such as by a witness, that the ledger must go on from.
        key: the key it must be signed with now, where that is known from elsewhere.
    """
    walk = _Walk()
    # 1. What was signed, by size, to be compared when the walk gets there.
    notes = _signed_notes(connection, walk)
    checkpoints = [parse_checkpoint(note.text) for note in notes.values()]
    roots = _roots_by_size([*checkpoints, *([known] if known else [])])
    # 2. Every entry: its place, its text, its hash; the roots at every signed size.
    for stored in _stored_entries(connection):
        _verify_entry(walk, stored)
        _verify_roots(walk, roots.pop(walk.frontier.num_leaves, []))
    for size in sorted(roots):
        walk.blame(
            f"A checkpoint of {size} entries was signed, but there are only "
            f"{walk.frontier.num_leaves}: the ledger was cut short."
        )
    # 3. The hashes kept beside the entries.
    _verify_nodes(connection, walk)
    # 4. Who signed.
    _verify_signatures(walk, notes)
    if key is not None and walk.key not in (None, key):
        walk.blame(f"The ledger is signed with {walk.key}, not with the expected {key}.")
    # 5. What is behind the last checkpoint.
    num_signed = max((size for size in notes if size <= walk.frontier.num_leaves), default=0)
    _remark_unsigned(walk, num_signed)
    return Verification(
        origin=walk.origin,
        num_entries=walk.frontier.num_leaves,
        num_signed=num_signed,
        num_checkpoints=len(notes),
        num_cosignatures=_count(connection, schema.ledger_cosignatures),
        key=walk.key,
        faults=_shortened(walk.faults),
        remarks=_shortened(walk.remarks),
    )


def _stored_entries(connection: sa.Connection) -> Iterator[_Stored]:
    texts = (_entries.kind, _entries.subject, _entries.recorded_at, _entries.entry)
    as_bytes = [sa.cast(one, sa.LargeBinary) for one in texts]
    query = sa.select(_entries.position, _entries.leaf_sha256, *as_bytes)
    query = query.order_by(_entries.position).execution_options(yield_per=1000)
    return (_Stored(*row) for row in connection.execute(query))


def _signed_notes(connection: sa.Connection, walk: _Walk) -> dict[int, Note]:
    notes: dict[int, Note] = {}
    query = sa.select(_checkpoints.num_entries).order_by(_checkpoints.num_entries)
    for size in connection.scalars(query).all():
        try:
            note = find_note(connection, size)
        except LedgerBroken as error:
            walk.blame(error.message)
            continue
        assert note is not None
        said = parse_checkpoint(note.text).num_entries
        if said == size:
            notes[size] = note
        else:
            walk.blame(f"The checkpoint kept for {size} entries speaks of {said}.")
    return notes


def _roots_by_size(checkpoints: list[Checkpoint]) -> dict[int, list[bytes]]:
    roots: dict[int, list[bytes]] = {}
    for one in checkpoints:
        roots.setdefault(one.num_entries, []).append(one.root)
    return roots


def _verify_entry(walk: _Walk, stored: _Stored) -> None:
    position, expected = stored.position, walk.frontier.num_leaves
    if position != expected:
        walk.blame(f"Entry {expected} is missing: entry {position} comes in its place.")
    leaf = leaf_hash(stored.text)
    if leaf != stored.leaf_sha256:
        kind = stored.kind.decode(errors="replace")
        walk.blame(f"Entry {position} ({kind}) was changed: its text has another hash.")
    walk.nodes.update({(level, number): node for level, number, node in walk.frontier.add(leaf)})
    try:
        entry = Entry.from_text(position, stored.text.decode())
    except ValueError as error:
        walk.blame(f"Entry {position} cannot be read: {error}.")
        return
    columns = (stored.kind, stored.subject, stored.recorded_at)
    said = (entry.kind, entry.subject, entry.recorded_at.isoformat())
    if columns != tuple(None if one is None else one.encode() for one in said):
        walk.blame(f"Entry {position} is filed as something else than its text says.")
    _verify_beginning(walk, entry)
    _verify_key(walk, entry)
    _remark_clock(walk, entry)


def _verify_beginning(walk: _Walk, entry: Entry) -> None:
    is_first, is_beginning = entry.position == 0, entry.kind == Kind.LEDGER_BEGUN
    if is_first and is_beginning:
        walk.origin = str(entry.document.get("origin"))
    elif is_first or is_beginning:
        walk.blame(f"Entry {entry.position} is {entry.kind!r}; a ledger begins once, at entry 0.")


def _remark_clock(walk: _Walk, entry: Entry) -> None:
    back = timedelta() if walk.latest is None else walk.latest - entry.recorded_at
    if back > CLOCK_SLACK:
        walk.remarks.append(
            f"Entry {entry.position} is dated {back} before one ahead of it: the clock "
            "jumped back. The order of the entries stands; that date does not."
        )
    walk.latest = entry.recorded_at


def _verify_key(walk: _Walk, entry: Entry) -> None:
    """Follow the key from checkpoint to checkpoint; it changes by a rotation only."""
    if entry.kind not in (Kind.CHECKPOINT, Kind.KEYS_ROTATED):
        return
    try:
        key = VerifierKey.parse(str(entry.document.get("key")))
    except NoteInvalid as error:
        walk.blame(f"Entry {entry.position} names no key: {error}.")
        return
    signers = [key]
    if entry.kind == Kind.CHECKPOINT:
        if walk.key not in (None, key):
            walk.blame(f"Entry {entry.position} takes the key {key} without a rotation.")
    elif entry.document.get("old_key") != str(walk.key):
        walk.blame(f"Entry {entry.position} rotates a key that was not in force.")
    elif entry.document.get("is_signed_by_old") is True and walk.key is not None:
        signers.append(walk.key)
    else:
        walk.remarks.append(
            f"Entry {entry.position} takes a new key, {key}, and the old one did not sign that: "
            "believe it only if you know that the old key was lost."
        )
    walk.signers[entry.position + 1], walk.key = signers, key


def _verify_roots(walk: _Walk, roots: list[bytes]) -> None:
    if any(root != walk.frontier.root for root in roots):
        walk.blame(
            f"The first {walk.frontier.num_leaves} entries are not those that were signed: their "
            "root differs from the checkpoint's."
        )


def _verify_nodes(connection: sa.Connection, walk: _Walk) -> None:
    query = sa.select(_nodes.level, _nodes.position, _nodes.node_sha256)
    for level, position, node_sha256 in connection.execute(query):
        if walk.nodes.pop((level, position), None) != node_sha256:
            walk.blame(f"The kept hash {position} of level {level} is not that of its entries.")
    for level, position in walk.nodes:
        walk.blame(f"The kept hash {position} of level {level} is missing.")


def _verify_signatures(walk: _Walk, notes: dict[int, Note]) -> None:
    for size in sorted(walk.signers.keys() - notes.keys()):
        walk.blame(f"The checkpoint of {size} entries is missing, though entry {size - 1} is it.")
    for size, note in notes.items():
        signers = walk.signers.get(size)
        if signers is None:
            if size <= walk.frontier.num_leaves:
                walk.blame(f"A checkpoint of {size} entries is kept that is not in the ledger.")
            continue
        if parse_checkpoint(note.text).origin != walk.origin:
            walk.blame(f"The checkpoint of {size} entries is of another ledger.")
        walk.faults += [
            f"The checkpoint of {size} entries is not signed by the ledger's key {key}."
            for key in signers
            if key.signature_on(note) is None
        ]


def _remark_unsigned(walk: _Walk, num_signed: int) -> None:
    num_unsigned = walk.frontier.num_leaves - num_signed
    if num_unsigned > 0:
        walk.remarks.append(
            f"The last {num_unsigned} entries are not under a checkpoint yet; until they are, "
            "nobody could tell if they were changed."
        )


def _count(connection: sa.Connection, table: sa.Table) -> int:
    return connection.scalar(sa.select(sa.func.count()).select_from(table)) or 0


def _shortened(sentences: list[str]) -> tuple[str, ...]:
    if len(sentences) <= MAX_FAULTS:
        return tuple(sentences)
    return (*sentences[:MAX_FAULTS], f"And {len(sentences) - MAX_FAULTS} more of the kind.")
