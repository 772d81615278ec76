"""Precision and recall of automatic decisions over time and by slice, without bias, from audits.

Every decision counts by the inverse of the probability with which it was audited (evals/audits.py),
so that a month with few audits has a wide interval and no other rate.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from limner.core.reviewing import state_of
from limner.evals.audits import Audited, DecisionRates, decision_rates
from limner.store.review_history import RuleDecision, rule_decisions
from limner.store.reviews import find_cards
from limner.studio.look.rows import newest_look
from limner.studio.review_statistics import audited_images

if TYPE_CHECKING:
    from limner.studio.parts import Parts

ALL, MONTH = "all", "month"
SLICES = ("model", "criteria", "impact", "style", "operation", "size", "camera")
MOST_VALUES = 12  # of one slice, those with most answers; sizes of what comes in are many
_SEED = 0  # the same records print the same intervals


class GroupRates(NamedTuple):
    """One group of decisions: what it is grouped by, its value, and its rates."""

    name: str
    value: str
    rates: DecisionRates


def audit_rates(parts: Parts) -> list[GroupRates]:
    """Rates of all decisions, of each month in which they were taken, and of each slice.

    Returns:
        All first, then months in order, then slices as `SLICES` has them, the largest part first;
        a slice with one value would say what all say. Empty where nothing was answered.
    """
    now = parts.read_clock()
    with parts.store.reviews.reading() as connection:
        cards = [(card, state_of(events, now)) for card, events in find_cards(connection)]
        decisions = rule_decisions(connection)
    audited, _, _ = audited_images(cards, decisions)
    groups: dict[str, dict[str, list[Audited]]] = {}
    for image_id, one in audited.items():
        for name, value in _groups_of(parts, decisions[image_id]):
            groups.setdefault(name, {}).setdefault(value, []).append(one)
    return [
        GroupRates(name, value, decision_rates(members, np.random.default_rng(_SEED)))
        for name in (ALL, MONTH, *SLICES)
        for value, members in _told(name, groups.get(name, {}))
    ]


def _told(name: str, parts: Mapping[str, list[Audited]]) -> list[tuple[str, list[Audited]]]:
    """The values of a group that are told, in order."""
    if name in (ALL, MONTH):
        return sorted(parts.items())
    by_size = sorted(parts.items(), key=lambda item: (-len(item[1]), item[0]))
    return by_size[:MOST_VALUES] if len(by_size) > 1 else []


def _groups_of(parts: Parts, decision: RuleDecision) -> Iterator[tuple[str, str]]:
    """Every group an image belongs to; of one that was erased since only those of its decision."""
    yield ALL, ""
    yield MONTH, f"{decision.decided_at:%Y-%m}"
    yield "impact", decision.impact or "none"
    criteria = decision.criteria_sha256
    yield "criteria", "none" if criteria is None else criteria.removeprefix("sha256:")[:12]
    record = parts.store.image_by_id(decision.image_id)
    if record is not None:
        recipe = record.recipe
        yield "model", f"{recipe.generator}@{recipe.generator_version}"
        yield "style", recipe.style or "none"
        yield "operation", str(recipe.operation)
        yield "size", str(recipe.size)
    elif (look := newest_look(parts, decision.image_id)) is not None:
        yield "model", "incoming"
        yield "size", str(look.incoming.size)
        yield "camera", look.findings.camera or "none"
