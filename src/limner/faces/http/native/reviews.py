"""Reviews: people take cards, look, and answer. The scores stay hidden until they have."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Response
from pydantic import Field

from limner.core.access import Scope
from limner.core.reviewing import REASON_CODES
from limner.faces.http.native.asking import Fields, Given, Reviewer
from limner.faces.review_printing import card_document
from limner.studio import judging_again, review
from limner.studio.review_card import CardView
from limner.studio.review_statistics import review_statistics

router = APIRouter(prefix="/api/reviews", tags=["reviews"])

PNG = "image/png"
Document = dict[str, object]
CardId = Annotated[str, Path(max_length=80, description="A card's id.")]


class AnswerFields(Fields):
    """An answer to the question of a card."""

    answer: Literal["accept", "reject", "unsure"]
    reasons: list[str] = Field(default=[], max_length=len(REASON_CODES))
    is_final: bool = Field(True, description="False shows the scores first; then settle.")


@router.get("")
def list_cards(asking: Reviewer, given: Given) -> list[Document]:
    """Every card that is not closed, the most urgent first."""
    return [_document(one) for one in review.list_cards(given.parts, asking.name)]


@router.post("/next", response_model=None)
def take_next(asking: Reviewer, given: Given) -> Document | Response:
    """Claim the most urgent card one may answer; 204 when there is none."""
    view = review.next_card(given.parts, asking.name)
    return Response(status_code=204) if view is None else _document(view)


@router.get("/statistics")
def statistics(asking: Reviewer, given: Given) -> Document:
    """How people agree and how good the rules are; of reviewers oneself, operators see all."""
    found = asdict(review_statistics(given.parts))
    if not asking.may(Scope.OPERATE, Scope.ADMIN):
        found["reviewers"] = [one for one in found["reviewers"] if one["name"] == asking.name]
    return found


@router.get("/reasons")
def reasons(_asking: Reviewer) -> dict[str, str]:
    """The codes an answer may give as its reasons, with what each says."""
    return dict(REASON_CODES)


@router.get("/{card_id}")
def get_card(card_id: CardId, asking: Reviewer, given: Given) -> Document:
    """A card as this person may see it."""
    return _document(review.show_card(given.parts, card_id, asking.name))


@router.get(
    "/{card_id}/picture",
    response_class=Response,
    responses={200: {"content": {PNG: {"schema": {"type": "string", "format": "binary"}}}}},
)
def get_picture(card_id: CardId, asking: Reviewer, given: Given) -> Response:
    """The pixels of a card's image on neutral grounds, and nothing else; it is no release."""
    content = review.show_picture(given.parts, card_id, asking.name)
    if content is None:
        return Response(status_code=410)  # erased, or there is nothing left to look at it for
    return Response(content, media_type=PNG)


@router.post("/{card_id}/claim")
def claim(card_id: CardId, asking: Reviewer, given: Given) -> Document:
    """Take one card; taking it again renews the lease."""
    return _document(review.claim(given.parts, card_id, asking.name))


@router.post("/{card_id}/answer")
def answer(card_id: CardId, fields: AnswerFields, asking: Reviewer, given: Given) -> Document:
    """Answer a card one holds, or change one's mind about it."""
    view = review.answer_card(
        given.parts,
        card_id,
        asking.name,
        fields.answer,
        reasons=fields.reasons,
        is_final=fields.is_final,
    )
    return _document(view)


@router.post("/{card_id}/withdraw")
def withdraw(card_id: CardId, asking: Reviewer, given: Given) -> Document:
    """Take one's answer back before the card is closed."""
    return _document(review.withdraw_answer(given.parts, card_id, asking.name))


@router.post("/{card_id}/settle")
def settle(card_id: CardId, asking: Reviewer, given: Given) -> Document:
    """Close or escalate a card as its answers call for."""
    return _document(review.settle_card(given.parts, card_id, asking.name))


@router.post("/{card_id}/escalate")
def escalate(card_id: CardId, asking: Reviewer, given: Given) -> Document:
    """Ask for somebody else to decide."""
    return _document(review.escalate_card(given.parts, card_id, asking.name))


@router.post("/{card_id}/again")
def judge_again(card_id: CardId, asking: Reviewer, given: Given) -> Document:
    """Run the checks again on an image held because one could not run; the card as it is then."""
    judging_again.judge_again(given.parts, card_id)
    return _document(review.show_card(given.parts, card_id, asking.name))


@router.post("/{card_id}/release", status_code=204)
def release(card_id: CardId, asking: Reviewer, given: Given) -> None:
    """Let go of a card one holds, so that others may take it."""
    review.release_card(given.parts, card_id, asking.name)


def _document(view: CardView) -> Document:
    document = card_document(view, None)
    is_there = view.shown is not None and view.state.closing is None
    document["picture"] = f"/api/reviews/{view.card.card_id}/picture" if is_there else None
    return document
