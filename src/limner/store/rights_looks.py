"""Fingerprints of the pictures that entries of the rights register are about.

They find near copies, which no content hash does; no picture can be got back from them. What they
are and how they are compared is the checks' affair.
"""

from __future__ import annotations

import gc
from collections.abc import Generator, Hashable, Iterable
from contextlib import contextmanager
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple

import sqlalchemy as sa

from limner.core.rights import RegisteredLook, RightsKind, is_blocking, state_of_entry
from limner.store import schema

ROWS_AT_ONCE = 10_000  # of the database, which are dropped at once

_looks = schema.rights_looks.c
_entries = schema.rights_entries.c
_events = schema.rights_events.c


class RightsLook(NamedTuple):
    """One picture: the tagged hash of its pixels, its hashes, and what the second was taken with.

    `pdq` and `look` are 32 bytes each.
    """

    pixels_sha256: str
    pdq: bytes
    look: bytes
    taken_with: str


class LooksState(NamedTuple):
    """Number of the last entry and the last event of the register; 0 before the first."""

    last_entry: int
    last_event: int


class BlockedLooks(NamedTuple):
    """Pictures that must not be drawn, and the state of the register they were read in.

    `is_more` where they come to those of a state that was named.
    """

    state: LooksState
    looks: list[RegisteredLook]
    is_more: bool


_NOTHING = frozenset[str]()
NO_LOOKS = BlockedLooks(LooksState(0, 0), [], is_more=False)


def add_looks(connection: sa.Connection, entry_id: int, looks: Iterable[RightsLook]) -> None:
    """Write the pictures of an entry; one it has already is left as it is."""
    known = {one.pixels_sha256 for one in looks_of(connection, entry_id)}
    new = {one.pixels_sha256: one for one in looks if one.pixels_sha256 not in known}
    if new:
        rows = [{"entry_id": entry_id, **one._asdict()} for one in new.values()]
        connection.execute(schema.rights_looks.insert(), rows)


def looks_of(connection: sa.Connection, entry_id: int) -> list[RightsLook]:
    """The pictures of an entry."""
    query = schema.rights_looks.select().where(_looks.entry_id == entry_id)
    rows = connection.execute(query.order_by(_looks.pixels_sha256))
    return [RightsLook(row.pixels_sha256, row.pdq, row.look, row.taken_with) for row in rows]


def blocked_looks(
    connection: sa.Connection, now: datetime, known: Hashable | None = None
) -> BlockedLooks:
    """Pictures that must not be drawn: of opt-outs in force, and of rights that ended.

    Args:
        connection: reading, after expiries were noted: what happens to an entry is then an event,
            so without a new event only new entries can have changed anything.
        now: the time now, UTC.
        known: a state that was given before; looks of that state are left out where they stayed.
    """
    state = LooksState(
        last_entry=connection.scalar(sa.select(sa.func.max(_entries.entry_id))) or 0,
        last_event=connection.scalar(sa.select(sa.func.max(_events.event_id))) or 0,
    )
    if known == state:
        return BlockedLooks(state, [], is_more=True)
    is_more = isinstance(known, LooksState) and known.last_event == state.last_event
    last_known = known.last_entry if isinstance(known, LooksState) and is_more else 0
    with _garbage_left():
        return BlockedLooks(state, _looks_after(connection, last_known, now), is_more)


def entries_of_older_looks(connection: sa.Connection, taken_with: str, now: datetime) -> list[int]:
    """Entries that keep a picture from being drawn whose look was taken with other files alone."""
    is_ours = _looks.taken_with == taken_with
    older = _blocking_pictures(connection, ~is_ours, now)
    known = {pixels for _, pixels in _blocking_pictures(connection, is_ours, now)} if older else ()
    return sorted({entry_id for entry_id, pixels in older if pixels not in known})


def _blocking_pictures(
    connection: sa.Connection, has_look: sa.ColumnElement[bool], now: datetime
) -> list[tuple[int, str]]:
    """Entry and pixels of the looks of this kind that keep a picture from being drawn."""
    blocking = _blocking_entries(connection, has_look, now)
    found = connection.execute(sa.select(_looks.entry_id, _looks.pixels_sha256).where(has_look))
    return [(entry_id, pixels) for entry_id, pixels in found if entry_id in blocking]


@contextmanager
def _garbage_left() -> Generator[None]:
    """Python does not search what is read for garbage, again and again, which takes most time."""
    is_searched = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if is_searched:
            gc.enable()


def _looks_after(connection: sa.Connection, last_known: int, now: datetime) -> list[RegisteredLook]:
    """Pictures that entries after one keep from being drawn."""
    is_after = _looks.entry_id > last_known
    blocking = _blocking_entries(connection, is_after, now)
    if not blocking:
        return []
    query = sa.select(_looks.entry_id, _looks.pdq, _looks.look, _looks.taken_with)
    found = connection.execute(query.where(is_after))
    return [
        RegisteredLook._make(row)
        for rows in found.partitions(ROWS_AT_ONCE)
        for row in rows
        if row[0] in blocking
    ]


def _blocking_entries(
    connection: sa.Connection, has_look: sa.ColumnElement[bool], now: datetime
) -> set[int]:
    """Entries with pictures of this kind that keep them from being drawn."""
    numbers = sa.select(_looks.entry_id).where(has_look)
    events: dict[int, set[str]] = {}
    happened = sa.select(_events.entry_id, _events.event).where(_events.entry_id.in_(numbers))
    for number, event in connection.execute(happened):
        events.setdefault(number, set()).add(event)
    columns = (_entries.entry_id, _entries.kind, _entries.expires_at)
    query = sa.select(*columns).where(_entries.entry_id.in_(numbers))
    told = {number: frozenset(those) for number, those in events.items()}

    @lru_cache  # of a million entries most are alike
    def is_kept_from(kind: str, told: frozenset[str], ends: str | None) -> bool:
        expires_at = None if ends is None else datetime.fromisoformat(ends)
        return is_blocking(RightsKind(kind), state_of_entry(told, expires_at=expires_at, now=now))

    return {
        number
        for number, kind, ends in connection.execute(query).all()
        if is_kept_from(kind, told.get(number, _NOTHING), ends)
    }
