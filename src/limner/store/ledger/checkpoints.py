"""Checkpoints: signing the ledger as it stands, and keeping what was signed.

A checkpoint is the last entry of what it covers; so the time it was signed, and the key, are in
the ledger too. None is signed that does not go on from the one before. Every function works inside
the caller's transaction.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import sqlalchemy as sa

from limner.core.errors import KeyRefused, LedgerBroken
from limner.store import schema
from limner.store.ledger.appending import (
    append_entry,
    count_entries,
    find_entries,
    find_origin,
    hash_reader,
)
from limner.store.ledger.entries import Kind
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
    parse_signature,
)
from limner.store.ledger.tree import consistency_proof, is_consistent, tree_root

KEY_FILE = "ledger.key"
NEXT_KEY_FILE = "ledger.key.next"

_checkpoints = schema.ledger_checkpoints.c
_cosignatures = schema.ledger_cosignatures.c
_entries = schema.ledger_entries.c
_NUM_SIGNED = sa.select(
    sa.func.coalesce(sa.func.max(_checkpoints.num_entries), 0)
).scalar_subquery()
_COUNT_SIGNED = sa.select(_NUM_SIGNED)
_STANDING = sa.select(
    _NUM_SIGNED.label("num_signed"),
    sa.select(sa.func.max(_entries.position)).scalar_subquery().label("last"),
    sa.select(_entries.recorded_at)
    .where(_entries.position == _NUM_SIGNED)
    .scalar_subquery()
    .label("unsigned_since"),
)


class Cadence(NamedTuple):
    """When a checkpoint is due: this many entries, or this long since the first unsigned one."""

    num_entries: int = 256
    seconds: float = 60.0


def sign_checkpoint(connection: sa.Connection, keys: Path, now: datetime) -> Note | None:
    """Sign the ledger as it stands.

    Args:
        connection: in a write transaction.
        keys: folder of the key; the key is made with the first checkpoint.
        now: UTC.

    Returns:
        The signed checkpoint; ``None`` if there is no entry that is not signed yet.

    Raises:
        KeyRefused: the key is missing, open to others, or not the one that signed before.
        LedgerBroken: the ledger does not go on from its last checkpoint.
    """
    num_signed = count_signed(connection)
    if count_entries(connection) == num_signed:
        return None
    key = _open_key(connection, keys)
    document = {"key": str(key.verifier), "num_entries_before": num_signed}
    append_entry(connection, Kind.CHECKPOINT, document, recorded_at=now)
    return _keep_signed(connection, [key], now)


def rotate_key(connection: sa.Connection, keys: Path, now: datetime) -> Note:
    """Take a new key; the checkpoint that says so is signed by the old one too, if it is there.

    Call `settle_rotation` when the transaction is committed.

    Raises:
        KeyRefused: there is no key yet, or the old one is open to others or not the ledger's.
        LedgerBroken: as `sign_checkpoint`.
    """
    last = find_key(connection)
    if last is None:
        raise KeyRefused("The ledger has no key yet: its first checkpoint makes one.")
    settle_if_committed(connection, keys)
    old = [_open_key(connection, keys)] if (keys / KEY_FILE).exists() else []
    (keys / NEXT_KEY_FILE).unlink(missing_ok=True)  # of a rotation that was never committed
    new = make_key(keys / NEXT_KEY_FILE, last.name, Purpose.NOTE)
    document = {"old_key": str(last), "is_signed_by_old": bool(old), "key": str(new.verifier)}
    append_entry(connection, Kind.KEYS_ROTATED, document, recorded_at=now)
    return _keep_signed(connection, [*old, new], now)


def settle_rotation(keys: Path) -> None:
    """Put the new key in the old one's place: the rotation is committed."""
    (keys / NEXT_KEY_FILE).replace(keys / KEY_FILE)


def settle_if_committed(connection: sa.Connection, keys: Path) -> None:
    """Finish a rotation whose process was killed between its commit and `settle_rotation`."""
    if not (keys / NEXT_KEY_FILE).exists():
        return
    waiting = read_key(keys / NEXT_KEY_FILE, Purpose.NOTE)
    if waiting.verifier == find_key(connection):
        settle_rotation(keys)


def is_due(connection: sa.Connection, cadence: Cadence, now: datetime) -> bool:
    """Whether a checkpoint is due."""
    standing = connection.execute(_STANDING).one()  # asked after every image: one statement
    if standing.unsigned_since is None:
        return False
    num_unsigned = standing.last + 1 - standing.num_signed
    age = now - datetime.fromisoformat(standing.unsigned_since)
    return num_unsigned >= cadence.num_entries or age >= timedelta(seconds=cadence.seconds)


