"""Results, decisions, seals and frozen criteria: rows that are only ever added, and their entries.

Every function that writes works inside the caller's transaction, so that an image, what was found
out about it, what was decided and what the ledger says are stored together or not at all. The
ledger gets no prompt and no hash of one: a short prompt can be guessed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Literal

import sqlalchemy as sa

from limner.core.criteria import Consequence, Criteria
from limner.core.deciding import Decision, Outcome, Reason
from limner.core.hashing import canonical_json
from limner.core.judging import Result, Verdict
from limner.core.records import FileFormat
from limner.core.rights import RightsMatch, decision_against
from limner.store import schema
from limner.store.gallery import note_outcomes
from limner.store.ledger.appending import append_entries, append_entry
from limner.store.ledger.entries import Draft, Entry, Kind
from limner.store.rights_blocking import blocker_of_image

DecidedBy = Literal["rule", "person"]

_decisions = schema.decisions.c
_seals = schema.seals.c
_FROZEN_AT = sa.select(schema.criteria.c.frozen_at).where(
    schema.criteria.c.criteria_sha256 == sa.bindparam("these")
)
_LAST_DECISION = (
    schema.decisions.select()
    .where(_decisions.image_id == sa.bindparam("this_image"))
    .order_by(_decisions.decision_id.desc())
    .limit(1)
)
_LAST_SEAL = (
    schema.seals.select()
    .where(
        _seals.image_id == sa.bindparam("this_image"),
        _seals.is_beside == sa.bindparam("beside"),
        _seals.file_format.is_not_distinct_from(sa.bindparam("in_format")),
    )
    .order_by(_seals.decision_id.desc(), _seals.sealed_at.desc())  # a clock may jump back
    .limit(1)
)
_INSERT_DECISIONS = schema.decisions.insert().returning(
    _decisions.decision_id, sort_by_parameter_order=True
)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredDecision:
    """A decision as it was stored.

    Attributes:
        decision_id: later decisions have higher ones; the last about an image holds.
        decided_by: never who.
        entry: of the ledger; ``None`` when it was read back.
    """

    decision_id: int
    image_id: str
    decided_at: datetime
    decided_by: DecidedBy
    decision: Decision
    entry: Entry | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredSeal:
    """A sealed file: the form in which an image left; or a sidecar.

    Attributes:
        sealed_sha256: tagged hash of the file's bytes, or of the sidecar's.
        manifest_id: of its credential.
        stamped_at: time of the stamp; ``None`` when unstamped.
        is_beside: it is a sidecar.
        file_format: of a file written in another format than the image's; else ``None``.
    """

    sealed_sha256: str
    image_id: str
    decision_id: int
    sealed_at: datetime
    manifest_id: str
    stamped_at: datetime | None
    is_beside: bool = False
    file_format: FileFormat | None = None


def freeze_criteria(connection: sa.Connection, criteria: Criteria, now: datetime) -> bool:
    """Keep criteria under their hash before anything is decided by them.

    Returns:
        Whether they were new.
    """
    digest = criteria.sha256
    if connection.scalar(_FROZEN_AT, {"these": digest}):
        return False
    document = canonical_json(criteria.to_document())
    row = {"criteria_sha256": digest, "frozen_at": now.isoformat(), "document": document}
    connection.execute(schema.criteria.insert().values(row))
    facts = {"name": criteria.name, "review_by": criteria.review_by.isoformat()}
    append_entry(connection, Kind.CRITERIA_FROZEN, facts, subject=digest, recorded_at=now)
    return True


def frozen_at(connection: sa.Connection, criteria_sha256: str) -> datetime | None:
    """When these criteria were frozen; ``None`` if they were not."""
    found = connection.scalar(_FROZEN_AT, {"these": criteria_sha256})
    return None if found is None else datetime.fromisoformat(found)


def add_judgement(
    connection: sa.Connection,
    image_id: str,
    results: Sequence[Result],
    decision: Decision,
    *,
    decided_by: DecidedBy,
    now: datetime,
) -> StoredDecision:
    """Store what the checks said of an image and what was decided, with their entries.

    An image that the rights register blocks is not let out by any decision: one that blocks it is
    appended after the other, and is what is returned.
    """
    ahead: list[Draft] = []
    if results:
        connection.execute(
            schema.results.insert(), [_result_row(image_id, one, now) for one in results]
        )
        ahead.append(_results_draft(image_id, results))
    decided = {image_id: decision}
    (stored,) = _add_decisions(connection, decided, decided_by=decided_by, now=now, ahead=ahead)
    if decision.outcome is Outcome.REFUSED:
        return stored
    blocker = blocker_of_image(connection, image_id, now)
    if blocker is None:
        return stored
    (blocked,) = add_blocks(connection, [image_id], blocker, now)
    return blocked


def add_blocks(
    connection: sa.Connection, image_ids: Sequence[str], blocker: RightsMatch, now: datetime
) -> list[StoredDecision]:
    """Append to each of these images that it is blocked by an entry of the rights register.

    Args:
        connection: in a write transaction.
        image_ids: of stored images, each once.
        blocker: the entry.
        now: the time now, UTC.
    """
    decided = dict.fromkeys(image_ids, decision_against(blocker))
    stored = _add_decisions(connection, decided, decided_by="rule", now=now)
    rows = [
        {
            "decision_id": one.decision_id,
            "image_id": one.image_id,
            "entry_id": blocker.entry_id,
        }
        for one in stored
    ]
    connection.execute(schema.rights_blocks.insert(), rows)
    return stored


def add_refused_request(connection: sa.Connection, decision: Decision, now: datetime) -> Entry:
    """Append that a request was refused before anything was drawn."""
    draft = _decision_draft(None, decision, "rule")
    document = {**draft.document, "on": "request"}
    return append_entry(connection, draft.kind, document, recorded_at=now)


def last_decision(connection: sa.Connection, image_id: str) -> StoredDecision | None:
    """The decision that holds for an image: the last one."""
    row = connection.execute(_LAST_DECISION, {"this_image": image_id}).one_or_none()
    return None if row is None else _stored_decision(row)


def decisions_of(connection: sa.Connection, image_id: str) -> list[StoredDecision]:
    """Every decision about an image, oldest first; the last one holds."""
    column = schema.decisions.c
    query = schema.decisions.select().where(column.image_id == image_id)
    return [_stored_decision(row) for row in connection.execute(query.order_by(column.decision_id))]


def results_of(connection: sa.Connection, image_id: str) -> list[dict[str, object]]:
    """Documents of every result about an image, oldest first."""
    column = schema.results.c
    query = sa.select(column.document).where(column.image_id == image_id)
    return [json.loads(one) for one in connection.scalars(query.order_by(column.result_id))]


def add_seal(connection: sa.Connection, seal: StoredSeal) -> Entry:
    """Store that an image was sealed, with its entry. The blob is the caller's."""
    stamped_at = None if seal.stamped_at is None else seal.stamped_at.isoformat()
    row = {**asdict(seal), "sealed_at": seal.sealed_at.isoformat(), "stamped_at": stamped_at}
    connection.execute(schema.seals.insert(), row)
    facts: dict[str, object] = {
        "sealed_sha256": seal.sealed_sha256,
        "manifest_id": seal.manifest_id,
        "is_beside": seal.is_beside,
    }
    if seal.file_format is not None:
        facts["file_format"] = seal.file_format
    return append_entry(
        connection, Kind.SEAL, facts, subject=seal.image_id, recorded_at=seal.sealed_at
    )


