"""Using criteria: checking a file, explaining what it will do, freezing it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import NamedTuple

from limner.core.criteria import Certificate, Criteria, Criterion, Target
from limner.core.deciding import review_band
from limner.core.judging import CheckCard
from limner.studio.criteria_file import read_criteria, require_known_checks, source_in_force
from limner.studio.parts import Parts

UNCALIBRATED = "the check gives no calibrated probability, so its verdict decides"


class Explained(NamedTuple):
    """Criteria and what they will do.

    Attributes:
        lines: sentences for a person, in the order they matter.
        frozen_at: when they were frozen; ``None`` if they never were.
        is_overdue: the day to look at them again has passed.
    """

    criteria: Criteria
    lines: tuple[str, ...]
    frozen_at: datetime | None
    is_overdue: bool


def open_criteria(parts: Parts, source: str | None) -> Criteria:
    """Criteria from a file, from those that are shipped, or those in force; checked whole.

    Args:
        parts: of the studio.
        source: path or ``personal`` or ``team``; ``None`` for those in force.

    Raises:
        CriteriaInvalid: something in them is not allowed; says where.
    """
    criteria = read_criteria(source_in_force(parts.settings) if source is None else source)
    require_known_checks(criteria, parts.judge.cards.values())
    return criteria


def explain(parts: Parts, source: str | None) -> Explained:
    """What criteria will do, in sentences. Arguments and errors as `open_criteria`."""
    criteria = open_criteria(parts, source)
    today = parts.read_clock().date()
    return Explained(
        criteria=criteria,
        lines=tuple(_lines(criteria, parts.judge.cards, today)),
        frozen_at=parts.store.frozen_at(criteria.sha256),
        is_overdue=criteria.review_by < today,
    )


def freeze(parts: Parts, source: str | None) -> tuple[Criteria, bool]:
    """Freeze criteria by their hash in the ledger; and whether they were new.

    Arguments and errors as `open_criteria`.
    """
    criteria = open_criteria(parts, source)
    return criteria, parts.store.freeze(criteria, parts.read_clock())


def _lines(criteria: Criteria, cards: Mapping[str, CheckCard], today: date) -> list[str]:
    lines = [
        f"{criteria.name}: {criteria.owner} answers for these criteria.",
        f"To be looked at again by {criteria.review_by}"
        + (" - that day has passed." if criteria.review_by < today else "."),
    ]
    for one in criteria.criteria:
        lines += _criterion_lines(one, criteria, cards[one.check])
        lines += [f"    {line}" for line in certificate_lines(one, cards[one.check])]
    if all(one.costs is None for one in criteria.criteria):
        lines.append(
            "No criterion has costs, which are yours to set: every one is decided by its verdict."
        )
    for rule in criteria.always_review:
        lines.append(f"Always to a person: {rule.reason}")
    for tier in criteria.second_reviewer:
        lines.append(f"Two people must agree at impact {tier!r}.")
    rates = criteria.audit
    lines.append(
        f"Of what is decided by rule, {rates.released:.0%} of released and {rates.refused:.0%} of "
        "refused images are looked at afterwards, by chance."
    )
    if rates.honeypots:
        lines.append(
            f"Of the cards a person is given, {rates.honeypots:.0%} are honeypots: past ones whose "
            "right answer is known."
        )
    lines.append("A missing result or an error never releases an image.")
    return lines


def _criterion_lines(criterion: Criterion, criteria: Criteria, card: CheckCard) -> list[str]:
    limits = card.limits if criterion.limits is None else criterion.limits
    moot = criterion.not_applicable
    lines = [
        f"{criterion.id} ({criterion.about}): {criterion.question}",
        f"    check {criterion.check} version {criterion.version}; {card.better} is better; "
        f"pass at {limits.pass_at:g}, fail at {limits.fail_at:g}",
        f"    fail: {criterion.fail}; unsure: {criterion.unsure}; "
        f"error or no result: {criterion.error}"
        + ("" if moot is None else f"; question does not arise: {moot}"),
    ]
    return [*lines, *(f"    {line}" for line in _cost_lines(criterion, criteria, card))]


def _cost_lines(criterion: Criterion, criteria: Criteria, card: CheckCard) -> list[str]:
    """What costs do to a criterion: they act on a calibrated probability, and on nothing else."""
    if not card.is_calibrated:
        is_idle = criterion.costs is not None
        return [f"its costs decide nothing: {UNCALIBRATED}"] if is_idle else []
    if criterion.costs is None:
        return [
            "decided by its verdict; costs, were they given, would go by the check's calibrated "
            "probability instead"
        ]
    lines: list[str] = []
    for tier, impact in criteria.impact_tiers.items():
        low, high = review_band(criterion.costs, impact)
        lines.append(
            f"at impact {tier!r}: released below {low:.1%} chance of being bad, "
            f"{criterion.fail} above {high:.1%}, else a person looks"
        )
    if criterion.certified is not None:
        lines.append("never milder than its certified limits say, whatever is cheapest")
    return lines


def percent(share: float) -> str:
    """A share in per cent, with no digits that say nothing."""
    return f"{100 * share:.4g}%"


def certificate_lines(criterion: Criterion, card: CheckCard) -> list[str]:
    """What was certified about a criterion's limits, and whether it still holds."""
    certificate, target = criterion.certified, criterion.target
    if certificate is None:
        if target is None:
            return []
        return [
            f"its target, {_promised(target)}, with {percent(target.confidence)} confidence: its "
            f"limits are not certified to keep it; `limner criteria certify {criterion.id}` does"
        ]
    lines = [
        f"certified on {certificate.certified_on} from {certificate.num_labels:,} labels: "
        f"{_promised(certificate)}; wrong with probability {percent(certificate.delta)} at most"
    ]
    if not certificate.is_of(card.sha256):
        lines.append(
            f"EXPIRED: the check {card.name!r} is no longer what it was when this was certified, "
            "so nothing is released by it. Certify again, or take the certificate out."
        )
    return lines


def _promised(promise: Target | Certificate) -> str:
    said = [f"of what passes at least {percent(promise.precision)} is good"]
    if promise.recall is not None:
        said.append(f"of what is bad at least {percent(promise.recall)} does not pass")
    if promise.fail_precision is not None:
        said.append(f"of what fails at least {percent(promise.fail_precision)} is bad")
    return ", ".join(said)


def expired_certificates(criteria: Criteria, cards: Mapping[str, CheckCard]) -> list[str]:
    """Ids of the criteria whose certificate is of another state of its check."""
    return [
        one.id
        for one in criteria.criteria
        if one.certified is not None and not one.certified.is_of(cards[one.check].sha256)
    ]
