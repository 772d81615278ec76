"""What the ledger says of a stored image and of the files that images start from."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from limner.core.recipe import ImageRecord
from limner.core.records import OriginalFile
from limner.store import schema
from limner.store.ledger.appending import append_entry, entry_of
from limner.store.ledger.commitments import keep_commitments
from limner.store.ledger.entries import Entry, Kind

_entries = schema.ledger_entries.c
_LAST_STORED = (
    sa.select(_entries.position, _entries.entry)
    .where(_entries.kind == Kind.IMAGE_STORED, _entries.subject == sa.bindparam("this_image"))
    .order_by(_entries.position.desc())
    .limit(1)
)


def append_image(connection: sa.Connection, record: ImageRecord) -> Entry:
    """Append that an image was stored, in the transaction that stores it.

    The recipe holds the prompt, and a prompt can be guessed; so the entry has commitments, to the
    recipe's hash and to the prompt, and no hash of either. The hashes of file and pixels are what
    the image is known by.

    Args:
        connection: in a write transaction.
        record: `created_at` becomes the time of the entry.
    """
    recipe, prompt = keep_commitments(
        connection, record.image_id, record.recipe.sha256, record.recipe.prompt
    )
    document = {
        "pixels_sha256": record.pixels_sha256,
        "file_format": record.file_format,
        "num_bytes": record.num_bytes,
        "size": str(record.size),
        "generator": record.recipe.generator,
        "generator_version": record.recipe.generator_version,
        "recipe": recipe,
        "prompt": prompt,
    }
    return append_entry(
        connection,
        Kind.IMAGE_STORED,
        document,
        subject=record.image_id,
        recorded_at=record.created_at,
    )


def prompt_commitment(connection: sa.Connection, image_id: str) -> str | None:
    """The commitment to an image's prompt in its last entry; ``None`` in entries without one."""
    row = connection.execute(_LAST_STORED, {"this_image": image_id}).one_or_none()
    return None if row is None else prompt_commitment_in(entry_of(row.position, row.entry))


def prompt_commitment_in(entry: Entry) -> str | None:
    """The same, of an entry that is at hand."""
    commitment = entry.document.get("prompt")
    return commitment if isinstance(commitment, str) else None


def append_source(
    connection: sa.Connection,
    pixels_sha256: str,
    file_sha256: str,
    file: OriginalFile,
    recorded_at: datetime,
) -> Entry:
    """Append that the file of a picture or mask was kept, in the transaction that keeps it."""
    document = {
        "pixels_sha256": pixels_sha256,
        "file_format": file.file_format,
        "num_bytes": len(file.content),
    }
    return append_entry(
        connection, Kind.SOURCE_STORED, document, subject=file_sha256, recorded_at=recorded_at
    )
