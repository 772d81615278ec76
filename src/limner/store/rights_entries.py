"""Rows of the rights register: writing entries and what happened to them, reading them back.

What an entry says in words may be about a person: the ledger has a salted commitment to it, and
the words stand in a table of their own, from which they can be erased.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from limner.core.errors import NotFound
from limner.core.hashing import canonical_json, sha256_of_bytes
from limner.core.rights import (
    OptedOut,
    RightsEntry,
    RightsKind,
    RightsMatch,
    RightsState,
    folded_name,
    require_entry,
    require_key,
    state_of_entry,
)
from limner.store import schema
from limner.store.ledger.appending import append_entries, append_entry
from limner.store.ledger.commitments import keep_commitment
from limner.store.ledger.entries import Draft, Kind
from limner.store.rights_blocking import subject_of

REGISTERED = "registered"
WITHDRAWN = str(RightsState.WITHDRAWN)
RENEWED = str(RightsState.RENEWED)
IMPORTED = "imported"
COVERED = "covered"  # more than it named: what was made from that
ERASED = "erased"

_entries = schema.rights_entries.c
_texts = schema.rights_texts.c
_keys = schema.rights_keys.c
_events = schema.rights_events.c


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredEntry:
    """An entry as it stands in the register.

    Attributes:
        entry: `keys` is empty where it was asked without them.
        withdrawn_at: UTC; ``None`` unless it was withdrawn.
        num_keys: how many keys it has.
        is_erased: its words were erased.
    """

    entry_id: int
    registered_at: datetime
    entry: RightsEntry
    state: RightsState
    withdrawn_at: datetime | None
    num_keys: int
    is_erased: bool

    @property
    def as_match(self) -> RightsMatch:
        """As the reason of a block."""
        return RightsMatch(
            entry_id=self.entry_id, kind=self.entry.kind, state=self.state, matched=""
        )


def add_entries(
    connection: sa.Connection, entries: Sequence[RightsEntry], now: datetime
) -> list[int]:
    """Add entries with their keys, each with its ledger entry; their numbers.

    Raises:
        BadInput: one lacks what its kind needs.
    """
    for entry in entries:
        require_entry(entry, now)
    first = (connection.scalar(sa.select(sa.func.max(_entries.entry_id))) or 0) + 1
    numbered = [(first + place, entry) for place, entry in enumerate(entries)]
    rows = [_entry_row(entry_id, entry, now) for entry_id, entry in numbered]
    connection.execute(schema.rights_entries.insert(), rows)
    texts = [_text_row(entry_id, entry) for entry_id, entry in numbered]
    connection.execute(schema.rights_texts.insert(), texts)
    for entry_id, entry in numbered:
        add_keys(connection, entry_id, entry.keys)
    drafts = [_registered(connection, entry_id, entry) for entry_id, entry in numbered]
    append_entries(connection, drafts, recorded_at=now)
    return [entry_id for entry_id, _ in numbered]


def _entry_row(entry_id: int, entry: RightsEntry, now: datetime) -> dict[str, object]:
    ends = entry.expires_at
    return {
        "entry_id": entry_id,
        "kind": str(entry.kind),
        "opted_out": None if entry.opted_out is None else str(entry.opted_out),
        "licence": entry.licence,
        "registered_at": now.astimezone(UTC).isoformat(),
        "expires_at": None if ends is None else ends.astimezone(UTC).isoformat(),
    }


def _text_row(entry_id: int, entry: RightsEntry) -> dict[str, object]:
    return {
        "entry_id": entry_id,
        "name": entry.name,
        "folded_name": None if entry.name is None else folded_name(entry.name),
        "holder": entry.holder,
        "title": entry.title,
        "purpose": entry.purpose,
        "url": entry.url,
    }


def _registered(connection: sa.Connection, entry_id: int, entry: RightsEntry) -> Draft:
    """What the ledger says of a new entry: nothing that is about a person."""
    said = asdict(entry) | {"expires_at": entry.expires_at and entry.expires_at.isoformat()}
    document = {
        "event": REGISTERED,
        "entry_id": entry_id,
        "kind": str(entry.kind),
        "num_keys": len(entry.keys),
        "keys_sha256": sha256_of_bytes("".join(f"{one}\n" for one in sorted(entry.keys)).encode()),
        "entry": keep_commitment(connection, subject_of(entry_id), canonical_json(said)),
    }
    return Draft(kind=Kind.RIGHTS_CHANGE, document=document, subject=subject_of(entry_id))


def add_keys(connection: sa.Connection, entry_id: int, keys: Iterable[str]) -> None:
    """Add keys to an entry, each once.

    Raises:
        BadInput: one is no key.
    """
    named = list(dict.fromkeys(keys))
    for key in named:
        require_key(key)
    if named:
        rows = [{"entry_id": entry_id, "key": key} for key in named]
        connection.execute(schema.rights_keys.insert(), rows)


def add_event(
    connection: sa.Connection,
    entry_id: int,
    event: str,
    now: datetime,
    facts: Mapping[str, object],
) -> None:
    """Add what happened to an entry, with its ledger entry."""
    row = {
        "entry_id": entry_id,
        "event": event,
        "happened_at": now.astimezone(UTC).isoformat(),
        "document": canonical_json(facts),
    }
    connection.execute(schema.rights_events.insert().values(row))
    append_entry(
        connection,
        Kind.RIGHTS_CHANGE,
        {"event": event, "entry_id": entry_id, **facts},
        subject=subject_of(entry_id),
        recorded_at=now,
    )


def require_stored(connection: sa.Connection, entry_id: int, now: datetime) -> StoredEntry:
    """One entry with its keys.

    Raises:
        NotFound: there is none of that number.
    """
    found = read_entries(connection, now, entry_id)
    if not found:
        raise NotFound(
            f"There is no entry {entry_id} in the rights register.",
            code="entry_unknown",
            hint="`limner rights list` shows those there are.",
        )
    query = sa.select(_keys.key).where(_keys.entry_id == entry_id).order_by(_keys.key)
    keys = tuple(connection.scalars(query))
    return replace(found[0], entry=replace(found[0].entry, keys=keys))


def read_entries(
    connection: sa.Connection, now: datetime, entry_id: int | None = None
) -> list[StoredEntry]:
    """Every entry, or the one of a number, without their keys; by number."""
    num_keys = (
        sa.select(sa.func.count()).where(_keys.entry_id == _entries.entry_id).scalar_subquery()
    )
    texts = schema.rights_texts
    joined = schema.rights_entries.outerjoin(texts, _texts.entry_id == _entries.entry_id)
    said = (_texts.name, _texts.holder, _texts.title, _texts.purpose, _texts.url)
    query = sa.select(schema.rights_entries, *said, num_keys.label("num_keys")).select_from(joined)
    happened = schema.rights_events.select().order_by(_events.event_id)
    if entry_id is not None:
        query = query.where(_entries.entry_id == entry_id)
        happened = happened.where(_events.entry_id == entry_id)
    events: dict[int, dict[str, datetime]] = {}
    for row in connection.execute(happened):
        seen = events.setdefault(row.entry_id, {})
        seen[row.event] = datetime.fromisoformat(row.happened_at)
    rows = connection.execute(query.order_by(_entries.entry_id))
    return [_stored_of(row, events.get(row.entry_id, {}), now) for row in rows]


def _stored_of(
    row: sa.Row[tuple[Any, ...]], seen: Mapping[str, datetime], now: datetime
) -> StoredEntry:
    ends = None if row.expires_at is None else datetime.fromisoformat(row.expires_at)
    return StoredEntry(
        entry_id=row.entry_id,
        registered_at=datetime.fromisoformat(row.registered_at),
        entry=RightsEntry(
            kind=RightsKind(row.kind),
            name=row.name,
            holder=row.holder,
            opted_out=None if row.opted_out is None else OptedOut(row.opted_out),
            title=row.title,
            licence=row.licence,
            purpose=row.purpose,
            url=row.url,
            expires_at=ends,
        ),
        state=state_of_entry(seen, expires_at=ends, now=now),
        withdrawn_at=seen.get(WITHDRAWN),
        num_keys=row.num_keys,
        is_erased=ERASED in seen,
    )
