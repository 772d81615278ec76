"""Criteria: what is asked of every image, and what candidates would change."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import BaseModel, Field

from limner.core.deciding import Outcome
from limner.faces.http.native.asking import Anyone, Fields, Given, Operator, Requester
from limner.studio.criteria_file import MAX_BYTES
from limner.studio.criteria_preview import CriteriaPreview, freeze_candidate, preview_criteria
from limner.studio.criteria_use import explain

router = APIRouter(prefix="/api/criteria", tags=["criteria"])


class CandidateFields(Fields):
    """Criteria that somebody proposes."""

    text: str = Field(max_length=MAX_BYTES, description="The file, YAML.")


class CriteriaDocument(BaseModel):
    """The criteria in force."""

    name: str
    sha256: str
    frozen_at: str | None
    is_overdue: bool
    sentences: list[str]
    criteria: dict[str, object]


class CountDocument(BaseModel):
    """How many images went from one outcome to another."""

    before: Outcome
    after: Outcome
    num_images: int


class ChangedDocument(BaseModel):
    """An image that would be decided otherwise."""

    image_id: str
    before: Outcome
    after: Outcome
    by_person: Outcome | None
    why: list[str]


class PreviewDocument(BaseModel):
    """What a candidate would do to past images."""

    name: str
    sha256: str
    num_images: int
    counts: list[CountDocument]
    changed: list[ChangedDocument]
    missing: dict[str, int]
    num_as_people: int
    num_by_people: int

    @classmethod
    def of(cls, found: CriteriaPreview) -> PreviewDocument:
        """The document of a preview."""
        return cls(
            name=found.criteria.name,
            sha256=found.criteria.sha256,
            num_images=found.num_images,
            counts=[
                CountDocument(before=before, after=after, num_images=num)
                for (before, after), num in found.counts.items()
            ],
            changed=[
                ChangedDocument(
                    image_id=one.image_id,
                    before=one.before,
                    after=one.after,
                    by_person=one.by_person,
                    why=list(one.why),
                )
                for one in found.changed
            ],
            missing=dict(found.missing),
            num_as_people=found.num_as_people,
            num_by_people=found.num_by_people,
        )


class FrozenDocument(BaseModel):
    """Criteria that are frozen now."""

    name: str
    sha256: str
    is_new: bool


@router.get("")
def get_criteria(_asking: Anyone, given: Given) -> CriteriaDocument:
    """The criteria in force, in sentences and key by key."""
    explained = explain(given.parts, None)
    frozen_at = explained.frozen_at
    return CriteriaDocument(
        name=explained.criteria.name,
        sha256=explained.criteria.sha256,
        frozen_at=None if frozen_at is None else frozen_at.isoformat(),
        is_overdue=explained.is_overdue,
        sentences=list(explained.lines),
        criteria=explained.criteria.to_document(),
    )


@router.post("/preview")
def preview(fields: CandidateFields, asking: Requester, given: Given) -> PreviewDocument:
    """What a candidate would have decided about the newest images one may see."""
    return PreviewDocument.of(preview_criteria(given.parts, asking, fields.text))


@router.post("/freeze")
def freeze(fields: CandidateFields, _asking: Operator, given: Given) -> FrozenDocument:
    """Freeze criteria by their hash in the ledger; the settings say which are in force."""
    criteria, is_new = freeze_candidate(given.parts, fields.text)
    return FrozenDocument(name=criteria.name, sha256=criteria.sha256, is_new=is_new)
