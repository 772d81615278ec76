"""What was taught, as rows that are only ever added: versions of labels and of normal sets.

A name may be a person's, so the ledger says by its hash which version came, and not its name.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from limner.core.hashing import canonical_json
from limner.core.learnt import Learnt, LearntKind
from limner.store import schema
from limner.store.database import reading, transaction
from limner.store.ledger.appending import append_entry
from limner.store.ledger.entries import Kind
from limner.store.ledger.ledger import Ledger

_learnt = schema.learnt.c


class LearntRows:
    """What was taught in one database.

    Args:
        engine: of the store's database.
        ledger: of the same store.
    """

    def __init__(self, engine: sa.Engine, ledger: Ledger) -> None:
        self._engine = engine
        self._ledger = ledger

    def add(
        self,
        kind: LearntKind,
        name: str,
        document: Mapping[str, Any],
        content: bytes,
        now: datetime,
    ) -> Learnt:
        """Add a version, with its ledger entry; the newest of its name if it says just that.

        Raises:
            StorageUnavailable: it cannot be written.
        """
        with transaction(self._engine) as connection:
            newest = _newest(connection, kind, name)
            if newest is not None and (newest.document, newest.content) == (document, content):
                return newest
            added = Learnt(
                kind=kind,
                name=name,
                learnt_at=now,
                document=document,
                content=content,
                replaces=None if newest is None else newest.sha256,
            )
            connection.execute(schema.learnt.insert().values(_row_of(added)))
            facts = {"learnt": added.sha256, "kind": str(kind), "in_use": added.is_in_use}
            append_entry(connection, Kind.LEARNT, facts, recorded_at=now, subject=added.sha256)
        self._ledger.sign_if_due(now)
        return added

    def in_force(self, kind: LearntKind | None = None) -> list[Learnt]:
        """The newest version of every name that is in use, by name."""
        newest = sa.select(sa.func.max(_learnt.learnt_id)).group_by(_learnt.kind, _learnt.name)
        query = schema.learnt.select().where(_learnt.learnt_id.in_(newest))
        query = query.order_by(_learnt.kind, _learnt.name)
        with reading(self._engine) as connection:
            found = [_learnt_of(row) for row in connection.execute(query)]
        return [one for one in found if one.is_in_use and kind in (None, one.kind)]

    def find(self, kind: LearntKind, name: str) -> Learnt | None:
        """The version in force of a name."""
        with reading(self._engine) as connection:
            newest = _newest(connection, kind, name)
        return newest if newest is not None and newest.is_in_use else None

    def forgotten_at(self, kind: LearntKind, name: str) -> datetime:
        """When a name was last said to be used no longer; the beginning of time where never."""
        query = sa.select(_learnt.learnt_at).where(_learnt.kind == str(kind), _learnt.name == name)
        query = query.where(_learnt.content == b"").order_by(_learnt.learnt_id.desc()).limit(1)
        with reading(self._engine) as connection:
            found = connection.scalar(query)
        return datetime.min.replace(tzinfo=UTC) if found is None else datetime.fromisoformat(found)

    def of_hashes(self, hashes: Iterable[str]) -> list[Learnt]:
        """These versions, in or out of force, by kind and name."""
        query = schema.learnt.select().where(_learnt.learnt_sha256.in_(list(hashes)))
        query = query.order_by(_learnt.kind, _learnt.name)
        with reading(self._engine) as connection:
            return [_learnt_of(row) for row in connection.execute(query)]


def _newest(connection: sa.Connection, kind: LearntKind, name: str) -> Learnt | None:
    query = schema.learnt.select().where(_learnt.kind == str(kind), _learnt.name == name)
    row = connection.execute(query.order_by(_learnt.learnt_id.desc()).limit(1)).one_or_none()
    return None if row is None else _learnt_of(row)


def _row_of(learnt: Learnt) -> dict[str, object]:
    return {
        "learnt_sha256": learnt.sha256,
        "kind": str(learnt.kind),
        "name": learnt.name,
        "learnt_at": learnt.learnt_at.isoformat(),
        "document": canonical_json({"facts": learnt.document, "replaces": learnt.replaces}),
        "content": learnt.content,
    }


def _learnt_of(row: sa.Row[Any]) -> Learnt:
    document = json.loads(row.document)
    return Learnt(
        kind=LearntKind(row.kind),
        name=row.name,
        learnt_at=datetime.fromisoformat(row.learnt_at),
        document=document["facts"],
        content=row.content,
        replaces=document["replaces"],
    )
