"""Erasing an image: what goes with it, and when it was erased.

Gone are its row with the prompt, the files of it that are kept here, pictures it started from that
no other image needs, and the salts of its entries. What was decided stays, and so do the ledger's
commitments: they say nothing any more. Files somebody saved elsewhere are out of reach.
"""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from limner.store import schema
from limner.store.ledger.appending import find_entries
from limner.store.ledger.entries import Kind


def erased_at(connection: sa.Connection, image_id: str) -> datetime | None:
    """When an image was erased; ``None`` if it never was, or was stored again since."""
    query = sa.select(sa.exists().where(schema.images.c.image_id == image_id))
    if connection.scalar(query):
        return None
    entries = find_entries(connection, Kind.ERASURE, subject=image_id, num_last=1)
    return next((one.recorded_at for one in entries), None)
