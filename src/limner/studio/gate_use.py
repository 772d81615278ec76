"""Holding a model against a gate: what evidence has to be measured on now, and what comes of it.

Which rules are kept is worked out in core/gating.py; here is gathered what they are held against.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple

import sqlalchemy as sa

from limner.core.errors import SuiteInvalid
from limner.core.evidence import Basis, checks_sha256
from limner.core.gates import Circumstances, Gate, GateAnswer, RuleAnswer
from limner.core.gating import Found, decide_gate
from limner.core.models import ModelVersion
from limner.evals.suite import Suite
from limner.store.evidence import evidence_of, gate_registered_at, waivers_of
from limner.studio.criteria_use import expired_certificates
from limner.studio.eval_judging import Checks
from limner.studio.eval_report import data_sha256
from limner.studio.parts import Parts
from limner.studio.suite_file import SHIPPED, parse_suite, suite_text

SUITES_FOLDER = "suites"  # of the data folder; a team's own suites that its gate names


class Held(NamedTuple):
    """What a model is held against, apart from the rows that one transaction reads.

    Attributes:
        faults: what no waiver helps against; see `core.gates.GateAnswer.faults`.
    """

    gate: Gate
    basis: dict[str, Basis]
    criteria_registered_at: dict[str, datetime]
    ended_certificates: tuple[str, ...]
    interested: frozenset[str]
    faults: tuple[str, ...]


def hold_against(
    parts: Parts, gate: Gate, version: ModelVersion, faults: Sequence[str] = ()
) -> Held:
    """Gather what a version is held against now: suites, checks and criteria by their hashes.

    Args:
        parts: of the studio.
        gate: whose rules name suites.
        version: that asks to pass.
        faults: of its files, found elsewhere; those of its licence are found here.
    """
    criteria = parts.judge.criteria
    sha256 = "" if criteria is None else criteria.sha256
    frozen_at = parts.store.frozen_at(sha256) if sha256 else None
    ended = () if criteria is None else expired_certificates(criteria, parts.judge.cards)
    return Held(
        gate=gate,
        basis=basis_now(parts, [one.suite for one in gate.rules], version.sha256),
        criteria_registered_at={} if frozen_at is None else {sha256: frozen_at},
        ended_certificates=tuple(ended),
        interested=interested_in(version),
        faults=(*licence_faults(gate, version), *faults),
    )


def answer_gate(
    connection: sa.Connection, held: Held, version: ModelVersion, now: datetime
) -> GateAnswer:
    """What a gate says of a version by the rows of one transaction."""
    circumstances = Circumstances(
        now=now,
        model_sha256=version.sha256,
        gate_registered_at=gate_registered_at(connection, held.gate.sha256),
        basis=held.basis,
        criteria_registered_at=held.criteria_registered_at,
        interested=held.interested,
        ended_certificates=held.ended_certificates,
    )
    found = Found(
        evidence=evidence_of(connection, version.sha256),
        waivers=waivers_of(connection, version.sha256),
        faults=held.faults,
    )
    return decide_gate(held.gate, found, circumstances)


def basis_now(parts: Parts, suites: Sequence[str], model_sha256: str) -> dict[str, Basis]:
    """By suite, what evidence about a model has to be measured on; a suite that is gone has none.

    Suites are those that are shipped, and the files of the data folder's ``suites``.
    """
    cards, criteria = Checks(parts).cards, parts.judge.criteria
    basis: dict[str, Basis] = {}
    for name in dict.fromkeys(suites):
        try:
            suite = _suite_of_text(suite_text(suite_source(parts, name)), name)
        except SuiteInvalid:
            continue
        if suite.name == name and all(check in cards for check in suite.checks):
            basis[name] = Basis(
                model_sha256=model_sha256,
                suite_sha256=suite.sha256,
                checks_sha256=checks_sha256({one: cards[one] for one in suite.checks}),
                criteria_sha256="" if criteria is None else criteria.sha256,
                data_sha256=data_sha256(suite),
            )
    return basis


def suite_names(parts: Parts) -> tuple[str, ...]:
    """Every suite there is by name: those that are shipped, then those of the data folder."""
    own = sorted(one.stem for one in (parts.settings.home / SUITES_FOLDER).glob("*.yaml"))
    return (*SHIPPED, *(one for one in own if one not in SHIPPED))


def suite_source(parts: Parts, name: str) -> str:
    """Where a suite is read from by its name."""
    if name in SHIPPED:
        return name
    return str(parts.settings.home / SUITES_FOLDER / f"{name}.yaml")


def interested_in(version: ModelVersion) -> frozenset[str]:
    """Who wants a version to pass."""
    return frozenset(one for one in (version.owner, version.proposed_by) if one)


def licence_faults(gate: Gate, version: ModelVersion) -> tuple[str, ...]:
    """What is wrong with a licence: it is none that the gate allows, or nobody has read it."""
    licence, faults = version.licence, list[str]()
    if licence.expression not in gate.licences:
        faults.append(
            f"The licence is {licence.expression!r}; the gate allows {', '.join(gate.licences)}."
        )
    if not licence.reviewer.strip():
        faults.append("Nobody has read the licence; `--licence-read-by` names who did.")
    return tuple(faults)


def answer_document(answer: GateAnswer) -> dict[str, object]:
    """JSON form of what a gate said, without the names of people: it goes into the ledger."""
    until = answer.valid_until
    return {
        "gate": answer.gate.name,
        "gate_sha256": answer.gate.sha256,
        "verdict": str(answer.verdict),
        "answered_at": answer.answered_at.isoformat(),
        "valid_until": None if until is None else until.isoformat(),
        "faults": list(answer.faults),
        "rules": [_rule_document(one) for one in answer.rules],
    }


@lru_cache(maxsize=32)
def _suite_of_text(text: str, name: str) -> Suite:
    """A suite is read again only when its text is another."""
    return parse_suite(text, name)


def _rule_document(answer: RuleAnswer) -> dict[str, object]:
    waived = [one.expires_at for one in answer.waived_by]
    return {
        "id": answer.rule.id,
        "verdict": str(answer.verdict),
        "lack": None if answer.lack is None else str(answer.lack),
        "note": answer.note,
        "num_more": answer.num_more,
        "run": None if answer.evidence is None else answer.evidence.run,
        "waived_until": min(waived).isoformat() if waived else None,
    }
