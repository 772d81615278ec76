"""The tour: what happens to a picture, told on the newest one of the reader's own."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import Response

from limner.core.deciding import Outcome
from limner.faces.http.native.asking import Given, Requester
from limner.faces.pages.cards import card_of
from limner.faces.pages.frame import frame
from limner.faces.pages.plots import WIDTH, show_checks
from limner.faces.pages.site import render
from limner.store.gallery import Search
from limner.studio.gallery import find_images, open_for

router = APIRouter(include_in_schema=False)


@router.get("/tour")
def tour(request: Request, viewer: Requester, given: Given) -> Response:
    """The page; without a released picture it asks for one first."""
    released = Search(outcome=Outcome.RELEASED)
    newest = next(iter(find_images(given.parts, viewer, released).images), None)
    opened = None if newest is None else open_for(given.parts, viewer, newest.image_id)
    cards = given.parts.judge.cards
    return render(
        "tour.html",
        **frame(request, viewer, "/"),
        card=None if newest is None else card_of(newest),
        opened=opened,
        checks=[] if opened is None else show_checks(opened.results, cards)[:3],
        plot_width=WIDTH,
    )
