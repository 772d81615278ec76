"""The Models page: what draws here and what judges, with hashes and licences. Loads no network."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import Response

from limner.faces.http.native.asking import Anyone, Given
from limner.faces.pages.frame import frame
from limner.faces.pages.site import render

router = APIRouter(include_in_schema=False)


@router.get("/models")
def show(request: Request, viewer: Anyone, given: Given) -> Response:
    """The page."""
    judge = given.parts.judge
    asked = () if judge.criteria is None else judge.criteria.criteria
    return render(
        "models.html",
        **frame(request, viewer, "/models"),
        card=given.studio.card,
        checks=sorted(judge.cards.values(), key=lambda one: one.name),
        in_force={one.check for one in asked},
    )
