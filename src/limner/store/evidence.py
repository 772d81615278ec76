"""Evidence and its end, gates and waivers: rows that are only added, each with its ledger entry.

Every function that writes works inside the caller's write transaction. People are known by
commitments, as in reviews.py; a signature whose name was erased counts no more. What follows from
evidence is worked out in core/gating.py.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime

import sqlalchemy as sa

from limner.core.evidence import Evidence
from limner.core.gates import Gate, Waiver, gate_of_document
from limner.core.hashing import canonical_json, sha256_of_document
from limner.store import schema
from limner.store.ledger.appending import append_entries, append_entry
from limner.store.ledger.entries import Draft, Kind
from limner.store.reviews import commitment_of, name_of

_evidence = schema.evidence.c
_ends = schema.evidence_ends.c
_gates = schema.gates.c
_waivers = schema.waivers.c


def add_evidence(connection: sa.Connection, evidence: Sequence[Evidence], now: datetime) -> None:
    """Keep what a run measured; what is there already stays as it is.

    Args:
        connection: in a write transaction.
        evidence: of one run.
        now: the time now, UTC.
    """
    drafts: list[Draft] = []
    for one in evidence:
        stored = replace(
            one,
            asked_by=_known_as(connection, one.asked_by),
            labelled_by=tuple(_known_as(connection, name) for name in one.labelled_by),
        )
        digest = stored.sha256
        known = sa.select(_evidence.model_sha256).where(_evidence.evidence_sha256 == digest)
        if connection.scalar(known) is not None:
            continue
        document = stored.to_document()
        row = {
            "evidence_sha256": digest,
            "model_sha256": one.basis.model_sha256,
            "metric": one.metric,
            "suite": one.suite,
            "measured_at": one.measured_at.astimezone(UTC).isoformat(),
            "document": canonical_json(document),
        }
        connection.execute(schema.evidence.insert().values(row))
        facts = {"evidence_sha256": digest, "metric": one.metric, "slice": one.slice}
        facts |= {"suite": one.suite, "run": one.run}
        drafts.append(Draft(kind=Kind.EVIDENCE, document=facts, subject=one.basis.model_sha256))
    append_entries(connection, drafts, recorded_at=now)


def end_evidence(
    connection: sa.Connection, digests: Sequence[str], *, cause: str, alarm_id: str, now: datetime
) -> tuple[str, ...]:
    """Let evidence count no more, with an entry for each; it stays where it is.

    Args:
        connection: in a write transaction.
        digests: hashes of the evidence; what has ended already is passed over.
        cause: a short code such as ``alarm``.
        alarm_id: of the alarm that ends it.
        now: the time now, UTC.

    Returns:
        The hashes that ended now.
    """
    known = set(connection.scalars(sa.select(_ends.evidence_sha256)))
    ended = tuple(one for one in dict.fromkeys(digests) if one not in known)
    drafts: list[Draft] = []
    for digest in ended:
        row = {
            "evidence_sha256": digest,
            "ended_at": now.isoformat(),
            "cause": cause,
            "alarm_id": alarm_id,
        }
        connection.execute(schema.evidence_ends.insert().values(row))
        facts = {"cause": cause, "alarm": alarm_id}
        drafts.append(Draft(kind=Kind.EVIDENCE_ENDED, document=facts, subject=digest))
    append_entries(connection, drafts, recorded_at=now)
    return ended


def evidence_of(connection: sa.Connection, model_sha256: str) -> list[Evidence]:
    """Everything that was measured of a model and has not been ended, oldest first."""
    return list(standing_evidence(connection, _evidence.model_sha256 == model_sha256).values())


def standing_evidence(
    connection: sa.Connection, condition: sa.ColumnElement[bool] | None = None
) -> dict[str, Evidence]:
    """Evidence that has not been ended, by its hash as it is stored, oldest first.

    Args:
        connection: reading.
        condition: on the columns of `schema.evidence`; left out: of every model.
    """
    has_ended = sa.exists().where(_ends.evidence_sha256 == _evidence.evidence_sha256)
    query = sa.select(_evidence.evidence_sha256, _evidence.document).where(~has_ended)
    if condition is not None:
        query = query.where(condition)
    query = query.order_by(_evidence.measured_at, _evidence.evidence_sha256)
    return {
        row.evidence_sha256: _evidence_of(connection, row.document)
        for row in connection.execute(query).all()
    }


def freeze_gate(connection: sa.Connection, gate: Gate, now: datetime) -> bool:
    """Keep a gate under its hash, before any run may be held against it; whether it was new."""
    digest = gate.sha256
    if gate_registered_at(connection, digest) is not None:
        return False
    row = {
        "gate_sha256": digest,
        "frozen_at": now.isoformat(),
        "document": canonical_json(gate.to_document()),
    }
    connection.execute(schema.gates.insert().values(row))
    facts = {"name": gate.name, "review_by": gate.review_by.isoformat()}
    append_entry(connection, Kind.GATE_FROZEN, facts, subject=digest, recorded_at=now)
    return True


def gate_registered_at(connection: sa.Connection, gate_sha256: str) -> datetime | None:
    """When a gate was frozen; ``None`` if it was not."""
    found = connection.scalar(sa.select(_gates.frozen_at).where(_gates.gate_sha256 == gate_sha256))
    return None if found is None else datetime.fromisoformat(found)


def frozen_gate(connection: sa.Connection, gate_sha256: str) -> Gate | None:
    """The gate with this hash; ``None`` if it was not frozen."""
    found = connection.scalar(sa.select(_gates.document).where(_gates.gate_sha256 == gate_sha256))
    return None if found is None else gate_of_document(json.loads(found))


def sign_waiver(connection: sa.Connection, waiver: Waiver) -> None:
    """Keep one person's signature; see `core.gates.require_waiver` for what is refused before."""
    person = commitment_of(connection, waiver.person)
    document: dict[str, object] = {
        **asdict(waiver),
        "person": person,
        "signed_at": waiver.signed_at.astimezone(UTC).isoformat(),
        "expires_at": waiver.expires_at.astimezone(UTC).isoformat(),
    }
    row = {
        "waiver_sha256": sha256_of_document(document),
        "model_sha256": waiver.model_sha256,
        "document": canonical_json(document),
    }
    connection.execute(schema.waivers.insert().values(row))
    facts = {key: document[key] for key in ("gate_sha256", "rule_id", "person", "expires_at")}
    append_entry(
        connection,
        Kind.WAIVER,
        facts,
        subject=waiver.model_sha256,
        recorded_at=waiver.signed_at,
    )


def waivers_of(connection: sa.Connection, model_sha256: str) -> list[Waiver]:
    """Every signature for a model whose signer is still known, in the order they were given."""
    query = sa.select(_waivers.document).where(_waivers.model_sha256 == model_sha256)
    found = [json.loads(one) for one in connection.scalars(query.order_by(_waivers.waiver_id))]
    named = [one | {"person": name_of(connection, one["person"])} for one in found]
    return [
        Waiver(
            **one
            | {name: datetime.fromisoformat(one[name]) for name in ("signed_at", "expires_at")}
        )
        for one in named
        if one["person"] is not None
    ]


def _known_as(connection: sa.Connection, name: str) -> str:
    return commitment_of(connection, name) if name else ""


def _evidence_of(connection: sa.Connection, document: str) -> Evidence:
    stored = Evidence.from_document(json.loads(document))
    asked_by = (name_of(connection, stored.asked_by) or "") if stored.asked_by else ""
    labellers = tuple(name_of(connection, one) or "" for one in stored.labelled_by)
    return replace(stored, asked_by=asked_by, labelled_by=labellers)
