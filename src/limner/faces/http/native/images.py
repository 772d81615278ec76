"""Images: finding them, and what is known of each. Nobody sees another's."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Annotated

from fastapi import APIRouter, Query, Response

from limner.core.access import Scope
from limner.core.deciding import Outcome
from limner.core.errors import BadInput
from limner.core.judging import Verdict
from limner.core.records import FileFormat
from limner.faces.http.native.asking import Anyone, Fields, Given, ImageId, Requester
from limner.faces.http.native.image_fields import (
    DecisionDocument,
    ImageDocument,
    ImagePage,
    place_of,
)
from limner.store.gallery import Search
from limner.studio import gallery, review
from limner.studio.sealing import MEDIA_TYPES
from limner.studio.stored_image import open_in_format
from limner.studio.thumbnails import read_thumbnail

router = APIRouter(prefix="/api/images", tags=["images"])

WEBP = "image/webp"
KEPT_BY_BROWSERS = "private, max-age=300"  # a thumbnail is veiled or not by the decision that holds
PICTURE = {"content": {"image/*": {"schema": {"type": "string", "format": "binary"}}}}

Word = Annotated[str | None, Query(max_length=200)]


@router.get("")
def find_images(  # noqa: PLR0913 - one argument for each thing that can be asked
    asking: Requester,
    given: Given,
    words: Annotated[str, Query(max_length=500)] = "",
    recipe: Annotated[str, Query(max_length=500, examples=["seed:5 euler"])] = "",
    style: Word = None,
    outcome: Outcome | None = None,
    since: date | None = None,
    until: date | None = None,
    check: Word = None,
    verdict: Verdict | None = None,
    tag: Word = None,
    board_id: Word = None,
    is_starred: bool = False,
    after: Word = None,
) -> ImagePage:
    """A page of one's own images that fit all that is asked; operators see everybody's."""
    search = Search(
        words=words,
        recipe=recipe,
        style=style,
        outcome=outcome,
        since=_moment(since),
        until=_moment(until),
        check=check,
        verdict=verdict,
        tag=tag,
        board_id=board_id,
        is_starred=is_starred,
    )
    place = None if after is None else place_of(after)
    if after is not None and place is None:
        raise BadInput(f"The place {after!r} is not one that a page gave.", code="after_invalid")
    return ImagePage.of(gallery.find_images(given.parts, asking, search, after=place))


@router.get("/{image_id}")
def get_image(image_id: ImageId, asking: Requester, given: Given) -> ImageDocument:
    """What is known of an image."""
    return ImageDocument.of(gallery.open_for(given.parts, asking, image_id))


@router.get("/{image_id}/file", response_class=Response, responses={200: PICTURE})
def get_file(
    image_id: ImageId,
    asking: Requester,
    given: Given,
    file_format: Annotated[FileFormat | None, Query(alias="format")] = None,
) -> Response:
    """The sealed file; one that is held or refused answers 403 and says why.

    In another format than the image's it is written anew, with the credential of its own file in
    its own.
    """
    record = gallery.require_visible(given.parts, asking, image_id).record
    file_format = file_format or record.file_format
    content = open_in_format(given.parts, image_id, file_format)
    name = f"{image_id.removeprefix('sha256:')[:16]}.{file_format}"
    return Response(
        content,
        media_type=MEDIA_TYPES[file_format],
        headers={"Content-Disposition": f'inline; filename="{name}"'},
    )


@router.get("/{image_id}/thumbnail", response_class=Response, responses={200: PICTURE})
def get_thumbnail(image_id: ImageId, asking: Requester, given: Given) -> Response:
    """A small picture; of an image that does not leave, a veil of six by six colours."""
    seen = gallery.require_visible(given.parts, asking, image_id)
    content = read_thumbnail(given.parts, seen.record, seen.decided.decision.outcome)
    return Response(content, media_type=WEBP, headers={"Cache-Control": KEPT_BY_BROWSERS})


@router.get("/{image_id}/recipe")
def get_recipe(image_id: ImageId, asking: Requester, given: Given) -> dict[str, object]:
    """What really ran."""
    return gallery.require_visible(given.parts, asking, image_id).record.recipe.to_document()


@router.get("/{image_id}/results")
def get_results(image_id: ImageId, asking: Requester, given: Given) -> list[dict[str, object]]:
    """What every check said, oldest first."""
    gallery.require_visible(given.parts, asking, image_id)
    return given.parts.store.results_of(image_id)


@router.get("/{image_id}/decisions")
def get_decisions(image_id: ImageId, asking: Requester, given: Given) -> list[DecisionDocument]:
    """What was decided, oldest first; the last holds."""
    gallery.require_visible(given.parts, asking, image_id)
    return [DecisionDocument.of(one) for one in given.parts.store.decisions_of(image_id)]


class ComplaintFields(Fields):
    """Why somebody complains."""

    reason: str


@router.post("/{image_id}/complaint", status_code=201)
def complain(
    image_id: ImageId, fields: ComplaintFields, asking: Anyone, given: Given
) -> dict[str, str]:
    """Have people look again at an image that was released."""
    if not asking.may(Scope.REVIEW):  # who reviews may have seen it at the desk
        gallery.require_visible(given.parts, asking, image_id)
    return {"card_id": review.complain(given.parts, image_id, fields.reason)}


def _moment(day: date | None) -> datetime | None:
    return None if day is None else datetime.combine(day, time())
