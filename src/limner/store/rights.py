"""The rights register: entries, their ends, and blocking images, each with its ledger entry.

Rows are only ever added. What an entry says in words may be about a person: the ledger has a
salted commitment to it, and the words stand in a table from which they can be erased. What an
entry blocks is asked in rights_blocking.py.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from limner.core.criteria import Criteria
from limner.core.errors import BadInput, NotFound
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
    require_renewal,
    state_of_entry,
)
from limner.store import schema
from limner.store.database import empty_log, reading, transaction
from limner.store.judgements import add_blocks
from limner.store.ledger.appending import append_entries, append_entry
from limner.store.ledger.commitments import erase, keep_commitment
from limner.store.ledger.entries import Draft, Kind
from limner.store.ledger.ledger import Ledger
from limner.store.rights_blocking import (
    ENFORCED,
    AffectedImage,
    affected_images,
    blocked_image_ids,
    blocker_of_request,
    blocking_entry,
    has_entries,
    has_unnoted_expiry,
    note_expired,
    subject_of,
    unenforced_expiries,
)
from limner.store.rights_holding import hold_near_copies
from limner.store.rights_looks import (
    BlockedLook,
    RightsLook,
    add_looks,
    blocked_looks,
    has_looks,
    looks_of,
)

REGISTERED = "registered"
WITHDRAWN = str(RightsState.WITHDRAWN)
RENEWED = str(RightsState.RENEWED)
IMPORTED = "imported"
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


class Rights:
    """The rights register of one database, one transaction a call.

    Args:
        engine: of the store's database.
        ledger: of the same store.
    """

    def __init__(self, engine: sa.Engine, ledger: Ledger) -> None:
        self._engine = engine
        self._ledger = ledger

    def add(
        self,
        entry: RightsEntry,
        now: datetime,
        *,
        renews: int | None = None,
        looks: Sequence[RightsLook] = (),
    ) -> StoredEntry:
        """Register an entry.

        Args:
            entry: what it says.
            now: the time now, UTC.
            renews: number of the entry whose place it takes; it gets that one's keys and looks.
            looks: of pictures it is about, so that near copies of them are found.

        Raises:
            RightsInvalid: see `require_entry` and `require_renewal`.
            StorageUnavailable: it cannot be written.
        """
        with transaction(self._engine) as connection:
            note_expired(connection, now)
            if renews is not None:
                ended = _require(connection, renews, now)
                require_renewal(entry, ended.entry, ended.state)
                keys = dict.fromkeys((*entry.keys, *ended.entry.keys))
                entry = replace(entry, keys=tuple(keys))
            (entry_id,) = _add_entries(connection, [entry], now)
            add_looks(connection, entry_id, looks)
            if renews is not None:
                add_looks(connection, entry_id, looks_of(connection, renews))
                _add_event(connection, renews, RENEWED, now, {"by": entry_id})
            stored = _require(connection, entry_id, now)
        self._ledger.sign_if_due(now)
        return stored

    def import_all(
        self, entries: Sequence[RightsEntry], *, file_sha256: str, now: datetime
    ) -> list[int]:
        """Register every entry of a file, or none; their ids.

        Raises:
            BadInput: the same file was imported before.
            RightsInvalid, StorageUnavailable: as `add`.
        """
        with transaction(self._engine) as connection:
            _refuse_imported(connection, file_sha256)
            note_expired(connection, now)
            entry_ids = _add_entries(connection, entries, now)
            facts = {"file_sha256": file_sha256, "num_entries": len(entry_ids)}
            _add_event(connection, entry_ids[0], IMPORTED, now, facts)
        self._ledger.sign_if_due(now)
        return entry_ids

    def find(self, entry_id: int, now: datetime) -> StoredEntry:
        """One entry with its keys.

        Raises:
            NotFound: there is none with this number.
        """
        with reading(self._engine) as connection:
            return _require(connection, entry_id, now)

    def entries(self, now: datetime) -> list[StoredEntry]:
        """Every entry in its order, without its keys."""
        with reading(self._engine) as connection:
            return _read_entries(connection, now)

    def withdraw(
        self,
        entry_id: int,
        *,
        reason: str,
        keys: Iterable[str] = (),
        looks: Sequence[RightsLook] = (),
        now: datetime,
    ) -> StoredEntry:
        """End an entry. What it covered is not drawn and not let out from this moment on.

        Args:
            entry_id: of the entry.
            reason: a short code such as ``person_asked``; goes into the ledger.
            keys: more that it is about, such as hashes of images.
            looks: of more pictures it is about.
            now: the time now, UTC.

        Raises:
            BadInput: there is no such entry, or it was withdrawn before.
        """
        with transaction(self._engine) as connection:
            stored = _require(connection, entry_id, now)
            if stored.withdrawn_at is not None:
                raise BadInput(
                    f"Entry {entry_id} was withdrawn before, at "
                    f"{stored.withdrawn_at:%Y-%m-%d %H:%M:%S} UTC.",
                    code="withdrawn_before",
                )
            if stored.state is RightsState.RENEWED:
                raise BadInput(
                    f"Entry {entry_id} was renewed by another, which has all it was about.",
                    code="renewed",
                    hint="Withdraw the entry that renewed it; `limner rights list` shows it.",
                )
            note_expired(connection, now)
            more = sorted(set(keys) - set(stored.entry.keys))
            _add_keys(connection, entry_id, more)
            add_looks(connection, entry_id, looks)
            _add_event(connection, entry_id, WITHDRAWN, now, {"reason": reason, "keys": more})
            withdrawn = _require(connection, entry_id, now)
        self._ledger.sign_if_due(now)
        return withdrawn

    def affected(self, entry_id: int) -> list[AffectedImage]:
        """See `affected_images`."""
        with reading(self._engine) as connection:
            return affected_images(connection, entry_id)

    def block(self, image_ids: Sequence[str], blocker: RightsMatch, now: datetime) -> list[str]:
        """Block those of these images that are not blocked yet; their ids.

        An image that was erased meanwhile is left out.
        """
        with transaction(self._engine) as connection:
            blocked = blocked_image_ids(connection, image_ids)
            column = schema.images.c.image_id
            stored = set(connection.scalars(sa.select(column).where(column.in_(image_ids))))
            left = [one for one in image_ids if one in stored and one not in blocked]
            if left:
                add_blocks(connection, left, blocker, now)
        self._ledger.sign_if_due(now)
        return left

    def hold(
        self, image_ids: Sequence[str], entry_id: int, criteria: Criteria | None, now: datetime
    ) -> list[str]:
        """See `rights_holding.hold_near_copies`."""
        with transaction(self._engine) as connection:
            held = hold_near_copies(connection, image_ids, entry_id, criteria, now)
        self._ledger.sign_if_due(now)
        return held

    def unenforced(self, now: datetime) -> list[int]:
        """See `rights_blocking.unenforced_expiries`."""
        with reading(self._engine) as connection:
            return unenforced_expiries(connection, now)

    def note_enforced(self, entry_id: int, num_blocked: int, now: datetime) -> None:
        """Append that what an entry covered that has expired is blocked."""
        with transaction(self._engine) as connection:
            note_expired(connection, now)
            _add_event(connection, entry_id, ENFORCED, now, {"num_blocked": num_blocked})
        self._ledger.sign_if_due(now)

    def blocking_entry(self, image_id: str) -> int | None:
        """See `rights_blocking.blocking_entry`."""
        with reading(self._engine) as connection:
            return blocking_entry(connection, image_id)

    def blocker_of_request(
        self,
        *,
        texts: Iterable[str] = (),
        keys: Collection[str] = (),
        sources: Collection[str] = (),
        now: datetime,
    ) -> RightsMatch | None:
        """See `rights_blocking.blocker_of_request`."""
        with reading(self._engine) as connection:
            if not has_entries(connection):  # asked for every prompt, and most registers have none
                return None
        self._note_expired(now)
        with reading(self._engine) as connection:
            return blocker_of_request(connection, texts=texts, keys=keys, sources=sources, now=now)

    def looks(self, entry_id: int) -> list[RightsLook]:
        """See `rights_looks.looks_of`."""
        with reading(self._engine) as connection:
            return looks_of(connection, entry_id)

    def blocked_looks(self, now: datetime) -> list[BlockedLook]:
        """See `rights_looks.blocked_looks`."""
        with reading(self._engine) as connection:
            if not has_looks(connection):  # asked for every picture, and most registers have none
                return []
        self._note_expired(now)
        with reading(self._engine) as connection:
            return blocked_looks(connection, now)

    def erase(self, entry_id: int, *, reason: str, now: datetime) -> None:
        """Erase the words of an entry that is no longer in force; its number and keys stay.

        Raises:
            BadInput: there is none, it is in force, or it blocks by a name.
            StorageUnavailable: it cannot be written, or another process is reading; see
                `Ledger.erase`.
        """
        with transaction(self._engine) as connection:
            stored = _require(connection, entry_id, now)
            _refuse_needed(stored)
            connection.execute(schema.rights_texts.delete().where(_texts.entry_id == entry_id))
            _add_event(connection, entry_id, ERASED, now, {"reason": reason})
            subject = subject_of(entry_id)
            erase(connection, subject, reason=reason, recorded_at=now, is_public=True)
        empty_log(self._engine)
        self._ledger.sign_if_due(now)

    def _note_expired(self, now: datetime) -> None:
        with reading(self._engine) as connection:
            is_due = has_unnoted_expiry(connection, now)
        if is_due:
            with transaction(self._engine) as connection:
                note_expired(connection, now)


def _add_entries(
    connection: sa.Connection, entries: Sequence[RightsEntry], now: datetime
) -> list[int]:
    for entry in entries:
        require_entry(entry, now)
    first = (connection.scalar(sa.select(sa.func.max(_entries.entry_id))) or 0) + 1
    numbered = [(first + place, entry) for place, entry in enumerate(entries)]
    rows = [_entry_row(entry_id, entry, now) for entry_id, entry in numbered]
    connection.execute(schema.rights_entries.insert(), rows)
    texts = [_text_row(entry_id, entry) for entry_id, entry in numbered]
    connection.execute(schema.rights_texts.insert(), texts)
    for entry_id, entry in numbered:
        _add_keys(connection, entry_id, entry.keys)
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


def _add_keys(connection: sa.Connection, entry_id: int, keys: Iterable[str]) -> None:
    named = list(dict.fromkeys(keys))
    for key in named:
        require_key(key)
    if named:
        rows = [{"entry_id": entry_id, "key": key} for key in named]
        connection.execute(schema.rights_keys.insert(), rows)


def _add_event(
    connection: sa.Connection,
    entry_id: int,
    event: str,
    now: datetime,
    facts: Mapping[str, object],
) -> None:
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


def _refuse_imported(connection: sa.Connection, file_sha256: str) -> None:
    query = schema.rights_events.select().where(_events.event == IMPORTED)
    for row in connection.execute(query):
        if json.loads(row.document)["file_sha256"] == file_sha256:
            raise BadInput(
                f"The same file was imported before, at {row.happened_at}; its first entry is "
                f"{row.entry_id}.",
                code="imported_before",
            )


def _refuse_needed(stored: StoredEntry) -> None:
    if stored.is_erased:
        raise BadInput(f"The words of entry {stored.entry_id} were erased before.")
    if stored.state is RightsState.IN_FORCE:
        raise BadInput(
            f"Entry {stored.entry_id} is in force; without its words nobody could tell what it is "
            "about.",
            code="entry_in_force",
            hint=f"Run `limner rights withdraw {stored.entry_id}` first.",
        )


def _require(connection: sa.Connection, entry_id: int, now: datetime) -> StoredEntry:
    found = _read_entries(connection, now, entry_id)
    if not found:
        raise NotFound(
            f"There is no entry {entry_id} in the rights register.",
            code="entry_unknown",
            hint="`limner rights list` shows those there are.",
        )
    query = sa.select(_keys.key).where(_keys.entry_id == entry_id).order_by(_keys.key)
    keys = tuple(connection.scalars(query))
    return replace(found[0], entry=replace(found[0].entry, keys=keys))


def _read_entries(
    connection: sa.Connection, now: datetime, entry_id: int | None = None
) -> list[StoredEntry]:
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
