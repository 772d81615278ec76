"""The page of one image: the picture, what made it, what was said of it, and what proves it."""

from __future__ import annotations

import json
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from limner.core.access import Principal, Scope
from limner.core.deciding import Outcome
from limner.core.recipe import Recipe
from limner.core.records import Operation
from limner.faces.http.native.asking import Drawer, Given, ImageId, Requester
from limner.faces.pages.cards import cards_of
from limner.faces.pages.drawing import start_picture, whole
from limner.faces.pages.forms import Fields
from limner.faces.pages.frame import frame
from limner.faces.pages.plots import WIDTH, show_checks
from limner.faces.pages.site import render
from limner.studio.erase import REASONS, erase_for
from limner.studio.gallery import Opened, boards_of, find_alike, open_for, require_visible
from limner.studio.log import prove
from limner.studio.parameters_text import format_parameters
from limner.studio.upscaling import enlarging_request

router = APIRouter(include_in_schema=False)

CLIENT = "page"
FACTORS = (2, 4)
GROUNDS = ("checks", "white", "black")


@router.get("/images/{image_id}")
def show(image_id: ImageId, request: Request, viewer: Requester, given: Given) -> Response:
    """The page."""
    opened = open_for(given.parts, viewer, image_id)
    recipe = opened.record.recipe
    return render(
        "image.html",
        **frame(request, viewer, "/gallery"),
        opened=opened,
        recipe=recipe,
        facts=facts_of(opened),
        checks=show_checks(opened.results, given.parts.judge.cards),
        plot_width=WIDTH,
        siblings=cards_of(opened.siblings),
        boards=boards_of(given.parts, viewer),
        grounds=GROUNDS,
        reasons=REASONS,
        enlargers=given.parts.enlarger_names,
        factors=FACTORS,
        is_released=opened.decided.decision.outcome is Outcome.RELEASED,
        is_blind=_is_blind(opened, viewer),
        recipe_text=json.dumps(recipe.to_document(), indent=2, ensure_ascii=False),
        parameters=format_parameters(recipe),
    )


@router.get("/images/{image_id}/alike")
def alike(image_id: ImageId, viewer: Requester, given: Given) -> Response:
    """Images that look like it, as a part of the page."""
    found = find_alike(given.parts, viewer, image_id)
    return render("_sheet.html", cards=cards_of(found.images, found.starred))


