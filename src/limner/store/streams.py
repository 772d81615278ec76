"""What watching asks of stored images: their recipes, results and decisions in the order they came.

Reads only. An image's place in a stream is its time and, among images of one moment, its id.
Pictures of runs and shadows are drawn for nobody, nothing is decided about them, and they belong to
no stream.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from limner.store import schema
from limner.store.ledger.entries import Kind

INCOMING = "incoming"
MAX_IMAGES = 20_000  # of a stream since its reference; then a new reference is due

_images = schema.images.c
_incoming = schema.incoming.c
_looks = schema.looks.c
_results = schema.results.c
_decisions = schema.decisions.c


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamImage:
    """One image of a stream.

    Attributes:
        came_at: UTC.
        recipe: its document; empty of an incoming image.
        results: the newest document of every check, by the check's name.
        outcome: what a rule decided last; empty where none did.
        size: as ``640x480``.
        bits_per_pixel: of its file, which another encoder or quality changes at once.
        camera: that took it, as its file says; empty where it says nothing.
        pdq: perceptual hash, 32 bytes; ``None`` where it would say little.
        tag: the likeliest, of what came in; empty where there is none.
    """

    image_id: str
    came_at: datetime
    recipe: Mapping[str, Any]
    results: Mapping[str, Mapping[str, Any]]
    outcome: str
    size: str
    bits_per_pixel: float
    camera: str = ""
    pdq: bytes | None = None
    tag: str = ""

    @property
    def place(self) -> str:
        """Its place, to be compared as text."""
        return f"{self.came_at.isoformat()} {self.image_id}"


def stream_images(
    connection: sa.Connection,
    stream: str,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    num_last: int = MAX_IMAGES,
) -> list[StreamImage]:
    """The images of a stream, oldest first.

    Args:
        connection: reading.
        stream: name of the model that drew them, or ``incoming``.
        since: only those that came after this moment, UTC.
        until: only those up to and with this moment.
        num_last: the newest so many at most.
    """
    if stream == INCOMING:
        return _received(connection, since, until, num_last)
    return _drawn(connection, stream, since, until, num_last)


def count_refused_requests(
    connection: sa.Connection, *, since: datetime, until: datetime | None = None
) -> int:
    """Requests that were refused before anything was drawn, after `since`, up to `until`."""
    column = schema.ledger_entries.c
    query = sa.select(sa.func.count()).where(
        column.kind == str(Kind.DECISION),
        column.subject.is_(None),
        *_between(column.recorded_at, since, until),
    )
    return connection.scalar(query) or 0


def streams(connection: sa.Connection) -> list[str]:
    """Names of all streams that have an image: of models as recipes name them, and incoming."""
    name = sa.func.json_extract(_images.recipe, "$.generator")
    if connection.dialect.name == "postgresql":
        name = sa.cast(_images.recipe, sa.JSON)["generator"].as_string()
    found = sorted({str(one) for one in connection.scalars(sa.select(name).distinct()) if one})
    if connection.scalar(sa.select(sa.exists().select_from(schema.incoming))):
        found.append(INCOMING)
    return found


def _drawn(
    connection: sa.Connection,
    stream: str,
    since: datetime | None,
    until: datetime | None,
    num_last: int,
) -> list[StreamImage]:
    query = sa.select(
        _images.image_id,
        _images.created_at,
        _images.recipe,
        _images.width_px,
        _images.height_px,
        _images.num_bytes,
        _images.pdq,
    )
    is_asked = sa.exists().where(_decisions.image_id == _images.image_id)  # a run's is not decided
    query = query.where(is_asked, *_between(_images.created_at, since, until))
    order = (_images.created_at.desc(), _images.image_id.desc())
    rows: list[Any] = []
    for row in connection.execute(query.order_by(*order)):
        recipe = json.loads(row.recipe)
        if recipe["generator"] == stream:
            rows.append((row, recipe))
        if len(rows) == num_last:
            break
    rows.reverse()
    results = _newest_results(connection, since, until)
    outcomes = _rule_outcomes(connection)
    return [
        StreamImage(
            image_id=row.image_id,
            came_at=datetime.fromisoformat(row.created_at),
            recipe=recipe,
            results=results.get(row.image_id, {}),
            outcome=outcomes.get(row.image_id, ""),
            size=f"{row.width_px}x{row.height_px}",
            bits_per_pixel=8 * row.num_bytes / (row.width_px * row.height_px),
            pdq=row.pdq,
        )
        for row, recipe in rows
    ]


def _received(
    connection: sa.Connection, since: datetime | None, until: datetime | None, num_last: int
) -> list[StreamImage]:
    query = sa.select(
        _incoming.image_id,
        _incoming.received_at,
        _incoming.width_px,
        _incoming.height_px,
        _incoming.num_bytes,
        _incoming.pdq,
        _looks.document,
        _looks.looked_at,
    ).join(schema.looks, _looks.image_id == _incoming.image_id)
    query = query.where(*_between(_incoming.received_at, since, until))
    newest = (_incoming.received_at.desc(), _incoming.image_id.desc(), _looks.looked_at.desc())
    outcomes, found = _rule_outcomes(connection), dict[str, StreamImage]()
    for row in connection.execute(query.order_by(*newest)):
        if row.image_id in found:
            continue
        if len(found) == num_last:
            break
        document = json.loads(row.document)
        found[row.image_id] = StreamImage(
            image_id=row.image_id,
            came_at=datetime.fromisoformat(row.received_at),
            recipe={},
            results={one["check"]: one for one in document["results"]},
            outcome=outcomes.get(row.image_id, ""),
            size=f"{row.width_px}x{row.height_px}",
            bits_per_pixel=8 * row.num_bytes / (row.width_px * row.height_px),
            camera=str(document["findings"].get("camera", "")),
            pdq=row.pdq,
            tag=next((str(one["name"]) for one in document["findings"]["tags"]), ""),
        )
    return list(found.values())[::-1]


def _between(
    at: sa.ColumnElement[str], since: datetime | None, until: datetime | None
) -> list[sa.ColumnElement[bool]]:
    conditions: list[sa.ColumnElement[bool]] = []
    if since is not None:
        conditions.append(at > since.isoformat())
    if until is not None:
        conditions.append(at <= until.isoformat())
    return conditions


def _newest_results(
    connection: sa.Connection, since: datetime | None, until: datetime | None
) -> dict[str, dict[str, Mapping[str, Any]]]:
    """The newest result of every check on every image that came in a time, by image and check."""
    query = sa.select(_results.image_id, _results.document).join(
        schema.images, _images.image_id == _results.image_id
    )
    query = query.where(*_between(_images.created_at, since, until)).order_by(_results.result_id)
    found: dict[str, dict[str, Mapping[str, Any]]] = {}
    for row in connection.execute(query):
        document = json.loads(row.document)
        found.setdefault(row.image_id, {})[document["check"]] = document
    return found


def _rule_outcomes(connection: sa.Connection) -> dict[str, str]:
    block = sa.exists().where(schema.rights_blocks.c.decision_id == _decisions.decision_id)
    query = sa.select(_decisions.image_id, _decisions.outcome).where(
        _decisions.decided_by == "rule", ~block
    )
    return {
        row.image_id: row.outcome
        for row in connection.execute(query.order_by(_decisions.decision_id))
    }
