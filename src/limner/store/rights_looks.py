"""Fingerprints of the pictures that entries of the rights register are about.

They find near copies, which no content hash does; no picture can be got back from them. What they
are and how they are compared is the checks' affair.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa

from limner.core.rights import is_blocking
from limner.store import schema
from limner.store.rights_blocking import matches_of

_looks = schema.rights_looks.c


class RightsLook(NamedTuple):
    """One picture: the tagged hash of its pixels, its hashes, and what the second was taken with.

    `pdq` and `look` are 32 bytes each.
    """

    pixels_sha256: str
    pdq: bytes
    look: bytes
    taken_with: str


class BlockedLook(NamedTuple):
    """A picture that an entry keeps from being drawn."""

    entry_id: int
    pdq: bytes
    look: bytes
    taken_with: str


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


def blocked_looks(connection: sa.Connection, now: datetime) -> list[BlockedLook]:
    """Every picture that must not be drawn: of opt-outs in force, and of rights that ended."""
    numbers = connection.scalars(sa.select(_looks.entry_id).distinct())
    matches = matches_of(connection, [(one, "") for one in numbers], now)
    blocking = {one.entry_id for one in matches if is_blocking(one.kind, one.state)}
    if not blocking:
        return []
    query = schema.rights_looks.select().order_by(_looks.entry_id, _looks.pixels_sha256)
    return [
        BlockedLook(row.entry_id, row.pdq, row.look, row.taken_with)
        for row in connection.execute(query)
        if row.entry_id in blocking
    ]
