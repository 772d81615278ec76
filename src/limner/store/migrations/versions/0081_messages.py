"""Reminders and reports that were sent, each once a day whatever number of processes there are.

Runs before deploy: it only adds.
"""

import sqlalchemy as sa
from alembic import op

revision = "0081"
down_revision = "0080"


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "messages",
        sa.Column("kind", sa.Text, primary_key=True),
        sa.Column("day", sa.Text, primary_key=True),
        sa.Column("sent_at", sa.Text, nullable=False),
        sa.Column("told", sa.Text, nullable=False),
    )
