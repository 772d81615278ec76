"""Cards that ask people about what a taught label is unsure of; their answers teach it further.

Whether the image is let out is another question, on another card. A picture is asked about once for
each label, and only so many cards of a label wait at a time, so that a desk is never flooded.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from limner.core.learnt import LearntKind
from limner.core.looking import LabelFound
from limner.core.reviewing import Card, CardKind, Closing, state_of
from limner.store.reviews import find_cards, open_card
from limner.studio.look.answers import UNSURE
from limner.studio.look.sources import Item

if TYPE_CHECKING:
    import sqlalchemy as sa

    from limner.studio.parts import Parts

COST = 0.1  # of a wrong label; images that are held come first


class Answered(NamedTuple):
    """Kept pictures that people answered about on the desk, opened one after the other."""

    yes: Iterator[Item]
    no: Iterator[Item]


class Desk:
    """Opens cards about pictures while a run goes on.

    Args:
        parts: of the studio.
        most: cards of one label that may wait at a time; 0 asks nobody.
    """

    def __init__(self, parts: Parts, most: int) -> None:
        self._most = most
        asked = _cards(parts) if most else ()
        waiting = _cards(parts, is_unclosed=True) if most else ()
        self._asked = {(card.label, card.image_id) for card, _ in asked}
        self._waiting = Counter(card.label for card, _ in waiting)

    def to_ask(self, image_id: str, found: Iterable[LabelFound]) -> tuple[LabelFound, ...]:
        """What people are to be asked about an image, of what was found on it."""
        return tuple(
            one
            for one in found
            if (one.label, image_id) not in self._asked and self._waiting[one.label] < self._most
        )

    def ask(
        self, connection: sa.Connection, image_id: str, found: Iterable[LabelFound], now: datetime
    ) -> None:
        """Open a card for each, in the transaction that stores the image."""
        for one in found:
            open_card(
                connection,
                image_id=image_id,
                kind=CardKind.LABEL,
                opened_at=now,
                document={
                    "question": f"Does the label {one.label!r} fit this picture?",
                    "requester": None,
                    "impact": None,
                    "needs_second": False,
                    "due_at": None,
                    "reasons": [f"The label {one.label!r} is unsure: {one.score:.2f}."],
                    "cost": COST,
                    "label": one.label,
                },
            )
            self._asked.add((one.label, image_id))
            self._waiting[one.label] += 1


def unsure_among(found: Iterable[LabelFound], taught: Iterable[str]) -> tuple[LabelFound, ...]:
    """What labels of these names are unsure of; words that were looked for are no labels."""
    names = set(taught)
    return tuple(one for one in found if one.verdict == UNSURE and one.label in names)


def answered_of(parts: Parts, label: str) -> Answered:
    """What people answered about a label, as its name is used now.

    Pictures that were erased since are left out.

    Raises:
        StorageUnavailable: while they are opened: a file is missing or changed.
    """
    said: dict[Closing | None, list[str]] = {Closing.ACCEPTED: [], Closing.REJECTED: []}
    for card, closing in _cards(parts):
        if card.label == label and closing in said:
            said[closing].append(card.image_id)
    return Answered(*(_kept(parts, said[one]) for one in (Closing.ACCEPTED, Closing.REJECTED)))


def _cards(parts: Parts, *, is_unclosed: bool = False) -> Iterator[tuple[Card, Closing | None]]:
    """Every card about a label as it is used now, and what it ended in.

    Args:
        parts: of the studio.
        is_unclosed: only those that wait, about images that are still here.
    """
    now = parts.read_clock()
    with parts.store.reviews.reading() as connection:
        found = find_cards(connection, kind=CardKind.LABEL, is_unclosed=is_unclosed)
    learnt = parts.store.learnt
    names = {card.label for card, _ in found}
    since = {name: learnt.forgotten_at(LearntKind.LABEL, name) for name in names}
    for card, events in found:
        if card.opened_at >= since[card.label]:
            yield card, state_of(events, now).closing


def _kept(parts: Parts, images: Iterable[str]) -> Iterator[Item]:
    for image_id in images:
        incoming = parts.store.looks.find(image_id)
        if incoming is not None and incoming.is_kept:
            yield Item(name=incoming.source, content=parts.store.looks.read(incoming))
