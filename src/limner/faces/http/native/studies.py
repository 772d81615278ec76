"""Studies over HTTP: which there are, and what people's blind answers came to."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel

from limner.faces.http.native.asking import Given, Operator
from limner.faces.http.native.runs import Limit
from limner.studio.side_by_side import find_study, standing_of

router = APIRouter(prefix="/api", tags=["evidence"])

StudyId = Annotated[str, Path(pattern="^study-[0-9a-f]{12}$", description="Id of a study.")]
AskedStudy = Annotated[str, Query(pattern="^study-[0-9a-f]{12}$", description="Id of a study.")]


class StudyDocument(BaseModel):
    """A study, and how far it is; one person can give `num_pairs` answers."""

    study: str
    first_run: str
    second_run: str
    started_at: str
    num_answers: int
    num_pairs: int


class StudyPage(BaseModel):
    """Studies, the newest first; `before` leads to older ones."""

    studies: list[StudyDocument]
    before: str | None


@router.get("/studies")
def list_studies(
    _asking: Operator, given: Given, before: AskedStudy | None = None, limit: Limit = 100
) -> StudyPage:
    """The newest studies first."""
    studies = given.parts.store.studies
    counts, found = studies.num_answers(), studies.newest(limit=limit, before=before)
    return StudyPage(
        studies=[
            StudyDocument(
                study=one.study_id,
                first_run=one.first_run,
                second_run=one.second_run,
                started_at=one.begun_at.isoformat(),
                num_answers=counts.get(one.study_id, 0),
                num_pairs=len(one.pairs),
            )
            for one in found
        ],
        before=found[-1].study_id if len(found) == limit else None,
    )


@router.get("/studies/{study_id}")
def standing(study_id: StudyId, _asking: Operator, given: Given) -> dict[str, object]:
    """The ranking so far with intervals, and how noisy the answers are; ends being blind."""
    return standing_of(given.parts, find_study(given.parts, study_id)).to_document()
