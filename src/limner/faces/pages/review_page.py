"""The review desk: one question, one picture, three keys; and the queue behind it.

What an answer does, and when, is decided in studio/review_desk.py. Until a person has answered,
nothing of what the checks said is in the page.
"""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from limner.core.deciding import Outcome
from limner.core.reviewing import REASON_CODES
from limner.faces.http.native.asking import Given, Reviewer
from limner.faces.http.native.reviews import CardId
from limner.faces.pages.forms import FieldLists, Fields
from limner.faces.pages.frame import frame
from limner.faces.pages.plots import WIDTH, show_checks
from limner.faces.pages.site import render
from limner.studio import judging_again, review, review_desk
from limner.studio.review_desk import Desk
from limner.studio.review_statistics import review_statistics

router = APIRouter(prefix="/review", include_in_schema=False)

MAX_PASSED = 100  # cards passed on that a page remembers
KEPT = "private, max-age=300"  # what was fetched ahead is there when its card comes


@router.get("")
def show(request: Request, viewer: Reviewer, given: Given) -> Response:
    """The desk as it stands; a refresh loses nothing."""
    desk = review_desk.open_desk(given.parts, viewer.name)
    return render("review.html", **frame(request, viewer, "/review"), **_shown(given, desk, ()))


@router.post("/cards/{card_id}/answer")
def answer(
    card_id: CardId, request: Request, viewer: Reviewer, given: Given, said: FieldLists
) -> Response:
    """Answer the card; the next one comes, and this answer may be undone for some seconds."""
    passed = _passed(said)
    desk = review_desk.answer_on_desk(
        given.parts,
        card_id,
        viewer.name,
        "".join(said.get("answer", [])),
        reasons=said.get("reason", []),
        passed=passed,
    )
    return _part(request, given, desk, passed)


@router.post("/cards/{card_id}/undo")
def undo(
    card_id: CardId, request: Request, viewer: Reviewer, given: Given, said: Fields
) -> Response:
    """Take the last answer back; its card comes again."""
    desk = review_desk.undo(given.parts, card_id, viewer.name, front=said.get("front"))
    return _part(request, given, desk, ())


@router.post("/cards/{card_id}/take")
def take(
    card_id: CardId, request: Request, viewer: Reviewer, given: Given, said: Fields
) -> Response:
    """Take one card of the queue."""
    desk = review_desk.take(given.parts, card_id, viewer.name, front=said.get("front"))
    return _part(request, given, desk, ())


@router.post("/cards/{card_id}/pass")
def pass_on(
    card_id: CardId, request: Request, viewer: Reviewer, given: Given, said: FieldLists
) -> Response:
    """Let go of the card unanswered."""
    review.release_card(given.parts, card_id, viewer.name)
    passed = [*_passed(said), card_id][-MAX_PASSED:]
    desk = review_desk.open_desk(given.parts, viewer.name, passed=passed)
    return _part(request, given, desk, passed)


@router.post("/cards/{card_id}/escalate")
def escalate(
    card_id: CardId, request: Request, viewer: Reviewer, given: Given, said: FieldLists
) -> Response:
    """Ask for somebody else to decide."""
    review.escalate_card(given.parts, card_id, viewer.name)
    passed = [*_passed(said), card_id][-MAX_PASSED:]
    desk = review_desk.open_desk(given.parts, viewer.name, passed=passed)
    return _part(request, given, desk, passed)


@router.post("/cards/{card_id}/again")
def judge_again(
    card_id: CardId, request: Request, viewer: Reviewer, given: Given, said: FieldLists
) -> Response:
    """Run the checks again on an image that is held because one could not run."""
    decided = judging_again.judge_again(given.parts, card_id)
    passed = _passed(said)
    desk = review_desk.open_desk(given.parts, viewer.name, passed=passed)
    return _part(request, given, desk, passed, again=decided.decision.outcome)


@router.post("/settle")
def settle(viewer: Reviewer, given: Given, said: Fields) -> Response:
    """The time to undo a card is over, or the person leaves: what they answered takes effect."""
    notices = review_desk.take_effect(given.parts, viewer.name, said.get("card_id"))
    return render("_settled.html", notices=notices)


@router.get("/statistics")
def statistics(viewer: Reviewer, given: Given) -> Response:
    """How the person reviews, as a part of the page."""
    found = review_statistics(given.parts)
    own = next((one for one in found.reviewers if one.name == viewer.name), None)
    return render("_review_statistics.html", own=own, everybody=found)


@router.get("/cards/{card_id}/picture")
def picture(card_id: CardId, viewer: Reviewer, given: Given) -> Response:
    """The pixels of a card on neutral grounds; kept by the browser for the next minutes."""
    content = review.show_picture(given.parts, card_id, viewer.name)
    if content is None:
        return Response(status_code=410)
    return Response(content, media_type="image/png", headers={"Cache-Control": KEPT})


def _part(
    request: Request,
    given: Given,
    desk: Desk,
    passed: list[str] | tuple[()],
    *,
    again: Outcome | None = None,
) -> Response:
    """The desk; `again` is what was decided about the card before when the checks ran again."""
    if "HX-Request" not in request.headers:
        return RedirectResponse("/review", status_code=303)
    return render("_desk.html", **_shown(given, desk, passed, again))


def _shown(
    given: Given, desk: Desk, passed: list[str] | tuple[()], again: Outcome | None = None
) -> dict[str, object]:
    cards = given.parts.judge.cards
    return {
        "desk": desk,
        "passed": passed,
        "again": again,
        "reason_codes": REASON_CODES,
        "checks": [] if desk.card is None else show_checks(desk.card.results, cards),
        "last_checks": [] if desk.last is None else show_checks(desk.last.results, cards),
        "plot_width": WIDTH,
        "now": given.clock(),
    }


def _passed(said: dict[str, list[str]]) -> list[str]:
    return said.get("passed", [])[-MAX_PASSED:]
