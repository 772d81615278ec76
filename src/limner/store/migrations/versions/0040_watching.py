"""What watching keeps: references, readings, alarms, whom they told; and evidence that ended.

Runs before deploy: it only adds.
"""

import sqlalchemy as sa
from alembic import op

from limner.store.migrations.append_only import refuse_changes

revision = "0040"
down_revision = "0030"


def upgrade() -> None:
    """Add the tables; nothing in them is ever changed or removed."""
    op.create_table(
        "watch_references",
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("reference_id", sa.Text, nullable=False, unique=True),
        sa.Column("stream", sa.Text, nullable=False, index=True),
        sa.Column("set_at", sa.Text, nullable=False),
        sa.Column("document", sa.Text, nullable=False),
    )
    op.create_table(
        "watch_readings",
        sa.Column("reading_id", sa.Integer, primary_key=True),
        sa.Column("reference_id", sa.Text, nullable=False, index=True),
        sa.Column("read_at", sa.Text, nullable=False),
        sa.Column("read_until", sa.Text, nullable=False),
        sa.Column("measure", sa.Text, nullable=False),
        sa.Column("verdict", sa.Text, nullable=False),
        sa.Column("document", sa.Text, nullable=False),
    )
    op.create_table(
        "watch_alarms",
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("alarm_id", sa.Text, nullable=False, unique=True),
        sa.Column("reference_id", sa.Text, nullable=False, index=True),
        sa.Column("stream", sa.Text, nullable=False, index=True),
        sa.Column("raised_at", sa.Text, nullable=False),
        sa.Column("document", sa.Text, nullable=False),
    )
    op.create_table(
        "watch_tellings",
        sa.Column("telling_id", sa.Integer, primary_key=True),
        sa.Column("alarm_id", sa.Text, nullable=False, index=True),
        sa.Column("channel", sa.Text, nullable=False),
        sa.Column("recipient", sa.Text, nullable=False),
        sa.Column("told_at", sa.Text, nullable=False),
        sa.Column("is_told", sa.Boolean, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
    )
    op.create_table(
        "evidence_ends",
        sa.Column("evidence_sha256", sa.Text, primary_key=True),
        sa.Column("ended_at", sa.Text, nullable=False),
        sa.Column("cause", sa.Text, nullable=False),
        sa.Column("alarm_id", sa.Text, nullable=False),
    )
    for table in (
        "watch_references",
        "watch_readings",
        "watch_alarms",
        "watch_tellings",
        "evidence_ends",
    ):
        refuse_changes(table, "UPDATE", "DELETE")
