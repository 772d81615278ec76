"""The tour: what happens to a picture, told on the reader's newest; without one it draws one."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from limner.core.access import Principal, Scope
from limner.core.deciding import Outcome
from limner.core.jobs import WAITING, JobError
from limner.core.records import Operation
from limner.core.records import Request as DrawingRequest
from limner.faces.http.native.asking import Drawer, Given, Requester
from limner.faces.pages.cards import PictureCard, card_of
from limner.faces.pages.frame import frame
from limner.faces.pages.plots import WIDTH, CheckShown, show_checks
from limner.faces.pages.site import render, say
from limner.store.gallery import Search, Shelved
from limner.studio.gallery import Opened, find_images, open_for, require_visible
from limner.studio.requests import label_of
from limner.studio.thumbnails import read_thumbnail

if TYPE_CHECKING:
    from limner.studio.parts import Parts

router = APIRouter(include_in_schema=False)

CLIENT = "page"
NUM_CHECKS = 4


@router.get("/tour")
def tour(request: Request, viewer: Requester, given: Given) -> Response:
    """The page; it is asked for again while the picture it is told on is drawn."""
    newest = _newest_drawn(given.parts, viewer)
    opened = None if newest is None else open_for(given.parts, viewer, newest.image_id)
    return render(
        "tour.html",
        **frame(request, viewer, "/"),
        card=None if newest is None else card_of(newest),
        opened=opened,
        veil=None if opened is None else _veil_of(given.parts, opened),
        checks=[] if opened is None else _checks_of_picture(given.parts, opened),
        plot_width=WIDTH,
        is_drawing=opened is None and _is_drawing(given, viewer),
        kept_back=None if newest is not None else _newest_kept_back(given.parts, viewer),
        error=None if newest is not None else _last_error(given, viewer),
        may_draw=viewer.may(Scope.GENERATE),
        may_review=viewer.may(Scope.REVIEW),
    )


@router.post("/tour")
def begin(viewer: Drawer, given: Given) -> Response:
    """Draw the picture the tour is told on, unless there is one, and go on to the tour."""
    if _newest_drawn(given.parts, viewer) is None and not _is_drawing(given, viewer):
        asked = DrawingRequest(
            prompt=say("draw.example.fox"), num_images=1, label=label_of(given.settings)
        )
        given.jobs.submit(asked, owner=viewer.name, client=CLIENT)
    return RedirectResponse("/tour", status_code=303)


def _newest_drawn(parts: Parts, viewer: Principal) -> Shelved | None:
    """The newest released picture that was drawn from a prompt, and is no copy of another."""
    page = find_images(parts, viewer, Search(outcome=Outcome.RELEASED))
    for one in page.images:
        record = require_visible(parts, viewer, one.image_id).record
        if record.recipe.operation is Operation.TEXT:
            return one
    return None


def _newest_kept_back(parts: Parts, viewer: Principal) -> PictureCard | None:
    """The newest picture that is held or refused, where none was released yet."""
    found = find_images(parts, viewer, Search()).images
    return next((card_of(one) for one in found if one.outcome != Outcome.RELEASED), None)


def _last_error(given: Given, viewer: Principal) -> JobError | None:
    """Why what was asked for last brought no picture."""
    last = given.jobs.list(owner=viewer.name, limit=1)
    return last[0].error if last else None


def _is_drawing(given: Given, viewer: Principal) -> bool:
    return bool(given.jobs.list(owner=viewer.name, states=WAITING, limit=1))


def _checks_of_picture(parts: Parts, opened: Opened) -> list[CheckShown]:
    """What the checks said of the picture; those of the prompt say little of it."""
    criteria = parts.judge.criteria
    asked = () if criteria is None else criteria.criteria
    of_picture = {one.check for one in asked if one.about == "image"}
    shown = show_checks(opened.results, parts.judge.cards)
    return [one for one in shown if one.name in of_picture][:NUM_CHECKS]


def _veil_of(parts: Parts, opened: Opened) -> str:
    """What a reader would see of the picture, were it held, as a data URL."""
    content = read_thumbnail(parts, opened.record, Outcome.HELD)
    return f"data:image/webp;base64,{base64.b64encode(content).decode()}"
