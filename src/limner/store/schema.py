"""The tables, as the newest migration leaves them. A test compares the two."""

from __future__ import annotations

import sqlalchemy as sa

HEAD_REVISION = "0002"

metadata = sa.MetaData()

POSITION = sa.BigInteger().with_variant(sa.Integer, "sqlite")  # SQLite's own row number: no index

images = sa.Table(
    "images",
    metadata,
    sa.Column("image_id", sa.Text, primary_key=True),
    sa.Column("pixels_sha256", sa.Text, nullable=False, index=True),
    sa.Column("file_format", sa.Text, nullable=False),
    sa.Column("num_bytes", sa.Integer, nullable=False),
    sa.Column("width_px", sa.Integer, nullable=False),
    sa.Column("height_px", sa.Integer, nullable=False),
    sa.Column("created_at", sa.Text, nullable=False),
    sa.Column("seconds", sa.Float, nullable=False),
    sa.Column("seed", sa.BigInteger, nullable=False),
    sa.Column("recipe_sha256", sa.Text, nullable=False, index=True),
    sa.Column("recipe", sa.Text, nullable=False),
)

sources = sa.Table(
    "sources",
    metadata,
    sa.Column("pixels_sha256", sa.Text, primary_key=True),
    sa.Column("blob_sha256", sa.Text, nullable=False),
    sa.Column("created_at", sa.Text, nullable=False),
)

ledger_entries = sa.Table(
    "ledger_entries",
    metadata,
    sa.Column("position", POSITION, primary_key=True, autoincrement=False),
    sa.Column("kind", sa.Text, nullable=False, index=True),
    sa.Column("subject", sa.Text, nullable=True, index=True),
    sa.Column("recorded_at", sa.Text, nullable=False),
    sa.Column("leaf_sha256", sa.LargeBinary, nullable=False),
    sa.Column("entry", sa.Text, nullable=False),
)

ledger_nodes = sa.Table(
    "ledger_nodes",
    metadata,
    sa.Column("level", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("position", POSITION, primary_key=True, autoincrement=False),
    sa.Column("node_sha256", sa.LargeBinary, nullable=False),
)

ledger_checkpoints = sa.Table(
    "ledger_checkpoints",
    metadata,
    sa.Column("num_entries", POSITION, primary_key=True, autoincrement=False),
    sa.Column("signed_at", sa.Text, nullable=False),
    sa.Column("note", sa.Text, nullable=False),
)

ledger_cosignatures = sa.Table(
    "ledger_cosignatures",
    metadata,
    sa.Column("num_entries", POSITION, primary_key=True, autoincrement=False),
    sa.Column("witness", sa.Text, primary_key=True),
    sa.Column("cosigned_at", sa.Text, primary_key=True),
    sa.Column("line", sa.Text, nullable=False),
)

ledger_salts = sa.Table(
    "ledger_salts",
    metadata,
    sa.Column("commitment", sa.Text, primary_key=True),
    sa.Column("subject", sa.Text, nullable=False, index=True),
    sa.Column("salt", sa.LargeBinary, nullable=False),
)

images_before_ledger = sa.Table(
    "images_before_ledger",
    metadata,
    sa.Column("image_id", sa.Text, primary_key=True),
)
