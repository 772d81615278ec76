"""Studies over HTTP: which there are, and what people's blind answers came to."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel

from limner.faces.http.native.asking import Given, Operator
from limner.studio.side_by_side import find_study, standing_of

router = APIRouter(prefix="/api", tags=["evidence"])

StudyId = Annotated[str, Path(pattern="^study-[0-9a-f]{12}$", description="Id of a study.")]


class StudyDocument(BaseModel):
    """A study, and how far it is; one person can give `num_pairs` answers."""

    study: str
    first_run: str
    second_run: str
    begun_at: str
    num_pairs: int
    num_answers: int


@router.get("/studies")
def list_studies(_asking: Operator, given: Given) -> list[StudyDocument]:
    """The newest studies first."""
    studies = given.parts.store.studies
    counts = studies.num_answers()
    return [
        StudyDocument(
            study=one.study_id,
            first_run=one.first_run,
            second_run=one.second_run,
            begun_at=one.begun_at.isoformat(),
            num_pairs=len(one.pairs),
            num_answers=counts.get(one.study_id, 0),
        )
        for one in studies.newest()
    ]


@router.get("/studies/{study_id}")
def standing(study_id: StudyId, _asking: Operator, given: Given) -> dict[str, object]:
    """The ranking so far with intervals, and how noisy the answers are; ends being blind."""
    return standing_of(given.parts, find_study(given.parts, study_id)).to_document()
