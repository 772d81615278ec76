"""What statistics and the edge-case log ask of results, decisions and reviews; reads only."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from limner.core.deciding import RIGHTS_LIKENESS, Outcome
from limner.core.judging import Cause, CheckCard, Verdict
from limner.store import schema

_results = schema.results.c
_decisions = schema.decisions.c


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleDecision:
    """What a rule decided about one image.

    Attributes:
        audit_probability: with which people were to look at it; 1 when held.
        is_audited: chance chose it.
        reasons: one sentence each.
        criteria_sha256: of the criteria it was decided by; ``None`` when there were none.
        impact: tier of those; ``None`` likewise.
    """

    image_id: str
    decided_at: datetime
    outcome: Outcome
    audit_probability: float
    is_audited: bool
    reasons: tuple[str, ...]
    criteria_sha256: str | None
    impact: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OddResult:
    """A result that is unsure or an error."""

    image_id: str
    judged_at: datetime
    check: str
    verdict: Verdict
    notes: tuple[str, ...]


def rule_decisions(connection: sa.Connection) -> dict[str, RuleDecision]:
    """The last decision by the criteria about every image, by image_id; none for rights."""
    block = sa.exists().where(schema.rights_blocks.c.decision_id == _decisions.decision_id)
    query = schema.decisions.select().where(_decisions.decided_by == "rule", ~block)
    found: dict[str, RuleDecision] = {}
    for row in connection.execute(query.order_by(_decisions.decision_id)):
        document = json.loads(row.document)
        if any(one["source"] == RIGHTS_LIKENESS for one in document["reasons"]):
            continue
        found[row.image_id] = RuleDecision(
            image_id=row.image_id,
            decided_at=datetime.fromisoformat(row.decided_at),
            outcome=Outcome(row.outcome),
            audit_probability=float(document["audit_probability"]),
            is_audited=bool(document["is_audited"]),
            reasons=tuple(one["note"] for one in document["reasons"]),
            criteria_sha256=row.criteria_sha256,
            impact=document["impact"],
        )
    return found


def scores_by_card(connection: sa.Connection, card: CheckCard) -> dict[str, float]:
    """The last score that the check with exactly this card gave every image, by image_id."""
    query = schema.results.select().where(
        _results.check_name == card.name, _results.score.is_not(None)
    )
    found: dict[str, float] = {}
    for row in connection.execute(query.order_by(_results.result_id)):
        if json.loads(row.document).get("card_sha256") == card.sha256:
            found[row.image_id] = float(row.score)
        else:
            found.pop(row.image_id, None)  # judged again, by another state of the check
    return found


def odd_results(connection: sa.Connection) -> list[OddResult]:
    """Every result that is unsure or an error, oldest first; not of checks that do not apply."""
    odd = (str(Verdict.UNSURE), str(Verdict.ERROR))
    query = schema.results.select().where(_results.verdict.in_(odd))
    rows = connection.execute(query.order_by(_results.result_id))
    documents = ((row, json.loads(row.document)) for row in rows)
    return [
        OddResult(
            image_id=row.image_id,
            judged_at=datetime.fromisoformat(row.judged_at),
            check=row.check_name,
            verdict=Verdict(row.verdict),
            notes=tuple(document.get("notes") or ()),
        )
        for row, document in documents
        if document.get("cause") != Cause.NOT_APPLICABLE
    ]
