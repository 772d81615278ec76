"""The model registry: versions, what happens to them, and aliases, each with its ledger entry.

Rows are only ever added. Every function that writes works inside the caller's write transaction,
so that a stage, the aliases that follow it and what the ledger says change together or not at all.
People are known by commitments, as in reviews.py. Gates and evidence are in evidence.py.
"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, datetime
from typing import NamedTuple

import sqlalchemy as sa

from limner.core.errors import NotFound
from limner.core.hashing import canonical_json
from limner.core.models import (
    Cause,
    EventKind,
    ModelEvent,
    ModelState,
    ModelVersion,
    Stage,
    require_alias,
    require_move,
)
from limner.store import schema
from limner.store.ledger.appending import append_entry
from limner.store.ledger.entries import Kind
from limner.store.ledgered import LedgeredRows
from limner.store.reviews import commitment_of, name_of

_versions = schema.model_versions.c
_events = schema.model_events.c
_aliases = schema.model_aliases.c


class AliasMove(NamedTuple):
    """An alias that was pointed at a version, and when."""

    model_sha256: str
    moved_at: datetime


class Models(LedgeredRows):
    """The registry of one database, for the studio."""


def register(connection: sa.Connection, version: ModelVersion, event: ModelEvent) -> None:
    """Add a version and the first thing that happens to it.

    Args:
        connection: in a write transaction.
        version: that is not there yet.
        event: of the kind REGISTERED.
    """
    proposer = commitment_of(connection, version.proposed_by) if version.proposed_by else ""
    document = replace(version, proposed_by=proposer).to_document()
    row = {
        "model_sha256": version.sha256,
        "name": version.name,
        "version": version.version,
        "registered_at": event.happened_at.isoformat(),
        "document": canonical_json(document),
    }
    connection.execute(schema.model_versions.insert().values(row))
    append_event(connection, version, event)


def append_event(
    connection: sa.Connection,
    version: ModelVersion,
    event: ModelEvent,
    gate_document: dict[str, object] | None = None,
) -> None:
    """Append what happened to a version, with its entry.

    Args:
        connection: in a write transaction.
        version: it happened to.
        event: what happened.
        gate_document: what the gate said that it went through; kept with the event.
    """
    by = commitment_of(connection, event.by) if event.by else ""
    said: dict[str, object] = {
        "event": str(event.kind),
        "stage": str(event.stage),
        "cause": str(event.cause),
        "by": by,
        "review_by": None if event.review_by is None else event.review_by.isoformat(),
    }
    document = {**said, "note": event.note, "gate": gate_document}
    row = {
        "model_sha256": version.sha256,
        "happened_at": event.happened_at.isoformat(),
        "stage": str(event.stage),
        "document": canonical_json(document),
    }
    connection.execute(schema.model_events.insert().values(row))
    facts = {**said, "model": version.label, "gate": gate_document}
    append_entry(
        connection,
        Kind.MODEL_CHANGE,
        facts,
        subject=version.sha256,
        recorded_at=event.happened_at,
    )


def move(
    connection: sa.Connection,
    model_sha256: str,
    event: ModelEvent,
    gate_document: dict[str, object] | None = None,
) -> ModelState:
    """Move a version to another stage.

    Args:
        connection: in a write transaction.
        model_sha256: of the version.
        event: of the kind MOVED, with the stage to move to.
        gate_document: see `append_event`.

    Raises:
        NotFound: there is no such version.
        StageRefused: the move is not on the table.
    """
    state = require_state(connection, model_sha256)
    require_move(state.stage, event.stage, state.version.origin)
    append_event(connection, state.version, event, gate_document)
    return replace(state, events=(*state.events, event))


def point_alias(
    connection: sa.Connection, alias: str, version: ModelVersion, moved_at: datetime
) -> None:
    """Point an alias at a version, with its entry.

    Raises:
        BadInput: it is no alias.
    """
    require_alias(alias)
    row = {
        "alias": alias,
        "model_sha256": version.sha256,
        "moved_at": moved_at.isoformat(),
    }
    connection.execute(schema.model_aliases.insert().values(row))
    facts = {"event": "alias_moved", "alias": alias, "model": version.label}
    append_entry(connection, Kind.MODEL_CHANGE, facts, subject=version.sha256, recorded_at=moved_at)


def find_states(connection: sa.Connection) -> list[ModelState]:
    """Every version as it stands, in the order in which they came."""
    events: dict[str, list[ModelEvent]] = {}
    for row in connection.execute(schema.model_events.select().order_by(_events.event_id)):
        events.setdefault(row.model_sha256, []).append(_event_of(connection, row))
    query = schema.model_versions.select().order_by(_versions.version_id)
    return [
        ModelState(
            version=_version_of(connection, row.document),
            registered_at=datetime.fromisoformat(row.registered_at),
            events=tuple(events[row.model_sha256]),
        )
        for row in connection.execute(query)
    ]


def require_state(connection: sa.Connection, model_sha256: str) -> ModelState:
    """One version as it stands.

    Raises:
        NotFound: there is none with this hash.
    """
    for one in find_states(connection):
        if one.version.sha256 == model_sha256:
            return one
    raise NotFound(f"There is no model with the hash {model_sha256!r}.")


def alias_moves(connection: sa.Connection, alias: str) -> list[AliasMove]:
    """Where an alias pointed, oldest first; the last is where it points. Empty for none."""
    query = schema.model_aliases.select().where(_aliases.alias == alias)
    return [
        AliasMove(row.model_sha256, datetime.fromisoformat(row.moved_at))
        for row in connection.execute(query.order_by(_aliases.move_id))
    ]


def find_aliases(connection: sa.Connection) -> dict[str, str]:
    """The hash of the version every alias points at, by alias."""
    query = schema.model_aliases.select().order_by(_aliases.move_id)
    return {row.alias: row.model_sha256 for row in connection.execute(query)}


def gate_documents(connection: sa.Connection, model_sha256: str) -> list[dict[str, object]]:
    """What gates said when a version went through them, oldest first."""
    query = sa.select(_events.document).where(_events.model_sha256 == model_sha256)
    documents = [json.loads(one) for one in connection.scalars(query.order_by(_events.event_id))]
    return [one["gate"] for one in documents if one["gate"] is not None]


def _version_of(connection: sa.Connection, document: str) -> ModelVersion:
    version = ModelVersion.from_document(json.loads(document))
    proposer = name_of(connection, version.proposed_by) if version.proposed_by else ""
    return replace(version, proposed_by=proposer or "")


def _event_of(connection: sa.Connection, row: sa.Row[tuple[object, ...]]) -> ModelEvent:
    document = json.loads(row.document)
    by = name_of(connection, document["by"]) if document["by"] else ""
    review_by = document["review_by"]
    return ModelEvent(
        kind=EventKind(document["event"]),
        happened_at=datetime.fromisoformat(row.happened_at),
        stage=Stage(row.stage),
        cause=Cause(document["cause"]),
        note=document["note"],
        by=by or "",
        review_by=None if review_by is None else date.fromisoformat(review_by),
    )
