"""The pages of studies: which there are, pairs to answer blindly, and the ranking that follows."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from fastapi import APIRouter, Request
from fastapi.responses import Response

from limner.core.errors import BadInput
from limner.core.studies import Choice, Study
from limner.faces.http.native.asking import Given, Operator
from limner.faces.http.native.studies import StudyId
from limner.faces.pages.forms import Fields, gone_on, is_number
from limner.faces.pages.frame import frame
from limner.faces.pages.site import render
from limner.faces.report import plots, telling
from limner.studio.eval_pictures import lossless_url
from limner.studio.eval_runs import find_run
from limner.studio.parts import Parts
from limner.studio.side_by_side import (
    answer_pair,
    find_study,
    next_pair,
    open_study,
    standing_of,
)

router = APIRouter(prefix="/evidence/studies", include_in_schema=False)

MOST_SECONDS = 3600.0  # who went away did not look so long


class _Line(NamedTuple):
    """A study in the list: `num_mine` of its pairs the reader has answered, `num` were by all."""

    study: Study
    models: tuple[str, str]
    num: int
    num_mine: int


@router.get("")
def show(request: Request, viewer: Operator, given: Given) -> Response:
    """Every study, the newest first."""
    studies = given.parts.store.studies
    counts = studies.num_answers()
    lines = [
        _Line(
            one,
            _models(given.parts, one),
            counts.get(one.study_id, 0),
            len(studies.numbers_answered(one.study_id, viewer.name)),
        )
        for one in studies.newest()
    ]
    return render("studies.html", **frame(request, viewer, "/evidence"), lines=lines)


@router.post("")
def begin(request: Request, _viewer: Operator, given: Given, said: Fields) -> Response:
    """Begin a study of two runs, or go on with the one there is."""
    first, second = (find_run(given.parts, said.get(name, "")) for name in ("first", "second"))
    study = open_study(given.parts, first, second)
    return gone_on(request, f"/evidence/studies/{study.study_id}")


@router.get("/{study_id}")
def ask(study_id: StudyId, request: Request, viewer: Operator, given: Given) -> Response:
    """The next pair the reader has not answered; which model drew which is not told."""
    study = find_study(given.parts, study_id)
    shown = next_pair(given.parts, study, viewer.name)
    return render(
        "study.html",
        **frame(request, viewer, "/evidence"),
        study=study,
        shown=shown,
        sides=[lossless_url(one) for one in (shown.left_HWC, shown.right_HWC)] if shown else [],
        shown_at=given.clock().isoformat(),
    )


@router.post("/{study_id}")
def answer(
    study_id: StudyId, request: Request, viewer: Operator, given: Given, said: Fields
) -> Response:
    """Keep what the reader says of a pair."""
    number, choice = said.get("number", ""), said.get("choice", "")
    if not is_number(number) or choice not in tuple(Choice):
        raise BadInput(
            f"The answer is {choice[:20]!r} to the pair {number[:20]!r}; allowed are "
            f"{', '.join(Choice)}, and the number of a pair."
        )
    answer_pair(
        given.parts,
        find_study(given.parts, study_id),
        int(number),
        Choice(choice),
        name=viewer.name,
        seconds=_seconds_since(said.get("shown_at", ""), given.clock()),
    )
    return gone_on(request, f"/evidence/studies/{study_id}")


@router.get("/{study_id}/result")
def result(study_id: StudyId, request: Request, viewer: Operator, given: Given) -> Response:
    """The ranking so far; who reads it answers blindly no more."""
    study = find_study(given.parts, study_id)
    return render(
        "study_result.html",
        **frame(request, viewer, "/evidence"),
        standing=standing_of(given.parts, study),
        plots=plots,
        tell=telling,
    )


def _models(parts: Parts, study: Study) -> tuple[str, str]:
    first, second = (find_run(parts, one).model for one in (study.first_run, study.second_run))
    return first, second


def _seconds_since(shown_at: str, now: datetime) -> float:
    try:
        seconds = (now - datetime.fromisoformat(shown_at)).total_seconds()
    except (TypeError, ValueError) as error:
        fault = f"The pair was shown at {shown_at!r}, which is no time with a zone."
        raise BadInput(fault) from error
    return min(MOST_SECONDS, max(0.0, seconds))
