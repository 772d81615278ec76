"""The tables, as the newest migration leaves them. A test compares the two."""

from __future__ import annotations

import sqlalchemy as sa

HEAD_REVISION = "0001"

metadata = sa.MetaData()

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
