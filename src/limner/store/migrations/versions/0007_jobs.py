"""Jobs. Runs before deploy: it only adds.

`job_clock` holds one number that every change of a job raises, so that whoever waits reads one
row. `job_attempts` is only ever added to.
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

_POSITION = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Add the tables of jobs, and start their clock."""
    _create_jobs()
    _create_progress()
    op.create_table(
        "job_images",
        sa.Column("job_id", sa.Text, primary_key=True),
        sa.Column("picture_index", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("image_id", sa.Text, nullable=False, index=True),
        sa.Column("seed", sa.BigInteger, nullable=False),
        sa.Column("stored_at", sa.Text, nullable=False),
    )
    op.create_table(
        "job_attempts",
        sa.Column("attempt_id", sa.Integer, primary_key=True),
        sa.Column("job_id", sa.Text, nullable=False, index=True),
        sa.Column("happening", sa.Text, nullable=False),
        sa.Column("worker", sa.Text, nullable=False),
        sa.Column("happened_at", sa.Text, nullable=False),
        sa.Column("seconds", sa.Float, nullable=True),
        sa.Column("num_images", sa.Integer, nullable=True),
        sa.Column("error", sa.Text, nullable=True),
    )
    op.create_table(
        "job_owners",
        sa.Column("owner", sa.Text, primary_key=True),
        sa.Column("served", _POSITION, nullable=False),
    )
    clock = op.create_table(
        "job_clock",
        sa.Column("clock_id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("number", _POSITION, nullable=False),
    )
    op.bulk_insert(clock, [{"clock_id": 1, "number": 0}])


def _create_jobs() -> None:
    op.create_table(
        "jobs",
        sa.Column("job_id", sa.Text, primary_key=True),
        sa.Column("position", _POSITION, nullable=False, unique=True),
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
        sa.Column("lease", _POSITION, nullable=True),
        sa.Column("beat", _POSITION, nullable=False),
        sa.Column("beat_at", sa.Text, nullable=True),
        sa.Column("previewed_until", sa.Text, nullable=True),
        sa.Column("change", _POSITION, nullable=False, index=True),
    )


def _create_progress() -> None:
    op.create_table(
        "job_progress",
        sa.Column("job_id", sa.Text, primary_key=True),
        sa.Column("step", sa.Integer, nullable=False),
        sa.Column("num_steps", sa.Integer, nullable=False),
        sa.Column("seconds_left", sa.Float, nullable=True),
    )
    op.create_table(
        "job_previews",
        sa.Column("job_id", sa.Text, primary_key=True),
        sa.Column("picture_index", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("number", _POSITION, nullable=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
    )
