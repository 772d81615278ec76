"""What came of everything that was asked for: each image with its decisions, boards and its asking.

Reads only. Pictures of runs and shadows are asked for by nobody and are not among them; nor is what
was erased, of which nothing is kept that could be counted.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa

from limner.store import schema

_images = schema.images.c
_decisions = schema.decisions.c


class Decided(NamedTuple):
    """A decision about an image, as far as counting goes; `by` is ``rule`` or ``person``."""

    at: datetime
    by: str
    outcome: str
    impact: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class UsedImage:
    """An image somebody asked for.

    Attributes:
        asked_at: UTC; when its job was submitted, or else when it was stored.
        seconds: wall time of drawing it.
        boards: names of the boards it is on; they are what projects are called here.
        decided: every decision, oldest first; at least one.
    """

    image_id: str
    asked_at: datetime
    seconds: float
    boards: tuple[str, ...]
    decided: tuple[Decided, ...]


def used_images(connection: sa.Connection, since: datetime | None = None) -> list[UsedImage]:
    """Every image that was asked for, or those stored after a moment, oldest first."""
    decided: dict[str, list[Decided]] = {}
    for row in connection.execute(schema.decisions.select().order_by(_decisions.decision_id)):
        impact = json.loads(row.document).get("impact")
        at = datetime.fromisoformat(row.decided_at)
        decided.setdefault(row.image_id, []).append(
            Decided(at, row.decided_by, row.outcome, impact)
        )
    boards = _boards(connection)
    jobs, links = schema.jobs.c, schema.job_images.c
    query = sa.select(links.image_id, sa.func.min(jobs.created_at)).join(
        schema.jobs, jobs.job_id == links.job_id
    )
    rows = connection.execute(query.group_by(links.image_id))
    asked: dict[str, str] = {str(image_id): str(created_at) for image_id, created_at in rows}
    images = sa.select(_images.image_id, _images.created_at, _images.seconds)
    if since is not None:
        images = images.where(_images.created_at > since.isoformat())
    return [
        UsedImage(
            image_id=row.image_id,
            asked_at=datetime.fromisoformat(asked.get(row.image_id, str(row.created_at))),
            seconds=row.seconds,
            boards=tuple(boards.get(row.image_id, ())),
            decided=tuple(decided[row.image_id]),
        )
        for row in connection.execute(images.order_by(_images.created_at, _images.image_id))
        if row.image_id in decided
    ]


class AskedPrompt(NamedTuple):
    """A prompt that somebody asked for, and in which style; empty for none."""

    prompt: str
    style: str


def asked_prompts(
    connection: sa.Connection, owners: Sequence[str], since: datetime | None = None
) -> list[AskedPrompt]:
    """Every prompt with its style that these people asked for, each once, in its order.

    Args:
        connection: reading.
        owners: names of requesters.
        since: only of images stored after this moment, UTC.
    """
    rows = schema.gallery.c
    query = (
        sa.select(_images.recipe)
        .join(schema.gallery, rows.image_id == _images.image_id)
        .where(rows.owner.in_(owners), sa.exists().where(_decisions.image_id == _images.image_id))
        .order_by(_images.created_at, _images.image_id)
    )
    if since is not None:
        query = query.where(_images.created_at > since.isoformat())
    recipes = (json.loads(one) for one in connection.scalars(query))
    return list(dict.fromkeys(AskedPrompt(one["prompt"], one["style"] or "") for one in recipes))


def _boards(connection: sa.Connection) -> dict[str, list[str]]:
    """Names of the boards of every image that is on one."""
    links, boards = schema.board_images.c, schema.boards.c
    query = sa.select(links.image_id, boards.name).join(
        schema.boards, boards.board_id == links.board_id
    )
    found: dict[str, list[str]] = {}
    for image_id, name in connection.execute(query.order_by(boards.name)):
        found.setdefault(image_id, []).append(name)
    return found
