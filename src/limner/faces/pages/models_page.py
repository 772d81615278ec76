"""The Models page: versions and what serves, what is due, what judges. Loads no network."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import APIRouter, Request
from fastapi.responses import Response

from limner.core.access import Scope
from limner.core.models import DEFAULT_ALIAS
from limner.faces.http.native.asking import Anyone, Given, Operator
from limner.faces.http.native.registry import propose_from_shelf, see_at_once
from limner.faces.pages.forms import Fields, day_of, gone_on
from limner.faces.pages.frame import frame
from limner.faces.pages.site import render
from limner.studio.due import REMIND_DAYS, Due, everything_due
from limner.studio.promoting import rollback
from limner.studio.registry import CANARY_SHARE, Proposal, overview

if TYPE_CHECKING:
    from limner.core.access import Principal

router = APIRouter(prefix="/models", include_in_schema=False)


@router.get("")
def show(request: Request, viewer: Anyone, given: Given) -> Response:
    """The page."""
    parts, judge = given.parts, given.parts.judge
    asked = () if judge.criteria is None else judge.criteria.criteria
    found, today = overview(parts), given.clock().date()
    return render(
        "models.html",
        **frame(request, viewer, "/models"),
        card=parts.shipped.card,
        checks=sorted(judge.cards.values(), key=lambda one: one.name),
        in_force={one.check for one in asked},
        states=found.states,
        aliases=found.aliases,
        labels={one.version.sha256: one.version.label for one in found.states},
        may_move=may_move(viewer),
        due=everything_due(parts) if may_move(viewer) else list[Due](),
        remind_days=REMIND_DAYS,
        shelf=[one for one in parts.model_names if one != parts.shipped.card.name],
        canary_share=CANARY_SHARE,
        default_alias=DEFAULT_ALIAS,
        today=today,
    )


@router.post("")
def bring(request: Request, viewer: Operator, given: Given, said: Fields) -> Response:
    """Bring a model of the shelf into the registry."""
    proposal = Proposal(
        owner=said.get("owner", ""),
        review_by=day_of(said.get("review_by", "")),
        by=viewer.name,
        alias=said.get("alias") or DEFAULT_ALIAS,
        pauses_when_overdue="pauses" in said,
    )
    read_by = said.get("licence_read_by", "")
    state = propose_from_shelf(given, said.get("model", ""), proposal, read_by)
    return gone_on(request, f"/models/{state.version.sha256}")


@router.post("/rollback")
def roll_back(request: Request, viewer: Operator, given: Given, said: Fields) -> Response:
    """Pause what serves under an alias, and let the version before it serve again."""
    alias, why = said.get("alias", DEFAULT_ALIAS), said.get("reason", "")
    rollback(given.parts, by=viewer.name, note=why, alias=alias)
    see_at_once(given)
    return gone_on(request, "/models")


def may_move(viewer: Principal) -> bool:
    """Whether versions may be brought and moved."""
    return viewer.may(Scope.OPERATE, Scope.ADMIN)
