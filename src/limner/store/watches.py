"""What watching keeps: references, readings, alarms and whom they told. Rows are only ever added.

An alarm and all it does at once are one transaction with their entries. Telling people comes after,
and may fail: what came of it is added to the alarm.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa

from limner.core.canaries import CanarySet
from limner.core.hashing import canonical_json
from limner.core.watching import Alarm, Reading, Reference, Telling
from limner.store import schema
from limner.store.database import transaction
from limner.store.ledger.appending import append_entry
from limner.store.ledger.entries import Kind
from limner.store.ledgered import LedgeredRows
from limner.store.reviews import commitment_of, name_of

_references = schema.watch_references.c
_canaries = schema.watch_canaries.c
_readings = schema.watch_readings.c
_alarms = schema.watch_alarms.c
_tellings = schema.watch_tellings.c


class StoredReading(NamedTuple):
    """A reading, when it was made, and the last image it saw: ``time image_id``."""

    reading: Reading
    read_at: datetime
    read_until: str


class Watches(LedgeredRows):
    """Everything watching keeps in one database."""

    def tell(self, alarm_id: str, telling: Telling) -> None:
        """Add whom an alarm told, or could not tell."""
        row = {
            "alarm_id": alarm_id,
            "channel": telling.channel,
            "recipient": telling.to,
            "told_at": telling.told_at.isoformat(),
            "is_told": telling.is_told,
            "note": telling.note,
        }
        with transaction(self._engine) as connection:
            connection.execute(schema.watch_tellings.insert().values(row))


def set_reference(connection: sa.Connection, reference: Reference) -> None:
    """Keep a reference, with its entry; who set it is kept as a commitment.

    Args:
        connection: in a write transaction.
        reference: that is in force for its stream from now on.
    """
    by = commitment_of(connection, reference.set_by) if reference.set_by else ""
    document = replace(reference, set_by=by).to_document()
    row = {
        "reference_id": reference.reference_id,
        "stream": reference.stream,
        "set_at": reference.set_at.isoformat(),
        "document": canonical_json(document),
    }
    connection.execute(schema.watch_references.insert().values(row))
    append_entry(
        connection,
        Kind.WATCH_REFERENCE,
        document,
        subject=reference.reference_id,
        recorded_at=reference.set_at,
    )


def references(connection: sa.Connection, stream: str | None = None) -> list[Reference]:
    """Every reference, of one stream or of all, oldest first; the last of a stream is in force."""
    query = schema.watch_references.select().order_by(_references.number)
    if stream is not None:
        query = query.where(_references.stream == stream)
    found = [Reference.from_document(json.loads(row.document)) for row in connection.execute(query)]
    return [
        replace(one, set_by=(name_of(connection, one.set_by) or "") if one.set_by else "")
        for one in found
    ]


def set_canaries(connection: sa.Connection, canaries: CanarySet) -> None:
    """Keep a canary set, with its entry; who set it is kept as a commitment.

    Args:
        connection: in a write transaction.
        canaries: in force for their stream from now on.
    """
    by = commitment_of(connection, canaries.set_by) if canaries.set_by else ""
    document = replace(canaries, set_by=by).to_document()
    row = {
        "canary_id": canaries.canary_id,
        "stream": canaries.stream,
        "set_at": canaries.set_at.isoformat(),
        "document": canonical_json(document),
    }
    connection.execute(schema.watch_canaries.insert().values(row))
    append_entry(
        connection,
        Kind.CANARY_SET,
        document,
        subject=canaries.canary_id,
        recorded_at=canaries.set_at,
    )


def canary_sets(connection: sa.Connection) -> list[CanarySet]:
    """The canary set in force of every stream, by the stream's name."""
    query = schema.watch_canaries.select().order_by(_canaries.number)
    found = [CanarySet.from_document(json.loads(row.document)) for row in connection.execute(query)]
    newest = {one.stream: one for one in found}
    return [
        replace(one, set_by=(name_of(connection, one.set_by) or "") if one.set_by else "")
        for _, one in sorted(newest.items())
    ]


def add_readings(
    connection: sa.Connection,
    reference_id: str,
    found: Sequence[Reading],
    *,
    read_until: str,
    now: datetime,
) -> None:
    """Add readings of one moment.

    Args:
        connection: in a write transaction.
        reference_id: of the reference or canary set they were made against.
        found: the readings.
        read_until: the last image they saw, ``time image_id``; of canaries the run of the redraw.
        now: the time now, UTC.
    """
    rows = [
        {
            "reference_id": reference_id,
            "read_at": now.isoformat(),
            "read_until": read_until,
            "measure": one.measure,
            "verdict": str(one.verdict),
            "document": canonical_json(one.to_document()),
        }
        for one in found
    ]
    if rows:
        connection.execute(schema.watch_readings.insert(), rows)


def readings_of(connection: sa.Connection, reference_id: str) -> list[StoredReading]:
    """Every reading against a reference or canary set, oldest first."""
    query = schema.watch_readings.select().where(_readings.reference_id == reference_id)
    return [
        StoredReading(
            reading=Reading.from_document(json.loads(row.document)),
            read_at=datetime.fromisoformat(row.read_at),
            read_until=row.read_until,
        )
        for row in connection.execute(query.order_by(_readings.reading_id))
    ]


def raise_alarm(connection: sa.Connection, alarm: Alarm) -> None:
    """Keep an alarm, with its entry; the entry names no image.

    Args:
        connection: in a write transaction.
        alarm: with what it did in the same transaction.
    """
    document = alarm.to_document()
    row = {
        "alarm_id": alarm.alarm_id,
        "reference_id": alarm.reference_id,
        "stream": alarm.stream,
        "raised_at": alarm.raised_at.isoformat(),
        "document": canonical_json(document),
    }
    connection.execute(schema.watch_alarms.insert().values(row))
    facts: dict[str, object] = {
        "stream": alarm.stream,
        "reference": alarm.reference_id,
        "measures": [
            {
                "measure": one.measure,
                "method": str(one.method),
                "value": one.value,
                "limit": one.limit,
            }
            for one in alarm.readings
        ],
        "paused": alarm.done.paused,
        "aliases": list(alarm.done.aliases),
        "num_evidence_ended": len(alarm.done.ended),
    }
    append_entry(connection, Kind.ALARM, facts, subject=alarm.alarm_id, recorded_at=alarm.raised_at)


def alarms(connection: sa.Connection, reference_id: str | None = None) -> list[Alarm]:
    """Every alarm, against one reference or canary set or all, oldest first."""
    query = schema.watch_alarms.select().order_by(_alarms.number)
    if reference_id is not None:
        query = query.where(_alarms.reference_id == reference_id)
    return [Alarm.from_document(json.loads(row.document)) for row in connection.execute(query)]


def tellings_of(connection: sa.Connection, alarm_id: str) -> list[Telling]:
    """Whom an alarm told, and whom it could not, in their order."""
    query = schema.watch_tellings.select().where(_tellings.alarm_id == alarm_id)
    return [_telling_of(row) for row in connection.execute(query.order_by(_tellings.telling_id))]


def _telling_of(row: sa.Row[Any]) -> Telling:
    return Telling(
        channel=row.channel,
        to=row.recipient,
        told_at=datetime.fromisoformat(row.told_at),
        is_told=row.is_told,
        note=row.note,
    )
