"""What the tables say of how images were judged, against what the ledger says.

Results, decisions and seals are written in the transaction of their entries, so every row has its
word in an entry and every such word its row, in the same order. Rows of an image that was erased
may be gone; entries never are.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import sqlalchemy as sa

from limner.store import schema
from limner.store.ledger.appending import find_entries
from limner.store.ledger.entries import Entry, Kind

Said = dict[str, Any]
"""One result, decision or seal, as its entry says it."""

_RESULT_FIELDS = ("check", "version", "verdict", "score", "cause")
_DECISION_FIELDS = ("impact", "audit_probability", "is_audited")


class Differs(NamedTuple):
    """An image whose rows of one kind are not those that its entries tell of."""

    kind: Kind
    image_id: str


def find_differing(connection: sa.Connection) -> Iterator[Differs]:
    """Every image with results, decisions or seals that are missing, changed, or in no entry."""
    erased = {one.subject: one.position for one in find_entries(connection, Kind.ERASURE)}
    rows_of = {Kind.RESULTS: _results, Kind.DECISION: _decisions, Kind.SEAL: _seals}
    for kind, read in rows_of.items():
        rows = _by_image(read(connection))
        entries = [one for one in find_entries(connection, kind) if one.subject is not None]
        said = _by_image(_said_in(entries))
        since = _by_image(
            _said_in(one for one in entries if one.position > erased.get(one.subject, -1))
        )
        for image_id in sorted(rows.keys() | said.keys()):
            told = said.get(image_id, []), since.get(image_id, [])
            if rows.get(image_id, []) not in told:
                yield Differs(kind, image_id)


def _by_image(said: Iterable[tuple[str, Said]]) -> Mapping[str, list[Said]]:
    by_image: dict[str, list[Said]] = defaultdict(list)
    for image_id, one in said:
        by_image[image_id].append(one)
    return {image_id: sorted(each, key=_place) for image_id, each in by_image.items()}


def _place(said: Said) -> str:
    """Seals of one moment have no order; results and decisions keep theirs."""
    return str(said.get("sealed_sha256", ""))


def _said_in(entries: Iterable[Entry]) -> Iterator[tuple[str, Said]]:
    for entry in entries:
        document: Said = dict(entry.document)
        for one in document["results"] if entry.kind == Kind.RESULTS else [document]:
            yield str(entry.subject), one


def _results(connection: sa.Connection) -> Iterator[tuple[str, Said]]:
    column = schema.results.c
    query = sa.select(column.image_id, column.verdict, column.score, column.document)
    for row in connection.execute(query.order_by(column.result_id)):
        document = json.loads(row.document)
        said = {name: document[name] for name in _RESULT_FIELDS}
        yield row.image_id, {**said, "verdict": row.verdict, "score": row.score}


def _decisions(connection: sa.Connection) -> Iterator[tuple[str, Said]]:
    column = schema.decisions.c
    for row in connection.execute(schema.decisions.select().order_by(column.decision_id)):
        document = json.loads(row.document)
        reasons = [
            {name: one[name] for name in ("source", "consequence")} for one in document["reasons"]
        ]
        said = {name: document[name] for name in _DECISION_FIELDS}
        own = {name: getattr(row, name) for name in ("outcome", "decided_by", "criteria_sha256")}
        yield row.image_id, {**said, **own, "reasons": reasons}


def _seals(connection: sa.Connection) -> Iterator[tuple[str, Said]]:
    for row in connection.execute(schema.seals.select()):
        said = {name: getattr(row, name) for name in ("sealed_sha256", "manifest_id", "is_beside")}
        own_format = {} if row.file_format is None else {"file_format": row.file_format}
        yield row.image_id, {**said, **own_format}
