"""The ledger's rows: appending entries inside an open transaction, reading entries and hashes.

Nothing here updates or deletes; the database's triggers refuse it as well. The caller holds the
write transaction, so an entry and what it tells of are stored together or not at all.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

import sqlalchemy as sa

from limner.core.errors import LedgerBroken
from limner.core.hashing import sha256_of_bytes
from limner.store import schema
from limner.store.ledger.entries import Draft, Entry, Kind
from limner.store.ledger.tree import TILE_WIDTH, HashReader, fold

_entries = schema.ledger_entries.c
_nodes = schema.ledger_nodes.c
_LAST_POSITION = sa.select(sa.func.max(_entries.position))


def append_entry(
    connection: sa.Connection,
    kind: str,
    document: Mapping[str, object],
    *,
    recorded_at: datetime,
    subject: str | None = None,
) -> Entry:
    """Append one entry inside the caller's write transaction.

    Args:
        connection: in a write transaction.
        kind: see `Draft`.
        document: see `Draft`.
        recorded_at: the time now, UTC.
        subject: see `Draft`.

    Raises:
        EntryInvalid: see `Entry.of`.
    """
    draft = Draft(kind=kind, document=document, subject=subject)
    return append_entries(connection, [draft], recorded_at=recorded_at)[0]


def append_entries(
    connection: sa.Connection, drafts: Sequence[Draft], *, recorded_at: datetime
) -> list[Entry]:
    """Append entries in this order inside the caller's write transaction.

    The first entry of a ledger is always ``ledger_begun``; it is written when there is none.

    Raises:
        EntryInvalid: see `Entry.of`; nothing is appended.
    """
    if not drafts:
        return []
    num_before = count_entries(connection)
    if num_before == 0 and drafts[0].kind != Kind.LEDGER_BEGUN:
        append_entries(connection, [_beginning(connection)], recorded_at=recorded_at)
        num_before = 1
    entries = [Entry.of(draft, num_before + k, recorded_at) for k, draft in enumerate(drafts)]
    rows = [_row_of(entry) for entry in entries]
    connection.execute(schema.ledger_entries.insert(), rows)
    _add_nodes(connection, num_before, num_before + len(entries))
    return entries


def count_entries(connection: sa.Connection) -> int:
    """How many entries the ledger has."""
    last = connection.scalar(_LAST_POSITION)
    return 0 if last is None else last + 1


def hash_reader(connection: sa.Connection) -> HashReader:
    """Reads the kept hashes of the ledger, for the functions of tree.py.

    The reader raises `LedgerBroken` where hashes are missing.
    """

    def read(level: int, start: int, stop: int) -> list[bytes]:
        if level == 0:
            query = sa.select(_entries.leaf_sha256).order_by(_entries.position)
            query = query.where(_entries.position >= start, _entries.position < stop)
        else:
            query = sa.select(_nodes.node_sha256).order_by(_nodes.position)
            query = query.where(_nodes.level == level)
            query = query.where(_nodes.position >= start, _nodes.position < stop)
        hashes = list(connection.scalars(query))
        if len(hashes) != stop - start:
            raise LedgerBroken(
                f"The ledger has {len(hashes)} of the hashes {start} to {stop - 1} of level "
                f"{level}.",
                hint="Run `limner log verify`.",
            )
        return hashes

    return read


def find_entries(
    connection: sa.Connection,
    kind: str | None = None,
    *,
    subject: str | None = None,
    after: int = -1,
    before: int | None = None,
    num_last: int | None = None,
) -> Iterator[Entry]:
    """Entries in their order.

    Args:
        connection: reading or writing.
        kind: only these.
        subject: only entries about this.
        after: only entries behind this position.
        before: only entries ahead of this position.
        num_last: only the last so many of those.

    Raises:
        LedgerBroken: what is stored at a position is not an entry.
    """
    query = sa.select(_entries.position, _entries.entry).where(_entries.position > after)
    if before is not None:
        query = query.where(_entries.position < before)
    if kind is not None:
        query = query.where(_entries.kind == kind)
    if subject is not None:
        query = query.where(_entries.subject == subject)
    if num_last is not None:
        newest = query.order_by(_entries.position.desc()).limit(num_last).subquery()
        query = sa.select(newest.c.position, newest.c.entry).order_by(newest.c.position)
    else:
        query = query.order_by(_entries.position)
    for position, text in connection.execute(query.execution_options(yield_per=1000)):
        yield entry_of(position, text)


def find_entry(connection: sa.Connection, position: int) -> Entry | None:
    """The entry at this position; raises as `find_entries`."""
    query = sa.select(_entries.entry).where(_entries.position == position)
    text = connection.scalar(query)
    return None if text is None else entry_of(position, text)


def find_origin(connection: sa.Connection) -> str | None:
    """The name of this ledger, as its first entry says; ``None`` while it is empty."""
    first = find_entry(connection, 0)
    return None if first is None else str(first.document.get("origin"))


def entry_of(position: int, text: str) -> Entry:
    """The entry that is stored at a position; raises as `find_entries`."""
    try:
        return Entry.from_text(position, text)
    except ValueError as error:
        raise LedgerBroken(
            f"Entry {position} of the ledger is not an entry: {error}.",
            hint="Run `limner log verify`.",
        ) from error


def _beginning(connection: sa.Connection) -> Draft:
    query = sa.select(schema.images_before_ledger.c.image_id)
    image_ids = sorted(connection.scalars(query))
    return Draft(
        kind=Kind.LEDGER_BEGUN,
        document={
            "origin": f"limner/ledger/{secrets.token_hex(8)}",
            "num_images_before": len(image_ids),
            "images_before_sha256": images_before_sha256(image_ids),
        },
    )


def images_before_sha256(image_ids: Sequence[str]) -> str:
    """Tagged hash over the sorted ids of the images that are older than the ledger."""
    return sha256_of_bytes("".join(f"{one}\n" for one in sorted(image_ids)).encode())


def _row_of(entry: Entry) -> dict[str, object]:
    return {
        "position": entry.position,
        "kind": entry.kind,
        "subject": entry.subject,
        "recorded_at": entry.recorded_at.isoformat(),
        "leaf_sha256": entry.leaf_sha256,
        "entry": entry.text,
    }


def _add_nodes(connection: sa.Connection, num_before: int, num_now: int) -> None:
    """Keep the root of every tile that was completed, level by level."""
    read, level = hash_reader(connection), 0
    while (first := num_before // TILE_WIDTH) < (end := num_now // TILE_WIDTH):
        rows = [
            {
                "level": level + 1,
                "position": tile,
                "node_sha256": fold(read(level, tile * TILE_WIDTH, (tile + 1) * TILE_WIDTH)),
            }
            for tile in range(first, end)
        ]
        connection.execute(schema.ledger_nodes.insert(), rows)
        num_before, num_now, level = first, end, level + 1
