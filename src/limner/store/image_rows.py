"""The rows of images made here: an image as a row, a row as an image, and what is asked of many."""

from __future__ import annotations

import json
from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa

from limner.core.hashing import canonical_json
from limner.core.recipe import ImageRecord, Recipe
from limner.core.records import Size
from limner.store import schema

TIMED_IMAGES = 256  # newest, over which the fastest pass is looked for
LEAST_TIMED_IMAGES = 5  # the first picture of a process may take many times as long

_IMAGE_OF_ID = schema.images.select().where(schema.images.c.image_id == sa.bindparam("this_image"))
_IS_STORED = sa.select(sa.exists().where(schema.images.c.image_id == sa.bindparam("this_image")))
_IMAGE_OF_MARK = (
    schema.images.select()
    .where(schema.images.c.mark == sa.bindparam("this_mark"))
    .order_by(schema.images.c.created_at)
    .limit(1)
)


class RecentLook(NamedTuple):
    """What is known of how a stored image looks: tagged hash of its pixels, and 32 bytes of PDQ."""

    image_id: str
    pixels_sha256: str
    pdq: bytes


def image_of_id(connection: sa.Connection, image_id: str) -> ImageRecord | None:
    """The image with these file bytes."""
    row = connection.execute(_IMAGE_OF_ID, {"this_image": image_id}).one_or_none()
    return None if row is None else _record_of(row)


def is_stored(connection: sa.Connection, image_id: str) -> bool:
    """Whether the image with these file bytes is stored; one that was erased is not."""
    return bool(connection.scalar(_IS_STORED, {"this_image": image_id}))


def image_of_mark(connection: sa.Connection, mark: str) -> ImageRecord | None:
    """The earliest image whose pixels carry this mark."""
    row = connection.execute(_IMAGE_OF_MARK, {"this_mark": mark}).one_or_none()
    return None if row is None else _record_of(row)


def find_image(connection: sa.Connection, condition: sa.ColumnElement[bool]) -> ImageRecord | None:
    """The earliest image that fits a condition on the columns of `schema.images`."""
    query = schema.images.select().where(condition).order_by(schema.images.c.created_at).limit(1)
    row = connection.execute(query).one_or_none()
    return None if row is None else _record_of(row)


def recent_looks(connection: sa.Connection, limit: int) -> list[RecentLook]:
    """See `Store.recent_looks`."""
    column = schema.images.c
    query = (
        sa.select(column.image_id, column.pixels_sha256, column.pdq)
        .where(column.pdq.is_not(None))
        .order_by(column.created_at.desc())
        .limit(limit)
    )
    return [RecentLook(*row) for row in connection.execute(query)]


def fastest_pass_seconds(connection: sa.Connection, generator: str) -> float | None:
    """See `Store.fastest_pass_seconds`."""
    column = schema.images.c
    query = sa.select(column.seconds, column.recipe).order_by(column.created_at.desc())
    rows = connection.execute(query.limit(TIMED_IMAGES)).all()
    drawn = [(row.seconds, json.loads(row.recipe)) for row in rows]
    passes = [
        seconds / recipe["num_forwards"]
        for seconds, recipe in drawn
        if recipe["generator"] == generator and recipe["num_forwards"]
    ]
    return min(passes) if len(passes) >= LEAST_TIMED_IMAGES else None


def pdq_hashes(connection: sa.Connection) -> list[tuple[str, bytes]]:
    """See `Store.pdq_hashes`."""
    column = schema.images.c
    query = sa.select(column.image_id, column.pdq).where(column.pdq.is_not(None))
    return [(row.image_id, row.pdq) for row in connection.execute(query)]


def row_of(record: ImageRecord) -> dict[str, object]:
    """An image as its row."""
    return {
        "image_id": record.image_id,
        "pixels_sha256": record.pixels_sha256,
        "file_format": record.file_format,
        "num_bytes": record.num_bytes,
        "width_px": record.size.width_px,
        "height_px": record.size.height_px,
        "created_at": record.created_at.isoformat(),
        "seconds": record.seconds,
        "seed": record.recipe.seed,
        "recipe_sha256": record.recipe.sha256,
        "recipe": canonical_json(record.recipe.to_document()),
        "mark": record.recipe.mark,
        "pdq": record.pdq,
        "is_opaque": record.is_opaque,
    }


def _record_of(row: sa.Row[tuple[object, ...]]) -> ImageRecord:
    return ImageRecord(
        image_id=row.image_id,
        pixels_sha256=row.pixels_sha256,
        file_format=row.file_format,
        num_bytes=row.num_bytes,
        size=Size(row.width_px, row.height_px),
        created_at=datetime.fromisoformat(row.created_at),
        seconds=row.seconds,
        recipe=Recipe.from_document(json.loads(row.recipe)),
        pdq=row.pdq,
        is_opaque=row.is_opaque,
    )