def count_signed(connection: sa.Connection) -> int:
    """How many entries the newest checkpoint covers."""
    return connection.execute(_COUNT_SIGNED).scalar_one()


def find_note(connection: sa.Connection, num_entries: int | None = None) -> Note | None:
    """A checkpoint with every cosignature kept for it: the newest, or the one of this size.

    Raises:
        LedgerBroken: what is stored is not a signed note.
    """
    if num_entries is None:
        num_entries = count_signed(connection)
    query = sa.select(_checkpoints.note).where(_checkpoints.num_entries == num_entries)
    text = connection.scalar(query)
    if text is None:
        return None
    query = sa.select(_cosignatures.line).where(_cosignatures.num_entries == num_entries)
    lines = connection.scalars(query.order_by(_cosignatures.cosigned_at)).all()
    try:
        note = parse_note(text)
        parse_checkpoint(note.text)
        newest = {one.key_id: one for one in map(parse_signature, lines)}
    except NoteInvalid as error:
        raise LedgerBroken(
            f"The checkpoint of {num_entries} entries cannot be read: {error}.",
            hint="Run `limner log verify`.",
        ) from error
    return note.signed_also(*newest.values())


def add_cosignature(connection: sa.Connection, num_entries: int, signature: Signature) -> None:
    """Keep a witness's cosignature on the checkpoint of this size."""
    row = {
        "num_entries": num_entries,
        "witness": signature.name,
        "cosigned_at": cosigned_at(signature).isoformat(),
        "line": signature.line.rstrip("\n"),
    }
    key = schema.ledger_cosignatures.primary_key.columns
    is_kept = sa.exists().where(*(column == row[column.name] for column in key))
    if not connection.scalar(sa.select(is_kept)):
        connection.execute(schema.ledger_cosignatures.insert(), row)


def find_key(connection: sa.Connection) -> VerifierKey | None:
    """The key in force, as the ledger's entries say; ``None`` if it was never signed.

    Raises:
        LedgerBroken: the entry that names it names no key.
    """
    newest = [
        entry
        for kind in (Kind.CHECKPOINT, Kind.KEYS_ROTATED)
        for entry in find_entries(connection, kind, num_last=1)
    ]
    if not newest:
        return None
    entry = max(newest, key=lambda one: one.position)
    try:
        return VerifierKey.parse(str(entry.document.get("key")))
    except NoteInvalid as error:
        raise LedgerBroken(
            f"Entry {entry.position} names no key: {error}.", hint="Run `limner log verify`."
        ) from error


def _open_key(connection: sa.Connection, keys: Path) -> SigningKey:
    """The key in force, as the ledger says; made if the ledger was never signed."""
    origin = find_origin(connection)
    assert origin is not None, "a ledger with entries has a first one"
    last = find_key(connection)
    path = keys / KEY_FILE
    if last is None and not path.exists():
        return make_key(path, origin, Purpose.NOTE)
    settle_if_committed(connection, keys)
    key = read_key(path, Purpose.NOTE)
    if key.name != origin or last not in (None, key.verifier):
        raise KeyRefused(
            f"The key in {str(path)!r} is {key.verifier}; the ledger is signed with {last}.",
            hint="Put the ledger's own key back from a backup of the data folder.",
        )
    return key


def _keep_signed(connection: sa.Connection, keys: list[SigningKey], now: datetime) -> Note:
    checkpoint = Checkpoint(
        keys[0].name,
        count_entries(connection),
        tree_root(hash_reader(connection), count_entries(connection)),
    )
    _require_going_on(connection, checkpoint)
    text = checkpoint.text
    note = Note(text, tuple(key.sign(text) for key in keys))
    row: dict[str, object] = {
        "num_entries": checkpoint.num_entries,
        "signed_at": now.isoformat(),
        "note": str(note),
    }
    connection.execute(schema.ledger_checkpoints.insert(), row)
    return note


def _require_going_on(connection: sa.Connection, checkpoint: Checkpoint) -> None:
    note = find_note(connection)
    if note is None:
        return
    read, num_entries = hash_reader(connection), checkpoint.num_entries
    before = parse_checkpoint(note.text)
    if before.num_entries <= num_entries:
        proof = consistency_proof(read, before.num_entries, num_entries)
        if is_consistent(before.num_entries, num_entries, proof, before.root, checkpoint.root):
            return
    raise LedgerBroken(
        f"The ledger does not go on from its checkpoint of {before.num_entries} entries, so it "
        "is not signed.",
        hint="Run `limner log verify` to see what was changed.",
    )
