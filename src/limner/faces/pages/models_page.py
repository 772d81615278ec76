"""The Models page: what draws here and what judges, with hashes and licences; versions and cards.

Loads no network.
"""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import Response

from limner.faces.http.native.asking import Anyone, Given
from limner.faces.http.native.registry import Model
from limner.faces.pages.frame import frame
from limner.faces.pages.site import render
from limner.faces.report.capability import sections, summary, title_of
from limner.studio.capability import capability_card
from limner.studio.registry import overview

router = APIRouter(include_in_schema=False)


@router.get("/models")
def show(request: Request, viewer: Anyone, given: Given) -> Response:
    """The page."""
    judge = given.parts.judge
    asked = () if judge.criteria is None else judge.criteria.criteria
    registry = overview(given.parts)
    return render(
        "models.html",
        **frame(request, viewer, "/models"),
        card=given.studio.card,
        states=registry.states[::-1],
        aliases=registry.aliases,
        today=given.clock().date(),
        checks=sorted(judge.cards.values(), key=lambda one: one.name),
        in_force={one.check for one in asked},
    )


@router.get("/models/{model}")
def show_card(model: Model, request: Request, viewer: Anyone, given: Given) -> Response:
    """What one version does reliably, what needs a person, and what it cannot do."""
    card = capability_card(given.parts, model)
    return render(
        "model_card.html",
        **frame(request, viewer, "/models"),
        title=title_of(card),
        summary=summary(card),
        sections=sections(card),
    )
