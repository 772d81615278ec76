"""What the ledger says of a stored image, and erasing an image it speaks of."""

from __future__ import annotations

import sqlalchemy as sa

from limner.core.records import ImageRecord
from limner.store.ledger.appending import append_entry
from limner.store.ledger.commitments import keep_commitment
from limner.store.ledger.entries import Entry, Kind


def append_image(connection: sa.Connection, record: ImageRecord) -> Entry:
    """Append that an image was stored, in the transaction that stores it.

    The recipe holds the prompt, and a prompt can be guessed; so the entry has a commitment to its
    hash and not the hash. The hashes of file and pixels are what the image is known by.

    Args:
        connection: in a write transaction.
        record: `created_at` becomes the time of the entry.
    """
    document = {
        "pixels_sha256": record.pixels_sha256,
        "file_format": record.file_format,
        "num_bytes": record.num_bytes,
        "size": str(record.size),
        "generator": record.recipe.generator,
        "generator_version": record.recipe.generator_version,
        "recipe": keep_commitment(connection, record.image_id, record.recipe.sha256),
    }
    return append_entry(
        connection,
        Kind.IMAGE_STORED,
        document,
        subject=record.image_id,
        recorded_at=record.created_at,
    )
