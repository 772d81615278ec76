"""Images, their decisions and their results as they are told in JSON."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Self

from pydantic import BaseModel

from limner.core.deciding import Outcome
from limner.store.gallery import Place, Shelved
from limner.store.judgements import StoredDecision
from limner.studio.gallery import Opened, Page


class ImageLinks(BaseModel):
    """Where more is told of an image; `file` answers only for one that was released."""

    image: str
    file: str
    thumbnail: str
    recipe: str

    @classmethod
    def of(cls, image_id: str) -> Self:
        """The links of an image."""
        here = f"/api/images/{image_id}"
        return cls(
            image=here, file=f"{here}/file", thumbnail=f"{here}/thumbnail", recipe=f"{here}/recipe"
        )


class ImageLine(BaseModel):
    """An image as a page of the gallery lists it."""

    image_id: str
    created_at: datetime
    outcome: Outcome
    prompt: str
    style: str | None
    seed: int
    tags: list[str]
    is_starred: bool
    links: ImageLinks

    @classmethod
    def of(cls, shelved: Shelved, page: Page) -> Self:
        """The line of an image on a page."""
        return cls(
            image_id=shelved.image_id,
            created_at=datetime.fromisoformat(shelved.created_at),
            outcome=shelved.outcome,
            prompt=shelved.prompt,
            style=shelved.style,
            seed=shelved.seed,
            tags=list(page.tags.get(shelved.image_id, ())),
            is_starred=shelved.image_id in page.starred,
            links=ImageLinks.of(shelved.image_id),
        )


class ImagePage(BaseModel):
    """Images, the newest first; `after` asks for the next page."""

    images: list[ImageLine]
    after: str | None

    @classmethod
    def of(cls, page: Page) -> Self:
        """The document of a page."""
        return cls(
            images=[ImageLine.of(one, page) for one in page.images],
            after=None if page.after is None else f"{page.after.created_at}~{page.after.image_id}",
        )


class ReasonDocument(BaseModel):
    """One reason of a decision."""

    source: str
    verdict: str | None
    consequence: str
    note: str


class DecisionDocument(BaseModel):
    """A decision; the last one about an image holds. Never says who took it."""

    decision_id: int
    decided_at: datetime
    decided_by: str
    outcome: Outcome
    criteria_sha256: str | None
    impact: str | None
    reasons: list[ReasonDocument]

    @classmethod
    def of(cls, stored: StoredDecision) -> Self:
        """The document of a decision."""
        decision = stored.decision
        return cls(
            decision_id=stored.decision_id,
            decided_at=stored.decided_at,
            decided_by=stored.decided_by,
            outcome=decision.outcome,
            criteria_sha256=decision.criteria_sha256,
            impact=decision.impact,
            reasons=[ReasonDocument(**asdict(one)) for one in decision.reasons],
        )


class ImageDocument(BaseModel):
    """What is known of one image."""

    image_id: str
    pixels_sha256: str
    file_format: str
    num_bytes: int
    size: str
    created_at: datetime
    seconds: float
    seed: int
    prompt: str
    outcome: Outcome
    decisions: list[DecisionDocument]
    sealed_sha256: str | None
    ledger_position: int | None
    tags: list[str]
    newer: str | None
    older: str | None
    siblings: list[str]
    links: ImageLinks

    @classmethod
    def of(cls, opened: Opened) -> Self:
        """The document of an image."""
        record = opened.record
        return cls(
            image_id=record.image_id,
            pixels_sha256=record.pixels_sha256,
            file_format=record.file_format,
            num_bytes=record.num_bytes,
            size=str(record.size),
            created_at=record.created_at,
            seconds=record.seconds,
            seed=record.recipe.seed,
            prompt=record.recipe.prompt,
            outcome=opened.decided.decision.outcome,
            decisions=[DecisionDocument.of(one) for one in opened.decisions],
            sealed_sha256=None if opened.seal is None else opened.seal.sealed_sha256,
            ledger_position=None if opened.entry is None else opened.entry.position,
            tags=list(opened.keeping.tags),
            newer=opened.newer,
            older=opened.older,
            siblings=[one.image_id for one in opened.siblings],
            links=ImageLinks.of(record.image_id),
        )


def place_of(text: str) -> Place | None:
    """The place that `ImagePage.after` names; ``None`` if it is none."""
    created_at, separator, image_id = text.partition("~")
    return Place(created_at, image_id) if separator and created_at and image_id else None