def seal_of(
    connection: sa.Connection,
    image_id: str,
    *,
    is_beside: bool = False,
    file_format: FileFormat | None = None,
) -> StoredSeal | None:
    """The last seal of an image: the one in its file, in one of another format, the sidecar."""
    wanted = {"this_image": image_id, "beside": is_beside, "in_format": file_format}
    row = connection.execute(_LAST_SEAL, wanted).one_or_none()
    return None if row is None else _seal_of_row(row)


def find_seal(connection: sa.Connection, condition: sa.ColumnElement[bool]) -> StoredSeal | None:
    """The last seal that fits a condition on the columns of `schema.seals`."""
    query = schema.seals.select().where(condition).order_by(_seals.sealed_at.desc()).limit(1)
    row = connection.execute(query).one_or_none()
    return None if row is None else _seal_of_row(row)


def _seal_of_row(row: sa.Row[tuple[object, ...]]) -> StoredSeal:
    return StoredSeal(
        sealed_sha256=row.sealed_sha256,
        image_id=row.image_id,
        decision_id=row.decision_id,
        sealed_at=datetime.fromisoformat(row.sealed_at),
        manifest_id=row.manifest_id,
        stamped_at=None if row.stamped_at is None else datetime.fromisoformat(row.stamped_at),
        is_beside=row.is_beside,
        file_format=row.file_format,
    )


