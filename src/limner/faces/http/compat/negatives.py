"""Negative prompts, which clients send of their own whatever the model reads.

The interfaces we are compatible with pass over one that is not read; so it is left out and named,
where a request that asks us for it in our own words is refused.
"""

from __future__ import annotations

from typing import NamedTuple

from limner.core.limits import reads_negative
from limner.core.ports import GeneratorCard


class Negative(NamedTuple):
    """The negative prompt a model reads, empty for none, and what there is to warn of."""

    text: str
    warnings: tuple[str, ...] = ()


def negative_of(text: str | None, guidance: float | None, card: GeneratorCard) -> Negative:
    """What becomes of a negative prompt.

    Args:
        text: as it was sent.
        guidance: that was asked for; ``None`` for the model's own.
        card: of the model.
    """
    if not text or reads_negative(card, guidance):
        return Negative(text or "")
    asked = card.guidance.default if guidance is None else guidance
    where = f" at the guidance {asked:g}" if reads_negative(card, card.guidance.high) else ""
    return Negative("", (f"Ignored: negative_prompt; the model {card.name!r} reads none{where}.",))
