"""Jobs and everything that happens to them."""

from __future__ import annotations

import sqlalchemy as sa

from limner.store.schema.metadata import POSITION, metadata

jobs = sa.Table(
    "jobs",
    metadata,
    sa.Column("job_id", sa.Text, primary_key=True),
    sa.Column("position", POSITION, nullable=False, unique=True),
    sa.Column("owner", sa.Text, nullable=False, index=True),
    sa.Column("state", sa.Text, nullable=False, index=True),
    sa.Column("priority", sa.Integer, nullable=False),
    sa.Column("file_format", sa.Text, nullable=False),
    sa.Column("client", sa.Text, nullable=False),
    sa.Column("num_images", sa.Integer, nullable=False),
    sa.Column("asked_sha256", sa.Text, nullable=False),
    sa.Column("request", sa.Text, nullable=False),
    sa.Column("shots", sa.Text, nullable=False),
    sa.Column("created_at", sa.Text, nullable=False),
    sa.Column("started_at", sa.Text, nullable=True),
    sa.Column("ended_at", sa.Text, nullable=True),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("fruitless", sa.Integer, nullable=False),
    sa.Column("error", sa.Text, nullable=True),
    sa.Column("worker", sa.Text, nullable=True),
    sa.Column("lease", POSITION, nullable=True),
    sa.Column("beat", POSITION, nullable=False),
    sa.Column("beat_at", sa.Text, nullable=True),
    sa.Column("previewed_until", sa.Text, nullable=True),
    sa.Column("change", POSITION, nullable=False, index=True),
)

job_progress = sa.Table(
    "job_progress",
    metadata,
    sa.Column("job_id", sa.Text, primary_key=True),
    sa.Column("step", sa.Integer, nullable=False),
    sa.Column("num_steps", sa.Integer, nullable=False),
    sa.Column("seconds_left", sa.Float, nullable=True),
)

job_previews = sa.Table(
    "job_previews",
    metadata,
    sa.Column("job_id", sa.Text, primary_key=True),
    sa.Column("picture_index", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("number", POSITION, nullable=False),
    sa.Column("content", sa.LargeBinary, nullable=False),
)

job_images = sa.Table(
    "job_images",
    metadata,
    sa.Column("job_id", sa.Text, primary_key=True),
    sa.Column("picture_index", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("image_id", sa.Text, nullable=False, index=True),
    sa.Column("seed", sa.BigInteger, nullable=False),
    sa.Column("stored_at", sa.Text, nullable=False),
)

job_attempts = sa.Table(
    "job_attempts",
    metadata,
    sa.Column("attempt_id", sa.Integer, primary_key=True),
    sa.Column("job_id", sa.Text, nullable=False, index=True),
    sa.Column("happening", sa.Text, nullable=False),
    sa.Column("worker", sa.Text, nullable=False),
    sa.Column("happened_at", sa.Text, nullable=False),
    sa.Column("seconds", sa.Float, nullable=True),
    sa.Column("num_images", sa.Integer, nullable=True),
    sa.Column("error", sa.Text, nullable=True),
)

job_owners = sa.Table(
    "job_owners",
    metadata,
    sa.Column("owner", sa.Text, primary_key=True),
    sa.Column("served", POSITION, nullable=False),
)

job_clock = sa.Table(
    "job_clock",
    metadata,
    sa.Column("clock_id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("number", POSITION, nullable=False),
)