def _add_decisions(
    connection: sa.Connection,
    decided: Mapping[str, Decision],
    *,
    decided_by: DecidedBy,
    now: datetime,
    ahead: Sequence[Draft] = (),
) -> list[StoredDecision]:
    """Append one decision to each image, by image_id, with their entries behind those `ahead`."""
    documents = {one: canonical_json(_decision_document(one)) for one in set(decided.values())}
    rows = [
        {
            "image_id": image_id,
            "decided_at": now.isoformat(),
            "decided_by": decided_by,
            "outcome": decision.outcome,
            "criteria_sha256": decision.criteria_sha256,
            "document": documents[decision],
        }
        for image_id, decision in decided.items()
    ]
    decision_ids = list(connection.scalars(_INSERT_DECISIONS, rows))
    note_outcomes(connection, {image_id: one.outcome for image_id, one in decided.items()})
    drafts = [_decision_draft(image_id, one, decided_by) for image_id, one in decided.items()]
    entries = append_entries(connection, [*ahead, *drafts], recorded_at=now)[len(ahead) :]
    return [
        StoredDecision(
            decision_id=decision_id,
            image_id=image_id,
            decided_at=now,
            decided_by=decided_by,
            decision=decision,
            entry=entry,
        )
        for decision_id, (image_id, decision), entry in zip(
            decision_ids, decided.items(), entries, strict=True
        )
    ]


def _result_row(image_id: str, result: Result, now: datetime) -> dict[str, object]:
    return {
        "image_id": image_id,
        "judged_at": now.isoformat(),
        "check_name": result.check,
        "verdict": result.verdict,
        "score": result.score,
        "document": canonical_json(_result_document(result)),
    }


def _result_document(result: Result) -> dict[str, object]:
    """As `asdict` has it, which copies every value and takes ten times as long."""
    document = {one.name: getattr(result, one.name) for one in fields(result)}
    limits = None if result.limits is None else asdict(result.limits)
    return {**document, "limits": limits}


def _results_draft(image_id: str, results: Sequence[Result]) -> Draft:
    said = [
        {
            "check": one.check,
            "version": one.version,
            "verdict": str(one.verdict),
            "score": one.score,
            "cause": None if one.cause is None else str(one.cause),
        }
        for one in results
    ]
    return Draft(kind=Kind.RESULTS, document={"results": said}, subject=image_id)


def _decision_draft(image_id: str | None, decision: Decision, decided_by: DecidedBy) -> Draft:
    document = {
        "outcome": str(decision.outcome),
        "decided_by": decided_by,
        "criteria_sha256": decision.criteria_sha256,
        "impact": decision.impact,
        "audit_probability": decision.audit_probability,
        "is_audited": decision.is_audited,
        "reasons": [
            {"source": one.source, "consequence": str(one.consequence)} for one in decision.reasons
        ],
    }
    return Draft(kind=Kind.DECISION, document=document, subject=image_id)


def _decision_document(decision: Decision) -> dict[str, object]:
    document = asdict(decision)
    del document["outcome"], document["criteria_sha256"]
    return document


def _stored_decision(row: sa.Row[tuple[object, ...]]) -> StoredDecision:
    return StoredDecision(
        decision_id=row.decision_id,
        image_id=row.image_id,
        decided_at=datetime.fromisoformat(row.decided_at),
        decided_by="person" if row.decided_by == "person" else "rule",
        decision=_decision_of(row),
    )


def _decision_of(row: sa.Row[tuple[object, ...]]) -> Decision:
    document = json.loads(row.document)
    reasons = tuple(
        Reason(
            source=one["source"],
            verdict=None if one["verdict"] is None else Verdict(one["verdict"]),
            consequence=Consequence(one["consequence"]),
            note=one["note"],
        )
        for one in document.pop("reasons")
    )
    return Decision(
        outcome=Outcome(row.outcome),
        reasons=reasons,
        criteria_sha256=row.criteria_sha256,
        **document,
    )
