"""Shadows as rows: begun before the candidate draws, ended with what came of it, or taken back.

What was begun and never ended tells that a process died with it; it is not tried again.
"""

from __future__ import annotations

import json
from datetime import datetime

import sqlalchemy as sa

from limner.core.hashing import canonical_json
from limner.core.shadows import Shadow
from limner.store import schema
from limner.store.database import reading, transaction

_shadows = schema.shadows.c
_images = schema.images.c
_decisions = schema.decisions.c


class Shadows:
    """The shadows in one database.

    Args:
        engine: of the store's database.
    """

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def begin(self, shadow: Shadow) -> bool:
        """Note that a picture is about to be drawn; whether nobody else had begun it."""
        with transaction(self._engine) as connection:
            if connection.scalar(sa.select(sa.exists().where(*_is(shadow)))):
                return False
            connection.execute(schema.shadows.insert().values(_row_of(shadow)))
        return True

    def take_back(self, shadow: Shadow) -> None:
        """Forget that it was begun, so that it is due again."""
        with transaction(self._engine) as connection:
            connection.execute(schema.shadows.delete().where(*_is(shadow)))

    def end(self, shadow: Shadow) -> None:
        """Write down what came of one that was begun; nothing if the served image is gone."""
        with transaction(self._engine) as connection:
            end_shadow(connection, shadow)

    def of_model(self, model_sha256: str) -> list[Shadow]:
        """Every shadow of a candidate, oldest first."""
        query = schema.shadows.select().where(_shadows.model_sha256 == model_sha256)
        order = (_shadows.drawn_at, _shadows.image_id)
        with reading(self._engine) as connection:
            return [_shadow_of(row) for row in connection.execute(query.order_by(*order))]

    def pictures_beside(self, image_id: str) -> list[str]:
        """Ids of the stored pictures that candidates drew beside a served image."""
        query = sa.select(_shadows.shadow_id).where(
            _shadows.image_id == image_id, _shadows.shadow_id.is_not(None)
        )
        with reading(self._engine) as connection:
            return [str(one) for one in connection.scalars(query)]

    def due(self, model_sha256: str, since: datetime, limit: int) -> list[str]:
        """Images that were asked for after a moment and have no shadow, the newest first.

        Args:
            model_sha256: of the candidate.
            since: UTC.
            limit: most to give.
        """
        is_asked = sa.exists().where(_decisions.image_id == _images.image_id)
        has_shadow = sa.exists().where(
            _shadows.image_id == _images.image_id, _shadows.model_sha256 == model_sha256
        )
        query = (
            sa.select(_images.image_id)
            .where(_images.created_at > since.isoformat(), is_asked, ~has_shadow)
            .order_by(_images.created_at.desc(), _images.image_id.desc())
            .limit(limit)
        )
        with reading(self._engine) as connection:
            return list(connection.scalars(query))


def end_shadow(connection: sa.Connection, shadow: Shadow) -> None:
    """Write down what came of a shadow, in the caller's write transaction."""
    connection.execute(schema.shadows.update().where(*_is(shadow)).values(_row_of(shadow)))


def _is(shadow: Shadow) -> tuple[sa.ColumnElement[bool], ...]:
    return (
        _shadows.model_sha256 == shadow.model_sha256,
        _shadows.image_id == shadow.image_id,
    )


def _row_of(shadow: Shadow) -> dict[str, object]:
    said = {"verdicts": dict(shadow.verdicts), "versions": dict(shadow.versions)}
    return {
        "model_sha256": shadow.model_sha256,
        "image_id": shadow.image_id,
        "shadow_id": shadow.shadow_id,
        "fault": shadow.fault,
        "outcome": shadow.outcome,
        "seconds": shadow.seconds,
        "drawn_at": shadow.drawn_at.isoformat(),
        "document": canonical_json(said),
    }


def _shadow_of(row: sa.Row[tuple[object, ...]]) -> Shadow:
    return Shadow(
        model_sha256=row.model_sha256,
        image_id=row.image_id,
        shadow_id=row.shadow_id,
        fault=row.fault,
        outcome=row.outcome,
        seconds=row.seconds,
        drawn_at=datetime.fromisoformat(row.drawn_at),
        **json.loads(row.document),
    )
