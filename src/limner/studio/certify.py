"""Certifying the limits of one criterion from labels: those people gave here, or a file's.

Labels from this install are final answers to cards that chance or a rule opened: held images, and
audited ones with their recorded probability. Complaints and honeypots are no sample and do not
count. Nothing is changed but a copy of the criteria, and that only when it is asked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from limner.core.criteria import Certificate, Criterion, Target
from limner.core.deciding import Outcome
from limner.core.errors import BadInput
from limner.core.hashing import sha256_of_document
from limner.core.judging import Better, CheckCard, Limits
from limner.core.reviewing import MAY_LEAVE, CardKind, CardState, state_of
from limner.evals.certify import Certification, Labels, certify
from limner.store.review_history import RuleDecision, rule_decisions, scores_by_card
from limner.store.reviews import find_cards
from limner.studio.criteria_copy import write_certified_copy
from limner.studio.criteria_file import source_in_force
from limner.studio.criteria_use import open_criteria
from limner.studio.label_file import LabelRow, read_labels
from limner.studio.review_statistics import is_by_people, is_good

if TYPE_CHECKING:
    from limner.core.reviewing import Card
    from limner.studio.parts import Parts


@dataclass(frozen=True, slots=True, kw_only=True)
class Certified:
    """What `limner criteria certify` answers.

    Attributes:
        target: what was asked.
        certification: what could be shown.
        limits, certificate: for the criteria; ``None`` when not everything asked was shown.
        notices: one sentence each about the labels.
        written_to: the copy of the criteria; ``None`` when none was written.
    """

    criterion: Criterion
    card: CheckCard
    target: Target
    certification: Certification
    limits: Limits | None
    certificate: Certificate | None
    notices: tuple[str, ...]
    written_to: Path | None


class _Gathered(NamedTuple):
    rows: list[LabelRow]
    notices: tuple[str, ...] = ()


def certify_criterion(
    parts: Parts,
    criterion_id: str,
    *,
    labels_file: Path | None = None,
    source: str | None = None,
    is_to_write: bool = False,
) -> Certified:
    """Certify the limits of one criterion, or find that they cannot be.

    Args:
        parts: of the studio.
        criterion_id: one of the criteria's, with a target.
        labels_file: CSV or JSONL; ``None`` takes what people answered in this install.
        source: path of criteria, ``personal`` or ``team``; ``None`` for those in force.
        is_to_write: write a copy of the criteria with the certified limits, if they are.

    Raises:
        CriteriaInvalid: the criteria are not allowed.
        BadInput: no such criterion, no target, or labels that cannot be used; says which.
        StorageUnavailable: the copy cannot be written.
    """
    source = source_in_force(parts.settings) if source is None else source
    criterion = _criterion(parts, source, criterion_id)
    target, card = _target(criterion), parts.judge.cards[criterion.check]
    gathered = (
        _from_reviews(parts, criterion, card)
        if labels_file is None
        else _Gathered(read_labels(labels_file))
    )
    labels = _labels(gathered.rows)
    certification = certify(labels, target, card.better)
    limits = _limits(criterion, card, certification)
    certificate = written_to = None
    if limits is not None:
        today = parts.read_clock().date()
        certificate = _certificate(card, target, certification, limits, gathered.rows, today)
        if is_to_write:
            written_to = write_certified_copy(source, Path(), criterion.id, limits, certificate)
    return Certified(
        criterion=criterion,
        card=card,
        target=target,
        certification=certification,
        limits=limits,
        certificate=certificate,
        notices=gathered.notices,
        written_to=written_to,
    )


def _criterion(parts: Parts, source: str, criterion_id: str) -> Criterion:
    criteria = open_criteria(parts, source)
    found = {one.id: one for one in criteria.criteria}
    if criterion_id not in found:
        raise BadInput(
            f"The criteria {criteria.name!r} have no criterion {criterion_id!r}; "
            f"there are {', '.join(found)}.",
            code="criterion_unknown",
        )
    return found[criterion_id]


def _target(criterion: Criterion) -> Target:
    if criterion.target is None:
        raise BadInput(
            f"The criterion {criterion.id!r} has no target, so there is nothing to certify.",
            code="target_missing",
            hint="Say what is promised, as `target: {precision: 0.95, confidence: 0.95}`.",
        )
    if not 0 < criterion.target.confidence < 1:
        raise BadInput(
            f"The target of {criterion.id!r} has the confidence {criterion.target.confidence!r}; "
            "only one above 0 and below 1 can be certified.",
            code="target_invalid",
        )
    return criterion.target


def _labels(rows: list[LabelRow]) -> Labels:
    known = [one.is_good for one in rows if one.is_good is not None]
    if len(set(known)) < 2:
        kind = "good" if True in known else "bad"
        what = f"all {len(known)} labels are {kind}" if known else "there are no labels"
        raise BadInput(
            f"Nothing can be certified: {what}, and a threshold needs both kinds to part.",
            code="labels_invalid",
        )
    return Labels(
        score_U=np.array([one.score for one in rows]),
        is_good_U=np.array([bool(one.is_good) for one in rows]),
        is_known_U=np.array([one.is_good is not None for one in rows]),
        probability_U=np.array([one.probability for one in rows]),
    )


def _from_reviews(parts: Parts, criterion: Criterion, card: CheckCard) -> _Gathered:
    """Final answers to this criterion's question, or to whether the image may leave at all.

    A rejected image counts as bad, whatever for; one that waits for its answer counts against the
    promise. Images another criterion asked about are not in the sample; which those are follows
    from the checks alone, so what remains is a fair sample of images this criterion decides about.
    """
    if criterion.about == "request":
        raise BadInput(
            f"The criterion {criterion.id!r} is about requests, and what it refused was never "
            "drawn, so nobody can have looked at it.",
            code="labels_missing",
            hint="Give labels in a file, with --labels.",
        )
    now = parts.read_clock()
    with parts.store.reviews.reading() as connection:
        scores = scores_by_card(connection, card)
        decisions = rule_decisions(connection)
        asked = {
            one.image_id: (one, state_of(events, now))
            for one, events in find_cards(connection)
            if one.kind in (CardKind.HELD, CardKind.AUDIT)
        }
    judged = {image_id: one for image_id, one in decisions.items() if image_id in scores}
    never = {one.criteria_sha256 for one in judged.values() if one.audit_probability <= 0}
    kept = {key: one for key, one in judged.items() if one.criteria_sha256 not in never}
    rows = _rows(kept, asked, scores, criterion.question)
    if not rows:
        raise _nothing_to_learn_from(card, num_judged=len(judged), num_left=len(kept))
    return _Gathered(rows, _notices(rows, num_left_out=len(judged) - len(kept)))


def _rows(
    decisions: Mapping[str, RuleDecision],
    asked: Mapping[str, tuple[Card, CardState]],
    scores: Mapping[str, float],
    question: str,
) -> list[LabelRow]:
    rows: list[LabelRow] = []
    for image_id, decision in decisions.items():
        is_chosen = decision.is_audited or decision.outcome is Outcome.HELD
        if not is_chosen or image_id not in asked:
            continue
        card, state = asked[image_id]
        if card.question not in (question, MAY_LEAVE):
            continue
        answer = is_good(state.closing) if is_by_people(state) else None
        rows.append(LabelRow(scores[image_id], answer, decision.audit_probability))
    return rows


def _notices(rows: list[LabelRow], *, num_left_out: int) -> tuple[str, ...]:
    notices: list[str] = []
    if num_waiting := sum(one.is_good is None for one in rows):
        notices.append(
            f"{num_waiting} chosen pictures wait for an answer; until then they count against "
            "the promise."
        )
    if num_left_out:
        notices.append(
            f"{num_left_out} pictures were decided by criteria that leave some decisions without "
            "any chance of being looked at, and are left out."
        )
    return tuple(notices)


def _nothing_to_learn_from(card: CheckCard, *, num_judged: int, num_left: int) -> BadInput:
    if num_judged and not num_left:
        return BadInput(
            f"All {num_judged} pictures with a score of the check {card.name!r} were decided by "
            "criteria that leave some decisions without any chance of being looked at, so people's "
            "answers are no fair sample.",
            code="labels_missing",
            hint="Set both rates of `audit:` in the criteria above 0, or give --labels.",
        )
    return BadInput(
        f"No picture that people were asked about has a score of the check {card.name!r} as it "
        "is now.",
        code="labels_missing",
        hint="Answer cards with `limner review`, or give --labels.",
    )


def _limits(criterion: Criterion, card: CheckCard, certification: Certification) -> Limits | None:
    """The limits to lay; where nothing is asked of the failing one, it stays if it can."""
    passing, failing = certification.passing.certified, certification.failing
    if passing is None or (failing is not None and failing.certified is None):
        return None
    if failing is not None and failing.certified is not None:
        return Limits(pass_at=passing.threshold, fail_at=failing.certified.threshold)
    before = card.limits if criterion.limits is None else criterion.limits
    worse = min if card.better is Better.HIGHER else max
    return Limits(pass_at=passing.threshold, fail_at=worse(before.fail_at, passing.threshold))


def _certificate(
    card: CheckCard,
    target: Target,
    certification: Certification,
    limits: Limits,
    rows: list[LabelRow],
    today: date,
) -> Certificate:
    # Sorted, so that the same labels in another order have the same hash.
    listed = sorted([one.score, one.probability, str(one.is_good)] for one in rows)
    return Certificate(
        certified_on=today,
        card_sha256=card.sha256,
        labels_sha256=sha256_of_document({"labels": listed}),
        num_labels=certification.num - certification.num_unknown,
        delta=round(1 - target.confidence, 12),
        pass_at=limits.pass_at,
        fail_at=None if certification.failing is None else limits.fail_at,
        precision=target.precision,
        recall=target.recall,
        fail_precision=target.fail_precision,
    )
