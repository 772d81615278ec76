"""What is to be looked at again, by whom and until when: models, gate, criteria and suites."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import NamedTuple

from limner.core.errors import GateInvalid, SuiteInvalid
from limner.core.models import Stage
from limner.studio.gate_file import gate_in_force
from limner.studio.gate_use import suite_names, suite_source
from limner.studio.parts import Parts
from limner.studio.registry import overview
from limner.studio.suite_file import read_suite

REMIND_DAYS = 14  # before a day, from which it is told


class Due(NamedTuple):
    """Something that is to be looked at again.

    Attributes:
        what: ``model``, ``gate``, ``criteria`` or ``suite``.
        owner: who answers for it.
        review_by: day; ``None`` where none is set.
        pauses: a missed review pauses models.
        fault: why it cannot be read; empty otherwise.
    """

    what: str
    name: str
    owner: str
    review_by: date | None
    pauses: bool
    fault: str = ""

    def days_left(self, today: date) -> int | None:
        """Days until then, below 0 where it is overdue; ``None`` without a day."""
        return None if self.review_by is None else (self.review_by - today).days


def everything_due(parts: Parts) -> list[Due]:
    """Everything with an owner and a day, the first day first; what has no day comes last."""
    found = [*_models(parts), *_rules(parts), *_suites(parts)]
    return sorted(found, key=lambda one: (one.review_by or date.max, one.what, one.name))


def _models(parts: Parts) -> Iterator[Due]:
    for state in overview(parts).states:
        if state.stage is not Stage.PAUSED:
            version = state.version
            yield Due(
                what="model",
                name=version.label,
                owner=version.owner,
                review_by=state.review_by,
                pauses=version.pauses_when_overdue,
            )


def _rules(parts: Parts) -> Iterator[Due]:
    pausing: tuple[str, ...] = ()
    try:
        gate = gate_in_force(parts.settings)
    except GateInvalid as error:
        yield Due("gate", "in force", "", None, pauses=False, fault=error.message)
    else:
        pausing = gate.pauses_when_overdue
        yield Due("gate", gate.name, gate.owner, gate.review_by, pauses="gate" in pausing)
    criteria = parts.judge.criteria
    if criteria is None:
        yield Due("criteria", "in force", "", None, pauses=False, fault=parts.judge.fault)
    else:
        facts = criteria.name, criteria.owner, criteria.review_by
        yield Due("criteria", *facts, pauses="criteria" in pausing)


def _suites(parts: Parts) -> Iterator[Due]:
    pausing = _pausing_suites(parts)
    for name in suite_names(parts):
        try:
            suite = read_suite(suite_source(parts, name))
        except SuiteInvalid as error:
            yield Due("suite", name, "", None, pauses=False, fault=error.message)
        else:
            pauses = name in pausing
            yield Due("suite", suite.name, suite.owner, suite.review_by, pauses=pauses)


def _pausing_suites(parts: Parts) -> frozenset[str]:
    """Suites of the gate in force whose missed review pauses models; of a bad gate none is told."""
    try:
        gate = gate_in_force(parts.settings)
    except GateInvalid:
        return frozenset()
    is_pausing = "suites" in gate.pauses_when_overdue
    return frozenset(one.suite for one in gate.rules) if is_pausing else frozenset()
