"""Runs of suites that a worker draws.

Runs before deploy: it only adds.
"""

import sqlalchemy as sa
from alembic import op

revision = "0132"
down_revision = "0131"


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "run_jobs",
        sa.Column("run_id", sa.Text, primary_key=True),
        sa.Column("task", sa.Text, nullable=False),
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("model", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False, index=True),
        sa.Column("asked_at", sa.Text, nullable=False),
        sa.Column("worker", sa.Text, nullable=True),
        sa.Column("lease", sa.Integer, nullable=False),
        sa.Column("beat", sa.Integer, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("fruitless", sa.Integer, nullable=False),
        sa.Column("error", sa.Text, nullable=True),
    )
