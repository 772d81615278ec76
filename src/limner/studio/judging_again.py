"""Judging an image again that is held because a check could not run.

Nothing is overwritten: what every check says now of the same pixels, and what follows from it, is
appended. The card that waited is closed by it, and where a person still has to look there is a new
one. It is no second throw of the dice: an image on which every check ran is left to people.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from limner.core.deciding import NO_CRITERIA, RIGHTS_LIKENESS, Decision, Outcome
from limner.core.errors import BadInput, StorageUnavailable
from limner.core.judging import ImageSubject, Verdict
from limner.core.records import Picture, Request
from limner.core.reviewing import Card, state_of
from limner.store.gallery import owners_of
from limner.store.judgements import StoredDecision, last_decision, results_of
from limner.store.reviews import commitment_of, events_of
from limner.studio.image_file import decode_rgba
from limner.studio.judging import Judgement, judge_image
from limner.studio.review_card import require_card, why_unable
from limner.studio.review_settling import seal_released

if TYPE_CHECKING:
    import sqlalchemy as sa

    from limner.core.recipe import ImageRecord
    from limner.studio.parts import Parts


def judge_again(parts: Parts, card_id: str) -> StoredDecision:
    """Run the checks again on the image of a card; what is decided is appended, and holds.

    Raises:
        BadInput: there is no such card, or its image is not one that was drawn here and is held for
            want of a check, or a person has said something about it.
        SealFailed: it is released, and could not be sealed yet.
        StorageUnavailable: its file is missing or changed, or nothing can be written.
    """
    now = parts.read_clock()
    with parts.store.reviews.reading() as connection:
        card = require_card(connection, card_id)
        before = _require_held_unjudged(connection, card)
    record = parts.store.image_by_id(card.image_id)
    if record is None:
        raise BadInput(
            f"The image of the card {card_id!r} was not drawn here, or it was erased.",
            code="not_judged_again",
            hint="Look at the file again with `limner look`.",
        )
    judgement = _judged(parts, record, before)

    def write(connection: sa.Connection) -> StoredDecision:
        if _require_held_unjudged(connection, card).decision_id != before.decision_id:
            raise BadInput(
                f"The image of the card {card_id!r} was judged again meanwhile.",
                code="not_judged_again",
            )
        owners = owners_of(connection, card.image_id)
        known = (one for one in owners if commitment_of(connection, one) == card.requester)
        return judgement.write(connection, card.image_id, next(known, ""), now)

    stored = parts.store.judge(card.image_id, write, now)
    seal_released(parts, stored)
    return stored


def _require_held_unjudged(connection: sa.Connection, card: Card) -> StoredDecision:
    decided = last_decision(connection, card.image_id)
    unable = why_unable(results_of(connection, card.image_id))
    if (
        decided is None
        or decided.decided_by != "rule"
        or not _lacks_a_check(decided.decision, unable)
    ):
        raise BadInput(
            f"The image of the card {card.card_id!r} is not held for want of a check, so people "
            "decide.",
            code="not_judged_again",
            hint="Checks run again only on an image that is held because one could not run.",
        )
    state = state_of(events_of(connection, card.card_id), decided.decided_at)
    if state.standing or state.closing is not None:
        raise BadInput(
            f"The card {card.card_id!r} was answered by a person, so people decide now.",
            code="not_judged_again",
        )
    return decided


def _lacks_a_check(decision: Decision, unable: Sequence[str]) -> bool:
    """Whether it is held as a check could not run, or as there were no criteria to be read.

    A check that does not apply would not run again either. What the rights register holds is left
    to people whatever the checks say.
    """
    sources = {one.source for one in decision.reasons}
    if decision.outcome is not Outcome.HELD or RIGHTS_LIKENESS in sources:
        return False
    is_unable = any(one.verdict is Verdict.ERROR for one in decision.reasons)
    return (is_unable and bool(unable)) or NO_CRITERIA in sources


def _judged(parts: Parts, record: ImageRecord, before: StoredDecision) -> Judgement:
    recipe = record.recipe
    picture = Picture.of(decode_rgba(parts.store.read_image(record)))
    if picture.pixels_sha256 != record.pixels_sha256:
        raise StorageUnavailable(f"The file of the image {record.image_id} shows another picture.")
    request = Request(prompt=recipe.prompt, negative=recipe.negative)
    return judge_image(
        parts,
        ImageSubject(
            picture=picture,
            prompt=recipe.prompt or None,
            style=recipe.style,
            is_finite=True,  # or it would not have been stored
            expected_size=recipe.size,
        ),
        parts.judge.screen(request),
        impact=before.decision.impact,
        operation=recipe.operation,
    )
