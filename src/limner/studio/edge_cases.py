"""The edge-case log: every image that was hard, with its reasons; listed, and exported.

An image is an edge case when a check was unsure or could not tell, when people decided against a
rule, answered in doubt, changed their mind or escalated, or when somebody complained.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from limner.core.errors import BadInput, StorageUnavailable
from limner.core.judging import Verdict
from limner.core.reviewing import (
    Answer,
    Card,
    CardKind,
    Event,
    EventKind,
    state_of,
)
from limner.store.gallery import folded
from limner.store.review_history import RuleDecision, odd_results, rule_decisions
from limner.store.reviews import find_cards
from limner.studio.review_statistics import is_overridden
from limner.studio.rights import enforce_expired

if TYPE_CHECKING:
    from limner.studio.parts import Parts


class EdgeReason(StrEnum):
    """Why an image is an edge case."""

    UNSURE = "unsure"
    ERROR = "error"
    OVERRULED = "overruled"
    ESCALATED = "escalated"
    COMPLAINT = "complaint"


@dataclass(frozen=True, slots=True, kw_only=True)
class EdgeCase:
    """One image and one reason.

    Attributes:
        noted_at: when it became an edge case, UTC.
        notes: one sentence each; never the prompt.
        card_id: ``None`` when a check alone made it one.
    """

    image_id: str
    noted_at: datetime
    reason: EdgeReason
    notes: tuple[str, ...]
    card_id: str | None = None

    @property
    def said(self) -> str:
        """Reason and notes as they are searched."""
        return folded(" ".join((self.reason, *self.notes)))

    def to_document(self) -> dict[str, object]:
        """JSON form."""
        return {
            "image_id": self.image_id,
            "noted_at": self.noted_at.isoformat(),
            "reason": str(self.reason),
            "notes": list(self.notes),
            "card_id": self.card_id,
        }


def edge_cases(
    parts: Parts,
    *,
    since: datetime | None = None,
    reason: EdgeReason | None = None,
    words: str = "",
) -> list[EdgeCase]:
    """Edge cases, oldest first.

    Args:
        parts: of the studio.
        since: only those noted from this time on, UTC.
        reason: only these.
        words: only those where each of them, or a part of it, is in the prompt, the reason or the
            notes; in any case of letters.
    """
    now = parts.read_clock()
    with parts.store.reviews.reading() as connection:
        found = [
            EdgeCase(
                image_id=one.image_id,
                noted_at=one.judged_at,
                reason=EdgeReason.ERROR if one.verdict is Verdict.ERROR else EdgeReason.UNSURE,
                notes=(f"The check {one.check} says {one.verdict}.", *one.notes),
            )
            for one in odd_results(connection)
        ]
        decisions = rule_decisions(connection)
        for card, events in find_cards(connection):
            if card.kind is not CardKind.HONEYPOT and card.is_about_image:
                found += _of_card(card, events, decisions.get(card.image_id), now)
    asked = {word: parts.store.gallery.asked_with(word) for word in folded(words).split()}
    return sorted(
        (
            one
            for one in found
            if (since is None or one.noted_at >= since)
            and (reason is None or one.reason is reason)
            and all(one.image_id in images or word in one.said for word, images in asked.items())
        ),
        key=lambda one: one.noted_at,
    )


def export(parts: Parts, cases: list[EdgeCase], folder: Path) -> int:
    """Write edge cases as a dataset: ``images/`` and ``cases.jsonl``, a line an image.

    A line has the prompt the image was drawn from: the dataset is as private as the images are.
    Images that were erased are left out. Of one that the rights register blocks the picture is, and
    its line says so. The folder appears whole or not at all.

    Returns:
        How many pictures were written.

    Raises:
        BadInput: the folder is there already.
        StorageUnavailable: it cannot be written.
    """
    if folder.exists():
        raise BadInput(
            f"{str(folder)!r} is there already; nothing was replaced.",
            code="folder_exists",
            hint="Name a folder that is not there yet.",
        )
    enforce_expired(parts)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        unfinished = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
        try:
            num_written = _write(parts, cases, unfinished)
            unfinished.rename(folder)
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)
    except OSError as error:
        raise StorageUnavailable(
            f"The dataset cannot be written to {str(folder)!r}: {error.strerror}."
        ) from error
    return num_written


def _write(parts: Parts, cases: list[EdgeCase], folder: Path) -> int:
    (folder / "images").mkdir()
    by_image: dict[str, list[EdgeCase]] = {}
    for case in cases:
        by_image.setdefault(case.image_id, []).append(case)
    num_written = 0
    with (folder / "cases.jsonl").open("w", encoding="utf-8") as lines:
        for image_id, of_image in by_image.items():
            record = parts.store.image_by_id(image_id)
            if record is None:
                continue
            block, name = parts.store.rights.block_in_force(image_id), None
            if block is None:
                name = f"images/{image_id.removeprefix('sha256:')}.{record.file_format}"
                (folder / name).write_bytes(parts.store.read_image(record))
                num_written += 1
            line = {
                "image": name,
                "blocked_by": None if block is None else block.entry_id,
                "image_id": image_id,
                "prompt": record.recipe.prompt,
                "cases": [one.to_document() for one in of_image],
                "results": parts.store.results_of(image_id),
            }
            lines.write(json.dumps(line, ensure_ascii=False, sort_keys=True) + "\n")
    return num_written


def _of_card(
    card: Card, events: list[Event], decision: RuleDecision | None, now: datetime
) -> Iterator[EdgeCase]:
    def case(reason: EdgeReason, noted_at: datetime, *notes: str) -> EdgeCase:
        return EdgeCase(
            image_id=card.image_id,
            noted_at=noted_at,
            reason=reason,
            notes=notes,
            card_id=card.card_id,
        )

    if card.kind is CardKind.COMPLAINT:
        yield case(EdgeReason.COMPLAINT, card.opened_at, *card.reasons)
    for event in events:
        answer = event.document.get("answer")
        if event.kind is EventKind.ESCALATED:
            note = f"Escalated: {event.document['cause']}."
            yield case(EdgeReason.ESCALATED, event.happened_at, note)
        elif event.kind is EventKind.ANSWERED and answer == str(Answer.UNSURE):
            yield case(EdgeReason.UNSURE, event.happened_at, "A reviewer could not tell.")
    state = state_of(events, now)
    for one in state.answers:
        if one.answer not in (None, one.first):
            note = f"A reviewer said {one.first} at first and {one.answer} in the end."
            yield case(EdgeReason.OVERRULED, events[-1].happened_at, note)
    closed_at = next((one.happened_at for one in events if one.kind is EventKind.CLOSED), now)
    if decision is not None and is_overridden(card, state, decision):
        note = f"Rules {decision.outcome} it; people say {state.closing}."
        yield case(EdgeReason.OVERRULED, closed_at, note)
    if state.closing is not None and len({one.answer for one in state.standing}) > 1:
        yield case(EdgeReason.OVERRULED, closed_at, "Reviewers disagreed.")
