"""The rights register: entries, their ends, and blocking images, each with its ledger entry.

Rows are only ever added. Their form is rights_entries.py's; what an entry blocks is asked in
rights_blocking.py.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Hashable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime

import sqlalchemy as sa

from limner.core.criteria import Criteria
from limner.core.errors import BadInput
from limner.core.rights import (
    RightsEntry,
    RightsMatch,
    RightsState,
    require_renewal,
)
from limner.store import schema
from limner.store.database import empty_log, read_number, reading, transaction
from limner.store.judgements import add_blocks
from limner.store.ledger.commitments import erase
from limner.store.ledger.ledger import Ledger
from limner.store.rights_blocking import (
    ENFORCED,
    AffectedImage,
    Block,
    affected_images,
    allowing_entries,
    block_in_force,
    blocked_image_ids,
    blocker_of_request,
    has_unnoted_expiry,
    note_expired,
    subject_of,
    unenforced_expiries,
)
from limner.store.rights_entries import (
    COVERED,
    ERASED,
    IMPORTED,
    RENEWED,
    WITHDRAWN,
    StoredEntry,
    add_entries,
    add_event,
    add_keys,
    read_entries,
    require_stored,
)
from limner.store.rights_holding import hold_near_copies
from limner.store.rights_looks import (
    NO_LOOKS,
    BlockedLooks,
    RightsLook,
    add_looks,
    blocked_looks,
    entries_of_older_looks,
    looks_of,
)

_texts = schema.rights_texts.c
_events = schema.rights_events.c


_ANY_ENTRY = "SELECT EXISTS (SELECT 1 FROM rights_entries)"
_ANY_LOOK = "SELECT EXISTS (SELECT 1 FROM rights_looks)"


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
                ended = require_stored(connection, renews, now)
                require_renewal(entry, ended.entry, ended.state)
                keys = dict.fromkeys((*entry.keys, *ended.entry.keys))
                entry = replace(entry, keys=tuple(keys))
            (entry_id,) = add_entries(connection, [entry], now)
            add_looks(connection, entry_id, looks)
            if renews is not None:
                add_looks(connection, entry_id, looks_of(connection, renews))
                add_event(connection, renews, RENEWED, now, {"by": entry_id})
            stored = require_stored(connection, entry_id, now)
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
            entry_ids = add_entries(connection, entries, now)
            facts = {"file_sha256": file_sha256, "num_entries": len(entry_ids)}
            add_event(connection, entry_ids[0], IMPORTED, now, facts)
        self._ledger.sign_if_due(now)
        return entry_ids

    def find(self, entry_id: int, now: datetime) -> StoredEntry:
        """One entry with its keys.

        Raises:
            NotFound: there is none with this number.
        """
        with reading(self._engine) as connection:
            return require_stored(connection, entry_id, now)

    def entries(self, now: datetime) -> list[StoredEntry]:
        """Every entry in its order, without its keys."""
        with reading(self._engine) as connection:
            return read_entries(connection, now)

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
            stored = require_stored(connection, entry_id, now)
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
            add_keys(connection, entry_id, more)
            add_looks(connection, entry_id, looks)
            add_event(connection, entry_id, WITHDRAWN, now, {"reason": reason, "keys": more})
            withdrawn = require_stored(connection, entry_id, now)
        self._ledger.sign_if_due(now)
        return withdrawn

    def cover(self, entry_id: int, keys: Iterable[str], now: datetime) -> None:
        """Have an entry be about more, such as adapters taught on its pictures; each key once."""
        with transaction(self._engine) as connection:
            note_expired(connection, now)
            stored = require_stored(connection, entry_id, now)
            more = sorted(set(keys) - set(stored.entry.keys))
            if more:
                add_keys(connection, entry_id, more)
                add_event(connection, entry_id, COVERED, now, {"keys": more})
        self._ledger.sign_if_due(now)

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
            add_event(connection, entry_id, ENFORCED, now, {"num_blocked": num_blocked})
        self._ledger.sign_if_due(now)

    def block_in_force(self, image_id: str) -> Block | None:
        """See `rights_blocking.block_in_force`."""
        with reading(self._engine) as connection:
            return block_in_force(connection, image_id)

    def is_empty(self) -> bool:
        """Whether nothing was ever registered; asked for every request."""
        return not read_number(self._engine, _ANY_ENTRY)

    def blocker_of_request(
        self,
        *,
        texts: Iterable[str] = (),
        keys: Collection[str] = (),
        sources: Collection[str] = (),
        now: datetime,
    ) -> RightsMatch | None:
        """See `rights_blocking.blocker_of_request`."""
        if self.is_empty():
            return None
        self._note_expired(now)
        with reading(self._engine) as connection:
            return blocker_of_request(connection, texts=texts, keys=keys, sources=sources, now=now)

    def allowing(self, keys: Collection[str], now: datetime) -> dict[str, int]:
        """See `rights_blocking.allowing_entries`."""
        self._note_expired(now)
        with reading(self._engine) as connection:
            return allowing_entries(connection, keys, now)

    def looks(self, entry_id: int) -> list[RightsLook]:
        """See `rights_looks.looks_of`."""
        with reading(self._engine) as connection:
            return looks_of(connection, entry_id)

    def blocked_looks(self, now: datetime, known: Hashable | None = None) -> BlockedLooks:
        """See `rights_looks.blocked_looks`."""
        if not read_number(self._engine, _ANY_LOOK):  # asked for every picture; most have none
            return NO_LOOKS
        self._note_expired(now)
        with reading(self._engine) as connection:
            return blocked_looks(connection, now, known)

    def entries_of_older_looks(self, taken_with: str, now: datetime) -> list[int]:
        """See `rights_looks.entries_of_older_looks`."""
        self._note_expired(now)
        with reading(self._engine) as connection:
            return entries_of_older_looks(connection, taken_with, now)

    def erase(self, entry_id: int, *, reason: str, now: datetime) -> None:
        """Erase the words of an entry that is no longer in force; its number and keys stay.

        Raises:
            BadInput: there is none, it is in force, or it blocks by a name.
            StorageUnavailable: it cannot be written, or another process is reading; see
                `Ledger.erase`.
        """
        with transaction(self._engine) as connection:
            stored = require_stored(connection, entry_id, now)
            _refuse_needed(stored)
            connection.execute(schema.rights_texts.delete().where(_texts.entry_id == entry_id))
            add_event(connection, entry_id, ERASED, now, {"reason": reason})
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
