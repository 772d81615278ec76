"""The Edge cases page: images that were hard, with their reasons and what they have in common."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, time
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from limner.faces.http.native.asking import Given, Operator
from limner.faces.pages.cards import cards_of
from limner.faces.pages.forms import day_of
from limner.faces.pages.frame import frame
from limner.faces.pages.site import render
from limner.studio.edge_cases import EdgeReason, edge_cases

router = APIRouter(include_in_schema=False)

PAGE_CASES = 60


@router.get("/edge-cases")
def show(
    request: Request,
    viewer: Operator,
    given: Given,
    reason: EdgeReason | None = None,
    since: Annotated[str, Query(max_length=10)] = "",
    page: Annotated[int, Query(ge=1, le=100_000)] = 1,
) -> Response:
    """The page; the newest cases first."""
    found = edge_cases(given.parts, since=_day(since))
    counts = Counter(one.reason for one in found)
    listed = [one for one in reversed(found) if reason is None or one.reason is reason]
    start = (page - 1) * PAGE_CASES
    cases = listed[start : start + PAGE_CASES]
    shelved = given.parts.store.gallery.of([one.image_id for one in cases])
    cards = {one.image_id: one for one in cards_of(shelved)}
    return render(
        "edge_cases.html",
        **frame(request, viewer, "/edge-cases"),
        cases=cases,
        cards={one.image_id: cards.get(one.image_id) for one in cases},
        reasons=[(one, counts[one]) for one in EdgeReason],
        reason=reason,
        since=since,
        page=page,
        has_older=len(listed) > start + PAGE_CASES,
        num=len(listed),
    )


def _day(text: str) -> datetime | None:
    """The beginning of a day, UTC; an empty field of the form is no day."""
    if not text:
        return None
    return datetime.combine(day_of(text), time.min, UTC)
