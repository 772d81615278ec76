"""Precision and recall of automatic decisions over time and by slice, without bias, from audits.

Every decision counts by the inverse of the probability with which it was audited (evals/audits.py),
so that a month with few audits has a wide interval and no other rate.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from limner.core.reviewing import state_of
from limner.evals.audits import Audited, DecisionRates, decision_rates
from limner.store.review_history import rule_decisions
from limner.store.reviews import find_cards
from limner.studio.review_statistics import audited_images

if TYPE_CHECKING:
    from limner.studio.parts import Parts

ALL, MONTH, STYLE = "all", "month", "style"
_SEED = 0  # the same records print the same intervals


class GroupRates(NamedTuple):
    """One group of decisions: what it is grouped by, its value, and its rates."""

    name: str
    value: str
    rates: DecisionRates


def audit_rates(parts: Parts) -> list[GroupRates]:
    """Rates of all decisions, of each month in which they were taken, and of each style.

    Returns:
        All first, then months, then styles, each in order; empty where nothing was answered.
    """
    now = parts.read_clock()
    with parts.store.reviews.reading() as connection:
        cards = [(card, state_of(events, now)) for card, events in find_cards(connection)]
        decisions = rule_decisions(connection)
    audited, _, _ = audited_images(cards, decisions)
    groups: dict[tuple[int, str, str], list[Audited]] = {}
    for image_id, one in audited.items():
        month = f"{decisions[image_id].decided_at:%Y-%m}"
        groups.setdefault((0, ALL, ""), []).append(one)
        groups.setdefault((1, MONTH, month), []).append(one)
        if style := _style_of(parts, image_id):
            groups.setdefault((2, STYLE, style), []).append(one)
    return [
        GroupRates(name, value, decision_rates(members, np.random.default_rng(_SEED)))
        for (_, name, value), members in sorted(groups.items(), key=lambda item: item[0])
    ]


def _style_of(parts: Parts, image_id: str) -> str:
    """Of a drawn image; empty of one that came in, or was erased since."""
    record = parts.store.image_by_id(image_id)
    return "" if record is None else record.recipe.style or "none"
