"""The register of rights, and what it blocks."""

from __future__ import annotations

import sqlalchemy as sa

from limner.store.schema.metadata import metadata

rights_entries = sa.Table(
    "rights_entries",
    metadata,
    sa.Column("entry_id", sa.Integer, primary_key=True),
    sa.Column("kind", sa.Text, nullable=False, index=True),
    sa.Column("opted_out", sa.Text, nullable=True),
    sa.Column("licence", sa.Text, nullable=True),
    sa.Column("registered_at", sa.Text, nullable=False),
    sa.Column("expires_at", sa.Text, nullable=True, index=True),
)

rights_texts = sa.Table(
    "rights_texts",
    metadata,
    sa.Column("entry_id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("name", sa.Text, nullable=True),
    sa.Column("folded_name", sa.Text, nullable=True, index=True),
    sa.Column("holder", sa.Text, nullable=True),
    sa.Column("title", sa.Text, nullable=True),
    sa.Column("purpose", sa.Text, nullable=True),
    sa.Column("url", sa.Text, nullable=True),
)

rights_keys = sa.Table(
    "rights_keys",
    metadata,
    sa.Column("entry_id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("key", sa.Text, primary_key=True, index=True),
)

rights_looks = sa.Table(
    "rights_looks",
    metadata,
    sa.Column("entry_id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("pixels_sha256", sa.Text, primary_key=True),
    sa.Column("pdq", sa.LargeBinary, nullable=False),
    sa.Column("look", sa.LargeBinary, nullable=False),
    sa.Column("taken_with", sa.Text, nullable=False),
)

rights_events = sa.Table(
    "rights_events",
    metadata,
    sa.Column("event_id", sa.Integer, primary_key=True),
    sa.Column("entry_id", sa.Integer, nullable=False, index=True),
    sa.Column("event", sa.Text, nullable=False),
    sa.Column("happened_at", sa.Text, nullable=False),
    sa.Column("document", sa.Text, nullable=False),
)

rights_blocks = sa.Table(
    "rights_blocks",
    metadata,
    sa.Column("decision_id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("image_id", sa.Text, nullable=False, index=True),
    sa.Column("entry_id", sa.Integer, nullable=False, index=True),
)
