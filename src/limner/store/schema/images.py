"""What was drawn, what it was drawn from, and how people keep it in order."""

from __future__ import annotations

import sqlalchemy as sa

from limner.store.schema.metadata import metadata

images = sa.Table(
    "images",
    metadata,
    sa.Column("image_id", sa.Text, primary_key=True),
    sa.Column("pixels_sha256", sa.Text, nullable=False, index=True),
    sa.Column("file_format", sa.Text, nullable=False),
    sa.Column("num_bytes", sa.Integer, nullable=False),
    sa.Column("width_px", sa.Integer, nullable=False),
    sa.Column("height_px", sa.Integer, nullable=False),
    sa.Column("created_at", sa.Text, nullable=False, index=True),
    sa.Column("seconds", sa.Float, nullable=False),
    sa.Column("seed", sa.BigInteger, nullable=False),
    sa.Column("recipe_sha256", sa.Text, nullable=False, index=True),
    sa.Column("recipe", sa.Text, nullable=False),
    sa.Column("mark", sa.Text, nullable=True, index=True),
    sa.Column("pdq", sa.LargeBinary, nullable=True),
    sa.Column("is_opaque", sa.Boolean, nullable=True),
)

sources = sa.Table(
    "sources",
    metadata,
    sa.Column("pixels_sha256", sa.Text, primary_key=True),
    sa.Column("blob_sha256", sa.Text, primary_key=True),
    sa.Column("file_format", sa.Text, nullable=False),
    sa.Column("created_at", sa.Text, nullable=False),
)

gallery = sa.Table(
    "gallery",
    metadata,
    sa.Column("owner", sa.Text, primary_key=True),
    sa.Column("created_at", sa.Text, primary_key=True),
    sa.Column("image_id", sa.Text, primary_key=True, index=True),
    sa.Column("words", sa.Text, nullable=False),
    sa.Column("style", sa.Text, nullable=True),
    sa.Column("outcome", sa.Text, nullable=False),
    sa.Column("facts", sa.Text, nullable=True),
    sa.Index("ix_gallery_place", "created_at", "image_id"),
    sa.Index("ix_gallery_outcome", "outcome", "created_at", "image_id"),
    sqlite_with_rowid=False,  # rows lie in the order in which they are read
)

stars = sa.Table(
    "stars",
    metadata,
    sa.Column("owner", sa.Text, primary_key=True),
    sa.Column("image_id", sa.Text, primary_key=True, index=True),
    sa.Column("starred_at", sa.Text, nullable=False),
)

boards = sa.Table(
    "boards",
    metadata,
    sa.Column("board_id", sa.Text, primary_key=True),
    sa.Column("owner", sa.Text, nullable=False, index=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("created_at", sa.Text, nullable=False),
)

board_images = sa.Table(
    "board_images",
    metadata,
    sa.Column("board_id", sa.Text, primary_key=True),
    sa.Column("image_id", sa.Text, primary_key=True, index=True),
    sa.Column("added_at", sa.Text, nullable=False),
)

image_tags = sa.Table(
    "image_tags",
    metadata,
    sa.Column("owner", sa.Text, primary_key=True),
    sa.Column("tag", sa.Text, primary_key=True),
    sa.Column("image_id", sa.Text, primary_key=True, index=True),
    sa.Column("tagged_at", sa.Text, nullable=False),
)

kept_pictures = sa.Table(
    "kept_pictures",
    metadata,
    sa.Column("owner", sa.Text, primary_key=True),
    sa.Column("pixels_sha256", sa.Text, primary_key=True),
    sa.Column("kept_at", sa.Text, nullable=False),
)

grids = sa.Table(
    "grids",
    metadata,
    sa.Column("grid_id", sa.Text, primary_key=True),
    sa.Column("owner", sa.Text, nullable=False, index=True),
    sa.Column("created_at", sa.Text, nullable=False),
    sa.Column("document", sa.Text, nullable=False),
)