@router.get("/images/{image_id}/proof")
def proof(image_id: ImageId, viewer: Requester, given: Given) -> Response:
    """The proof that the image is in the ledger, as a file."""
    require_visible(given.parts, viewer, image_id)
    _entry, text = prove(given.parts, image_id)
    name = f"{image_id.removeprefix('sha256:')[:16]}.tlog-proof"
    return Response(
        text,
        media_type="text/plain; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


@router.post("/images/{image_id}/star")
def star(image_id: ImageId, viewer: Requester, given: Given) -> Response:
    """Star the image, or take the star off."""
    require_visible(given.parts, viewer, image_id)
    boards = given.parts.store.boards
    if boards.starred(viewer.name, [image_id]):
        boards.unstar(viewer.name, [image_id])
    else:
        boards.star(viewer.name, [image_id], given.clock())
    return _keeping(image_id, viewer, given)


@router.post("/images/{image_id}/board")
def put(image_id: ImageId, viewer: Requester, given: Given, said: Fields) -> Response:
    """Put the image on a board, new or old, or take it off one."""
    require_visible(given.parts, viewer, image_id)
    boards, now = given.parts.store.boards, given.clock()
    if said.get("take"):
        boards.take(viewer.name, said["take"], [image_id])
    else:
        board_id = (
            said.get("board") or boards.create(viewer.name, said.get("name", ""), now).board_id
        )
        boards.put(viewer.name, board_id, [image_id], now)
    return _keeping(image_id, viewer, given)


@router.post("/images/{image_id}/tag")
def tag(image_id: ImageId, viewer: Requester, given: Given, said: Fields) -> Response:
    """Tag the image, or take a tag off."""
    require_visible(given.parts, viewer, image_id)
    boards = given.parts.store.boards
    if said.get("untag"):
        boards.untag(viewer.name, [image_id], said["untag"])
    else:
        boards.tag(viewer.name, [image_id], said.get("tag", ""), given.clock())
    return _keeping(image_id, viewer, given)


@router.post("/images/{image_id}/enlarge")
def enlarge(image_id: ImageId, viewer: Drawer, given: Given, said: Fields) -> Response:
    """Queue a larger copy, and go to where it is watched."""
    request = enlarging_request(
        given.parts,
        start_picture(given.parts, viewer, image_id),
        factor=whole("factor", said.get("factor", "2")),
        model=said.get("model"),
    )
    given.jobs.submit(request, owner=viewer.name, client=CLIENT)
    return RedirectResponse("/", status_code=303)


@router.post("/images/{image_id}/erase")
def erase_image(image_id: ImageId, viewer: Requester, given: Given, said: Fields) -> Response:
    """Erase the image for good; the ledger says that it is gone."""
    reason = said.get("reason", REASONS[0])
    num_erased = erase_for(given.parts, viewer, [image_id], reason=reason)
    return gone_from_gallery(1, num_erased)


def gone_from_gallery(num_images: int, num_erased: int) -> Response:
    """Back to the gallery, which says how many are erased, and how many of others too are kept."""
    said = {"erased": num_erased, "parted": num_images - num_erased}
    return RedirectResponse(f"/gallery?{urlencode(said)}", status_code=303)


def facts_of(opened: Opened) -> list[tuple[str, str]]:
    """The recipe as pairs of a word of the catalogue and what it says."""
    recipe, record = opened.record.recipe, opened.record
    if recipe.operation is Operation.ENLARGE:
        return [
            ("size", str(recipe.size)),
            ("operation", str(recipe.operation)),
            ("generator", f"{recipe.generator} {recipe.generator_version}"),
            ("engine", f"{recipe.engine}, {recipe.device}, {recipe.precision}"),
            ("seconds", f"{record.seconds:.2f} s"),
        ]
    facts: list[tuple[str, str | None]] = [
        ("template", recipe.template),
        ("negative", recipe.negative or None),
        ("style", recipe.style),
        ("seed", str(recipe.seed)),
        ("size", str(recipe.size)),
        ("steps", _steps_of(recipe)),
        ("guidance", f"{recipe.guidance:g}"),
        ("sampler", recipe.sampler),
        ("background", recipe.background),
        ("operation", str(recipe.operation)),
        ("strength", None if recipe.source_sha256 is None else f"{recipe.strength:g}"),
        ("generator", f"{recipe.generator} {recipe.generator_version}"),
        ("engine", f"{recipe.engine}, {recipe.device}, {recipe.precision}"),
        ("seconds", f"{record.seconds:.2f} s"),
        ("label", None if recipe.label is None else recipe.label.words),
    ]
    return [(name, said) for name, said in facts if said is not None]


def _is_blind(opened: Opened, viewer: Principal) -> bool:
    """Whether this person may be asked about the image, and must not know the scores before."""
    is_held = opened.decided.decision.outcome is Outcome.HELD
    return is_held and viewer.may(Scope.REVIEW, Scope.ADMIN)


def _steps_of(recipe: Recipe) -> str:
    if recipe.steps_run == recipe.steps:
        return str(recipe.steps)
    return f"{recipe.steps_run} / {recipe.steps}"


def _keeping(image_id: str, viewer: Principal, given: Given) -> Response:
    return render(
        "_keeping.html",
        image_id=image_id,
        keeping=given.parts.store.boards.keeping(viewer.name, image_id),
        boards=boards_of(given.parts, viewer),
    )
