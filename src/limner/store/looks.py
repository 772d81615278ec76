"""Incoming images as rows: what came in, what was found on it, which run met it by which name.

An incoming image has no recipe and no file here, but for those a person is to look at: their files
are kept as blobs. What was found is keyed by the image and by everything that decides findings, so
that looking again with the same adds nothing. Paths are personal data: the ledger has a commitment.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa

from limner.core.hashing import canonical_json, sha256_of_bytes
from limner.core.looking import Findings, Incoming, Shot
from limner.core.records import Size
from limner.store import schema
from limner.store.blobs import BlobFolder
from limner.store.database import reading, transaction
from limner.store.ledger.appending import append_entry
from limner.store.ledger.commitments import erase, keep_commitment
from limner.store.ledger.entries import Kind
from limner.store.ledger.ledger import Ledger

_incoming = schema.incoming.c
_looks = schema.looks.c
_items = schema.look_items.c

PAGE = 500  # rows that are read at once
_INCOMING = schema.incoming.select().where(_incoming.image_id == sa.bindparam("this_image"))
_HAS_LOOK = sa.select(
    sa.exists().where(
        _looks.image_id == sa.bindparam("this_image"),
        _looks.looker_sha256 == sa.bindparam("this"),
    )
)


class StoredItem(NamedTuple):
    """One thing a run met.

    Attributes:
        image_id: ``None`` where it could not be looked at.
        fault_code, fault: why; empty where it could.
        shot: which frame of a film it is; ``None`` for any other file.
    """

    number: int
    name: str
    image_id: str | None
    fault_code: str = ""
    fault: str = ""
    shot: Shot | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StoredLook:
    """What was found on one image.

    Attributes:
        results: documents of what the checks said.
        outcome: of the decision that holds; `reasons` as documents.
    """

    incoming: Incoming
    findings: Findings
    results: Sequence[Mapping[str, Any]]
    outcome: str
    reasons: Sequence[Mapping[str, Any]]
    thumbnail: bytes


class Writing:
    """What can be written in one transaction, all or none.

    Args:
        connection: in a write transaction.
        blobs: of the same data folder.
    """

    def __init__(self, connection: sa.Connection, blobs: BlobFolder) -> None:
        self.connection = connection
        self._blobs = blobs
        self.kept: list[tuple[str, str]] = []

    def receive(self, incoming: Incoming, thumbnail: bytes, content: bytes | None) -> None:
        """Store that an image came in, and its file where a person is to look at it."""
        if _find(self.connection, incoming.image_id) is None:
            self.connection.execute(schema.incoming.insert(), _row_of(incoming, thumbnail))
            _append_received(self.connection, incoming)
        if content is not None:
            self.keep(incoming.image_id, content)

    def keep(self, image_id: str, content: bytes) -> None:
        """Store the file of an image that came in, once; of one that was erased nothing is kept."""
        found = _find(self.connection, image_id)
        if found is None or found.is_kept:
            return
        assert image_id == sha256_of_bytes(content)
        self._blobs.add(content, found.file_format)
        self.kept.append((image_id, found.file_format))
        update = schema.incoming.update().where(_incoming.image_id == image_id)
        self.connection.execute(update.values(is_kept=True))

    def has_look(self, image_id: str, looker_sha256: str) -> bool:
        """Whether this was found already."""
        return _has_look(self.connection, image_id, looker_sha256)

    def add_look(
        self, image_id: str, looker_sha256: str, document: Mapping[str, Any], now: datetime
    ) -> None:
        """Store what was found; `document` has ``findings`` and ``results``."""
        row = {
            "image_id": image_id,
            "looker_sha256": looker_sha256,
            "looked_at": now.isoformat(),
            "document": canonical_json(document),
        }
        self.connection.execute(schema.looks.insert(), row)

    def add_heat(self, image_id: str, heat_sha256: str, png: bytes) -> None:
        """Store a heat map, once."""
        column = schema.heat_maps.c
        is_there = sa.exists().where(column.heat_sha256 == heat_sha256, column.image_id == image_id)
        if not self.connection.scalar(sa.select(is_there)):
            row = {"heat_sha256": heat_sha256, "image_id": image_id, "png": png}
            self.connection.execute(schema.heat_maps.insert(), row)

    def add_item(self, run_id: str, item: StoredItem) -> None:
        """Store what a run met."""
        shot = None if item.shot is None else canonical_json(item.shot._asdict())
        row = {"run_id": run_id, **item._asdict(), "shot": shot}
        self.connection.execute(schema.look_items.insert(), row)


class Looks:
    """Incoming images of one database, for the studio.

    Args:
        engine: of the store's database.
        blobs: of the same data folder.
        ledger: of the same store.
    """

    def __init__(self, engine: sa.Engine, blobs: BlobFolder, ledger: Ledger) -> None:
        self._engine = engine
        self._blobs = blobs
        self._ledger = ledger

    @contextmanager
    def writing(self, now: datetime) -> Generator[Writing]:
        """A write transaction.

        Raises:
            StorageUnavailable: it cannot be written; nothing is left behind.
        """
        with transaction(self._engine) as connection:
            writing = Writing(connection, self._blobs)
            yield writing
        for blob_sha256, suffix in writing.kept:
            self._blobs.settle(blob_sha256, suffix)
        self._ledger.sign_if_due(now)

    def begin(self, run_id: str, looker_sha256: str, document: Mapping[str, Any]) -> None:
        """Store a run before it meets anything; `document` says what was asked."""
        row = {
            "run_id": run_id,
            "looker_sha256": looker_sha256,
            "started_at": document["started_at"],
            "document": canonical_json(document),
        }
        with transaction(self._engine) as connection:
            connection.execute(schema.look_runs.insert().values(row))

    def find_run(self, run_id: str) -> Mapping[str, Any] | None:
        """What was asked of a run, with ``run_id`` and ``looker_sha256``."""
        query = schema.look_runs.select().where(schema.look_runs.c.run_id == run_id)
        with reading(self._engine) as connection:
            row = connection.execute(query).one_or_none()
        return None if row is None else _run_of(row)

    def runs(self) -> list[Mapping[str, Any]]:
        """Every run, the newest first."""
        query = schema.look_runs.select().order_by(schema.look_runs.c.started_at.desc())
        with reading(self._engine) as connection:
            return [_run_of(row) for row in connection.execute(query)]

    def find(self, image_id: str) -> Incoming | None:
        """An incoming image."""
        with reading(self._engine) as connection:
            return _find(connection, image_id)

    def read(self, incoming: Incoming) -> bytes:
        """The file of an image that is kept, checked against its hash.

        Raises:
            StorageUnavailable: missing or changed.
        """
        return self._blobs.read(incoming.image_id, incoming.file_format)

    def has_look(self, image_id: str, looker_sha256: str) -> bool:
        """Whether this was found already."""
        with reading(self._engine) as connection:
            return _has_look(connection, image_id, looker_sha256)

    def hashes(self) -> Iterator[tuple[str, bytes]]:
        """image_id and PDQ hash of every incoming image that has one, in the order of ids."""
        column = _incoming
        query = sa.select(column.image_id, column.pdq).where(column.pdq.is_not(None))
        yield from self._paged(lambda after: query.where(column.image_id > after), column.image_id)

    def items(self, run_id: str) -> Iterator[StoredItem]:
        """What a run met, in order."""
        column = _items
        query = sa.select(
            column.number,
            column.name,
            column.image_id,
            column.fault_code,
            column.fault,
            column.shot,
        ).where(column.run_id == run_id)
        pages = self._paged(lambda after: query.where(column.number > after), column.number, -1)
        return (StoredItem(*row[:-1], shot=_shot_of(row.shot)) for row in pages)

    def look(self, image_id: str, looker_sha256: str) -> StoredLook | None:
        """What was found on an image; ``None`` if it was not looked at so, or was erased."""
        decided = schema.decisions.c
        with reading(self._engine) as connection:
            row = connection.execute(
                sa.select(schema.incoming, _looks.document)
                .join(schema.looks, _looks.image_id == _incoming.image_id)
                .where(_incoming.image_id == image_id, _looks.looker_sha256 == looker_sha256)
            ).one_or_none()
            decision = connection.execute(
                sa.select(decided.outcome, decided.document)
                .where(decided.image_id == image_id)
                .order_by(decided.decision_id.desc())
                .limit(1)
            ).one_or_none()
        if row is None or decision is None:
            return None
        document = json.loads(row.document)
        return StoredLook(
            incoming=_incoming_of(row),
            findings=Findings.from_document(document["findings"]),
            results=document["results"],
            outcome=decision.outcome,
            reasons=json.loads(decision.document)["reasons"],
            thumbnail=row.thumbnail,
        )

    def heat_map(self, heat_sha256: str) -> bytes | None:
        """PNG bytes of a heat map."""
        column = schema.heat_maps.c
        query = sa.select(column.png).where(column.heat_sha256 == heat_sha256).limit(1)
        with reading(self._engine) as connection:
            return connection.scalar(query)

    def erase(self, image_id: str, *, reason: str, recorded_at: datetime) -> bool:
        """Erase an incoming image: its rows, its names, its thumbnail and its file, if kept.

        Returns:
            Whether there was one.

        Raises:
            StorageUnavailable: it cannot be written.
        """
        with transaction(self._engine) as connection:
            found = _find(connection, image_id)
            if found is None:
                return False
            for table in (schema.incoming, schema.looks, schema.look_items, schema.heat_maps):
                connection.execute(table.delete().where(table.c.image_id == image_id))
            if found.is_kept:
                self._blobs.unsettle(image_id, found.file_format)
            erase(connection, image_id, reason=reason, recorded_at=recorded_at, is_public=True)
        self._ledger.sign_if_due(recorded_at)
        return True

    def _paged(
        self,
        query_after: Callable[[Any], sa.Select[*tuple[Any, ...]]],
        order: sa.ColumnElement[Any],
        first: Any = "",  # noqa: ANN401 - a key of either kind
    ) -> Iterator[Any]:
        """Rows by pages in the order of a key, so that no read stays open for long."""
        after = first
        while True:
            with reading(self._engine) as connection:
                query = query_after(after).order_by(order).limit(PAGE)
                rows = connection.execute(query).all()
            yield from rows
            if len(rows) < PAGE:
                return
            after = rows[-1][0]


def _find(connection: sa.Connection, image_id: str) -> Incoming | None:
    row = connection.execute(_INCOMING, {"this_image": image_id}).one_or_none()
    return None if row is None else _incoming_of(row)


def _has_look(connection: sa.Connection, image_id: str, looker_sha256: str) -> bool:
    return bool(connection.scalar(_HAS_LOOK, {"this_image": image_id, "this": looker_sha256}))


def _append_received(connection: sa.Connection, incoming: Incoming) -> None:
    document = {
        "pixels_sha256": incoming.pixels_sha256,
        "file_format": incoming.file_format,
        "num_bytes": incoming.num_bytes,
        "size": str(incoming.size),
        "source": keep_commitment(connection, incoming.image_id, incoming.source),
    }
    append_entry(
        connection,
        Kind.IMAGE_RECEIVED,
        document,
        subject=incoming.image_id,
        recorded_at=incoming.received_at,
    )


def _shot_of(text: str | None) -> Shot | None:
    return None if text is None else Shot(**json.loads(text))


def _row_of(incoming: Incoming, thumbnail: bytes) -> dict[str, object]:
    return {
        "image_id": incoming.image_id,
        "pixels_sha256": incoming.pixels_sha256,
        "file_format": incoming.file_format,
        "num_bytes": incoming.num_bytes,
        "width_px": incoming.size.width_px,
        "height_px": incoming.size.height_px,
        "source": incoming.source,
        "received_at": incoming.received_at.isoformat(),
        "pdq": incoming.pdq,
        "is_kept": incoming.is_kept,
        "thumbnail": thumbnail,
    }


def _incoming_of(row: sa.Row[Any]) -> Incoming:
    return Incoming(
        image_id=row.image_id,
        pixels_sha256=row.pixels_sha256,
        file_format=row.file_format,
        num_bytes=row.num_bytes,
        size=Size(row.width_px, row.height_px),
        source=row.source,
        received_at=datetime.fromisoformat(row.received_at),
        pdq=row.pdq,
        is_kept=row.is_kept,
    )


def _run_of(row: sa.Row[Any]) -> dict[str, Any]:
    asked = json.loads(row.document)
    return {**asked, "run_id": row.run_id, "looker_sha256": row.looker_sha256}
