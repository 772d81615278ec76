"""Counting rows, for whoever watches over an install. Numbers only; nothing is named."""

from __future__ import annotations

from typing import NamedTuple

import sqlalchemy as sa

from limner.core.jobs import JobState
from limner.core.reviewing import EventKind
from limner.store import schema


class Drawing(NamedTuple):
    """Images that were drawn, and the wall time of drawing them."""

    num_images: int
    seconds: float


class Decided(NamedTuple):
    """How many decisions there are of one kind."""

    outcome: str
    decided_by: str
    num: int


def count_jobs(connection: sa.Connection) -> dict[str, int]:
    """How many jobs are in each state; states without any are 0."""
    state = schema.jobs.c.state
    rows = connection.execute(sa.select(state, sa.func.count()).group_by(state))
    return {str(one): 0 for one in JobState} | {name: num for name, num in rows}


def count_drawing(connection: sa.Connection) -> Drawing:
    """What was drawn in all."""
    seconds = schema.images.c.seconds
    num, total = connection.execute(sa.select(sa.func.count(), sa.func.sum(seconds))).one()
    return Drawing(num, float(total or 0.0))


def count_decisions(connection: sa.Connection) -> list[Decided]:
    """Decisions by their outcome and by what took them."""
    column = schema.decisions.c
    kinds = (column.outcome, column.decided_by)
    rows = connection.execute(sa.select(*kinds, sa.func.count()).group_by(*kinds))
    return [Decided(*row) for row in rows]


def count_waiting_cards(connection: sa.Connection) -> int:
    """Review cards that are not closed and whose image is still there."""
    card, event = schema.review_cards.c, schema.review_events.c
    closed = sa.exists().where(event.card_id == card.card_id, event.event == str(EventKind.CLOSED))
    image = sa.exists().where(schema.images.c.image_id == card.image_id)
    query = sa.select(sa.func.count()).select_from(schema.review_cards).where(~closed, image)
    return connection.scalar(query) or 0
