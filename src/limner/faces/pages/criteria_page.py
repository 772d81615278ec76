"""The Criteria page: what is asked of every image, and what a candidate would change.

Anybody reads what is asked. Past images are looked back at by those who may see them, and frozen
by operators.
"""

from __future__ import annotations

from typing import Annotated, NamedTuple

from fastapi import APIRouter, File, Form, Request, UploadFile
from fastapi.responses import Response

from limner.core.access import Scope
from limner.core.criteria import Criteria, Criterion
from limner.core.deciding import Outcome, review_band
from limner.core.errors import BadInput
from limner.core.judging import CheckCard, Limits
from limner.faces.http.native.asking import Anyone, Given, Operator, Requester
from limner.faces.pages.cards import PictureCard
from limner.faces.pages.frame import frame
from limner.faces.pages.site import render
from limner.studio.criteria_file import MAX_BYTES, criteria_text, source_in_force
from limner.studio.criteria_preview import (
    NUM_PAST,
    Changed,
    CriteriaPreview,
    freeze_candidate,
    preview_criteria,
)
from limner.studio.criteria_use import certificate_lines, explain

router = APIRouter(prefix="/criteria", include_in_schema=False)

NUM_SHOWN = 60  # changed images on the page; the counts say how many there are
OUTCOMES = tuple(Outcome)

Text = Annotated[str, Form(max_length=MAX_BYTES)]
File_ = Annotated[UploadFile | None, File()]


class _Asked(NamedTuple):
    """One criterion as the page shows it."""

    criterion: Criterion
    limits: Limits
    certificate: list[str]
    is_void: bool
    bands: list[tuple[str, float, float]]


class _Shown(NamedTuple):
    """A changed image as the page shows it."""

    card: PictureCard
    changed: Changed


@router.get("")
def show(request: Request, viewer: Anyone, given: Given) -> Response:
    """The page."""
    explained, cards = explain(given.parts, None), given.parts.judge.cards
    criteria = explained.criteria
    return render(
        "criteria.html",
        **frame(request, viewer, "/criteria"),
        explained=explained,
        criteria=criteria,
        asked=[_asked(one, criteria, cards[one.check]) for one in criteria.criteria],
        text=criteria_text(source_in_force(given.settings)),
        may_preview=viewer.may(Scope.GENERATE, Scope.OPERATE),
        num_past=NUM_PAST,
    )


@router.post("/preview")
def preview(viewer: Requester, given: Given, text: Text = "", file: File_ = None) -> Response:
    """What the candidate would change, as a part of the page; an uploaded file goes first."""
    candidate = _candidate(text, file)
    found = preview_criteria(given.parts, viewer, candidate)
    return render(
        "_criteria_preview.html",
        preview=found,
        text=candidate,
        outcomes=OUTCOMES,
        rows=_counts(found),
        shown=[_shown(one) for one in found.changed[:NUM_SHOWN]],
        may_freeze=viewer.may(Scope.OPERATE, Scope.ADMIN),
    )


@router.post("/freeze")
def freeze(_viewer: Operator, given: Given, text: Text = "") -> Response:
    """Freeze the candidate; it is not in force by that."""
    criteria, is_new = freeze_candidate(given.parts, text)
    return render("_criteria_frozen.html", criteria=criteria, is_new=is_new)


def _candidate(text: str, file: UploadFile | None) -> str:
    content = b"" if file is None else file.file.read(MAX_BYTES + 1)
    if not content:
        return text
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise BadInput("The criteria file is not text in UTF-8.") from error


def _asked(criterion: Criterion, criteria: Criteria, card: CheckCard) -> _Asked:
    costs, certificate = criterion.costs, criterion.certified
    has_bands = costs is not None and card.is_calibrated
    bands = list(criteria.impact_tiers.items()) if has_bands else []
    return _Asked(
        criterion=criterion,
        limits=card.limits if criterion.limits is None else criterion.limits,
        certificate=certificate_lines(criterion, card),
        is_void=certificate is not None and not certificate.is_of(card.sha256),
        bands=[(tier, *review_band(costs, impact)) for tier, impact in bands if costs is not None],
    )


def _counts(found: CriteriaPreview) -> list[tuple[Outcome, list[int]]]:
    """A row for every outcome there was, with how many would go where."""
    return [
        (before, [found.counts.get((before, after), 0) for after in OUTCOMES])
        for before in OUTCOMES
    ]


def _shown(one: Changed) -> _Shown:
    holds = one.before if one.by_person is None else one.by_person
    return _Shown(PictureCard(image_id=one.image_id, outcome=holds, text=one.prompt), one)
