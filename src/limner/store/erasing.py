"""Erasing an image: what goes with it, and when it was erased.

Gone are its row with the prompt, its files that are kept here, pictures it started from that
nothing else needs, every row of another table that is about it, what its jobs were asked, and the
salts of its entries. Results, decisions, seals, reviews and blocks stay, and which job had it, for
they hold no prompt, no picture and no name; so do the ledger's commitments, which say nothing any
more. Files somebody saved elsewhere are out of reach.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa

from limner.core.recipe import ImageRecord
from limner.store import schema
from limner.store.blobs import SIDECAR_SUFFIX, BlobFolder
from limner.store.image_rows import is_stored
from limner.store.jobs import forget_request, is_source_wanted
from limner.store.ledger.appending import find_entries
from limner.store.ledger.commitments import erase
from limner.store.ledger.entries import Kind

KEPT_TABLES = frozenset(
    (
        "decisions",
        "eval_pictures",
        "images_before_ledger",
        "job_images",
        "results",
        "review_cards",
        "rights_blocks",
        "seals",
    )
)

_images = schema.images.c
_sources = schema.sources.c


class StoredFile(NamedTuple):
    """A file in the data folder: its tagged hash, and how it ends."""

    blob_sha256: str
    suffix: str


def erase_image(
    connection: sa.Connection,
    blobs: BlobFolder,
    record: ImageRecord,
    *,
    reason: str,
    recorded_at: datetime,
) -> None:
    """Erase an image inside the caller's write transaction; files go once it is committed.

    Args:
        connection: in a write transaction.
        blobs: gets an intent for each file, so that clearing what is not settled removes it.
        record: of the stored image.
        reason: a short code such as ``person_asked``.
        recorded_at: the time now, UTC.
    """
    files = [StoredFile(record.image_id, record.file_format), *_sealed_files(connection, record)]
    for table in schema.metadata.sorted_tables:
        if "image_id" in table.c and table.name not in KEPT_TABLES:
            connection.execute(table.delete().where(table.c.image_id == record.image_id))
    forget_request(connection, record.image_id)
    started_from = [record.recipe.source_sha256, record.recipe.mask_sha256]
    pictures = [one for one in started_from if one is not None]
    files += erase_lonely_sources(connection, pictures, reason=reason, recorded_at=recorded_at)
    for file in files:
        blobs.unsettle(*file)
    erase(connection, record.image_id, reason=reason, recorded_at=recorded_at, is_public=True)


def erase_lonely_sources(
    connection: sa.Connection, pixels_sha256s: Iterable[str], *, reason: str, recorded_at: datetime
) -> list[StoredFile]:
    """Erase those of these pictures that nothing names any more; their files, to be unsettled.

    Arguments as `erase_image`.
    """
    lonely: list[StoredFile] = []
    for pixels_sha256 in dict.fromkeys(pixels_sha256s):
        if _is_named(connection, pixels_sha256):
            continue
        rows = connection.execute(
            schema.sources.select().where(_sources.pixels_sha256 == pixels_sha256)
        )
        lonely += [StoredFile(row.blob_sha256, row.file_format) for row in rows]
    for file in lonely:
        connection.execute(schema.sources.delete().where(_sources.blob_sha256 == file.blob_sha256))
        subject = file.blob_sha256
        erase(connection, subject, reason=reason, recorded_at=recorded_at, is_public=True)
    return lonely


def erased_at(connection: sa.Connection, image_id: str) -> datetime | None:
    """When an image was erased; ``None`` if it never was, or was stored again since."""
    if is_stored(connection, image_id):
        return None
    entries = find_entries(connection, Kind.ERASURE, subject=image_id, num_last=1)
    return next((one.recorded_at for one in entries), None)


def _sealed_files(connection: sa.Connection, record: ImageRecord) -> Iterator[StoredFile]:
    query = schema.seals.select().where(schema.seals.c.image_id == record.image_id)
    for row in connection.execute(query):
        own = row.file_format or record.file_format
        yield StoredFile(row.sealed_sha256, SIDECAR_SUFFIX if row.is_beside else own)


def _is_named(connection: sa.Connection, pixels_sha256: str) -> bool:
    """Whether another image's recipe or a row of another table names these pixels."""
    if connection.scalar(
        sa.select(sa.exists().where(_images.recipe.contains(pixels_sha256, autoescape=True)))
    ):
        return True
    if is_source_wanted(connection, pixels_sha256):
        return True
    others = [
        table
        for table in schema.metadata.sorted_tables
        if "pixels_sha256" in table.c and table.name not in ("images", "sources")
    ]
    return any(
        connection.scalar(sa.select(sa.exists().where(table.c.pixels_sha256 == pixels_sha256)))
        for table in others
    )
