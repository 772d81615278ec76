"""Pictures that came in, what was seen on them, and what was learnt."""

from __future__ import annotations

import sqlalchemy as sa

from limner.store.schema.metadata import metadata

incoming = sa.Table(
    "incoming",
    metadata,
    sa.Column("image_id", sa.Text, primary_key=True),
    sa.Column("pixels_sha256", sa.Text, nullable=False, index=True),
    sa.Column("file_format", sa.Text, nullable=False),
    sa.Column("num_bytes", sa.BigInteger, nullable=False),
    sa.Column("width_px", sa.Integer, nullable=False),
    sa.Column("height_px", sa.Integer, nullable=False),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("received_at", sa.Text, nullable=False),
    sa.Column("pdq", sa.LargeBinary, nullable=True),
    sa.Column("is_kept", sa.Boolean, nullable=False),
    sa.Column("thumbnail", sa.LargeBinary, nullable=False),
)

looks = sa.Table(
    "looks",
    metadata,
    sa.Column("image_id", sa.Text, primary_key=True),
    sa.Column("looker_sha256", sa.Text, primary_key=True),
    sa.Column("looked_at", sa.Text, nullable=False),
    sa.Column("document", sa.Text, nullable=False),
)

look_runs = sa.Table(
    "look_runs",
    metadata,
    sa.Column("run_id", sa.Text, primary_key=True),
    sa.Column("looker_sha256", sa.Text, nullable=False),
    sa.Column("started_at", sa.Text, nullable=False, index=True),
    sa.Column("document", sa.Text, nullable=False),
)

look_items = sa.Table(
    "look_items",
    metadata,
    sa.Column("run_id", sa.Text, primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("image_id", sa.Text, nullable=True, index=True),
    sa.Column("fault_code", sa.Text, nullable=False),
    sa.Column("fault", sa.Text, nullable=False),
    sa.Column("shot", sa.Text, nullable=True),
)

heat_maps = sa.Table(
    "heat_maps",
    metadata,
    sa.Column("heat_sha256", sa.Text, primary_key=True),
    sa.Column("image_id", sa.Text, primary_key=True, index=True),
    sa.Column("png", sa.LargeBinary, nullable=False),
)

learnt = sa.Table(
    "learnt",
    metadata,
    sa.Column("learnt_id", sa.Integer, primary_key=True),
    sa.Column("learnt_sha256", sa.Text, nullable=False, unique=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False, index=True),
    sa.Column("learnt_at", sa.Text, nullable=False),
    sa.Column("document", sa.Text, nullable=False),
    sa.Column("content", sa.LargeBinary, nullable=False),
)
