"""The Gallery: finding images, putting them in order, comparing two, taking several along."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import IO, Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse, Response, StreamingResponse

from limner.core.deciding import Outcome
from limner.core.errors import BadInput
from limner.core.judging import Verdict
from limner.faces.http.native.asking import Given, Requester
from limner.faces.http.native.image_fields import place_of
from limner.faces.pages.cards import cards_of
from limner.faces.pages.forms import FieldLists, GivenFile, gone_on
from limner.faces.pages.frame import frame
from limner.faces.pages.image_page import facts_of, gone_from_gallery
from limner.faces.pages.site import render
from limner.store.gallery import Search
from limner.studio.erase import REASONS, erase_for
from limner.studio.export import export_zip
from limner.studio.gallery import (
    Page,
    boards_of,
    find_alike,
    find_images,
    find_near,
    looks_of,
    open_for,
    require_visible,
)
from limner.studio.redraw import find_changes

router = APIRouter(include_in_schema=False)

FOUND_BY_CHECK = (Verdict.FAIL, Verdict.UNSURE, Verdict.ERROR)
CHUNK_BYTES = 2**20
MAX_SAID_CHARACTERS = 500  # of one field, as the API has it
MAX_DIGITS = 9  # of a number that is only told
SAID = (
    "words",
    "recipe",
    "style",
    "outcome",
    "check",
    "verdict",
    "tag",
    "board",
    "starred",
    "since",
    "until",
)


@router.get("/gallery")
def gallery(request: Request, viewer: Requester, given: Given) -> Response:
    """A page of images; as a part of a page where more of it is asked for."""
    said = {name: request.query_params.get(name, "").strip() for name in SAID}
    page = _found(request, viewer, given, said)
    shown: dict[str, object] = {
        "cards": cards_of(page.images, page.starred),
        "more": _address(said, page),
    }
    if "HX-Request" in request.headers:
        return render("_gallery_cards.html", **shown)
    return render(
        "gallery.html",
        **frame(request, viewer, "/gallery"),
        **shown,
        said=said,
        is_alike=_is_alike(request),
        is_searched=any(said.values()),
        num_erased=_number_of(request.query_params.get("erased", "")),
        num_parted=_number_of(request.query_params.get("parted", "")),
        reasons=REASONS,
        styles=given.studio.card.styles,
        outcomes=tuple(Outcome),
        verdicts=FOUND_BY_CHECK,
        checks=sorted(given.parts.judge.cards),
        boards=boards_of(given.parts, viewer),
        tags=given.parts.store.boards.tags(viewer.name),
    )


@router.get("/gallery/compare")
def compare(
    request: Request,
    viewer: Requester,
    given: Given,
    image: Annotated[list[str], Query()],
) -> Response:
    """Two images side by side, and where their recipes differ."""
    if len(image) != 2:
        raise BadInput(f"{len(image)} images are chosen; allowed are two.", code="compare_not_two")
    one, other = (open_for(given.parts, viewer, image_id) for image_id in image)
    changes = find_changes(one.record.recipe, other.record.recipe)
    return render(
        "compare.html",
        **frame(request, viewer, "/gallery"),
        both=(one, other),
        facts=_side_by_side(dict(facts_of(one)), dict(facts_of(other))),
        changes=[change for change in changes if not change.name.startswith("mark")],
    )


@router.post("/gallery/alike")
def find_alike_to(request: Request, given: Given, _viewer: Requester, file: GivenFile) -> Response:
    """Go on to the images that look like a picture somebody gives; nothing of it is kept."""
    looks = looks_of(given.parts, file.content, file.name)
    return gone_on(request, f"/gallery?looks={looks.hex()}")


@router.post("/gallery/selected")
def do(viewer: Requester, given: Given, said: FieldLists) -> Response:
    """Star, put on a board, tag, export or erase what is selected."""
    images = said.get("image", [])
    if not images:
        raise BadInput(
            "Nothing is selected.", code="nothing_selected", hint="Select pictures first."
        )
    action = next(iter(said.get("do", [])), "")
    if action == "export":
        return _exported(given, viewer, images)
    if action == "erase":
        reason = next(iter(said.get("reason", [])), REASONS[0])
        num_erased = erase_for(given.parts, viewer, images, reason=reason)
        return gone_from_gallery(len(set(images)), num_erased)
    for image_id in images:
        require_visible(given.parts, viewer, image_id)
    boards, now = given.parts.store.boards, given.clock()
    name = next((one for one in said.get("name", []) if one.strip()), "")
    if action == "star":
        boards.star(viewer.name, images, now)
    elif action == "board":
        boards.put(viewer.name, boards.create(viewer.name, name, now).board_id, images, now)
    elif action == "tag":
        boards.tag(viewer.name, images, name, now)
    else:
        raise BadInput(
            f"Unknown action {action[:40]!r}; allowed are star, board, tag, export, erase."
        )
    return RedirectResponse(_back(said), status_code=303)


def _is_alike(request: Request) -> bool:
    return "like" in request.query_params or "looks" in request.query_params


def _found(request: Request, viewer: Requester, given: Given, said: dict[str, str]) -> Page:
    if like := request.query_params.get("like", ""):
        return find_alike(given.parts, viewer, like)
    if looks := request.query_params.get("looks", ""):
        return find_near(given.parts, viewer, _looks(looks))
    after = request.query_params.get("after", "")
    place = place_of(after) if after else None
    return find_images(given.parts, viewer, search_of(said), after=place)


def search_of(said: dict[str, str]) -> Search:
    """The search that the fields of the page say.

    Raises:
        BadInput: a field that is too long, a word that is none of those allowed, or a date that
            is none.
    """
    for name, value in said.items():
        if len(value) > MAX_SAID_CHARACTERS:
            raise BadInput(
                f"{name} has {len(value):,} characters; allowed are up to {MAX_SAID_CHARACTERS}.",
                code="search_invalid",
                hint="Search for fewer words.",
            )
    try:
        return Search(
            words=said["words"],
            recipe=said["recipe"],
            style=said["style"] or None,
            outcome=Outcome(said["outcome"]) if said["outcome"] else None,
            since=_day(said["since"]),
            until=_day(said["until"]),
            check=said["check"] or None,
            verdict=_verdict(said),
            tag=said["tag"] or None,
            board_id=said["board"] or None,
            is_starred=bool(said["starred"]),
        )
    except ValueError as error:
        raise BadInput(
            f"The search cannot be read: {error}.",
            code="search_invalid",
            hint="Dates are written as 2026-01-31.",
        ) from error


def _looks(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError as error:
        raise BadInput(f"The looks {text[:80]!r} are not those of a picture.") from error


def _number_of(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) <= MAX_DIGITS else 0


def _verdict(said: dict[str, str]) -> Verdict | None:
    if said["verdict"]:
        return Verdict(said["verdict"])
    return Verdict.FAIL if said["check"] else None


def _day(text: str) -> datetime | None:
    return datetime.fromisoformat(text).replace(tzinfo=UTC) if text else None


def _address(said: dict[str, str], page: Page) -> str | None:
    """Address of the next page."""
    if page.after is None:
        return None
    kept = {name: value for name, value in said.items() if value}
    return f"/gallery?{urlencode({**kept, 'after': '~'.join(page.after)})}"


def _back(said: dict[str, list[str]]) -> str:
    """Where the selection was made: a search of the gallery, and nowhere else."""
    query = next(iter(said.get("query", [])), "")
    return f"/gallery?{query}" if query else "/gallery"


def _side_by_side(one: dict[str, str], other: dict[str, str]) -> list[tuple[str, str, str, bool]]:
    names = list(dict.fromkeys([*one, *other]))
    rows = [(name, one.get(name, ""), other.get(name, "")) for name in names]
    return [(*row, row[1] != row[2]) for row in rows if row[0] != "seconds"]


def _exported(given: Given, viewer: Requester, images: list[str]) -> Response:
    file = export_zip(given.parts, viewer, images)
    return StreamingResponse(
        _chunks(file),
        media_type="application/zip",
        headers={"Content-Disposition": 'attachment; filename="limner-images.zip"'},
    )


def _chunks(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        while chunk := file.read(CHUNK_BYTES):
            yield chunk
