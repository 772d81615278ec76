"""Models: what draws here, and what can be asked of it."""

from __future__ import annotations

from dataclasses import asdict

from fastapi import APIRouter

from limner.core.ports import GeneratorCard
from limner.faces.http.native.asking import Anyone, Given

router = APIRouter(prefix="/api/models", tags=["models"])


@router.get("")
def list_models(_asking: Anyone, given: Given) -> list[dict[str, object]]:
    """The card of every model that draws here; answers without loading one."""
    parts = given.parts
    return [card_document(parts.generator_of(name).card) for name in parts.model_names]


def card_document(card: GeneratorCard) -> dict[str, object]:
    """A generator's card in JSON."""
    return {
        **asdict(card),
        "canvases": [str(one) for one in card.canvases],
        "operations": sorted(card.operations),
        "abilities": sorted(card.abilities),
        "ingredients": dict(card.ingredients),
        "side_px": card.side_px._asdict(),
        "steps": card.steps._asdict(),
        "guidance": card.guidance._asdict(),
        "strength": card.strength._asdict(),
    }
