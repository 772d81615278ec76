"""The model registry: versions, what happens to them, aliases; gates, waivers and evidence.

Runs before deploy: it only adds.
"""

import sqlalchemy as sa
from alembic import op

from limner.store.migrations.append_only import refuse_changes

revision = "0011"
down_revision = "0009"


def upgrade() -> None:
    """Add the tables; nothing in them is ever changed or removed."""
    op.create_table(
        "model_versions",
        sa.Column("version_id", sa.Integer, primary_key=True),
        sa.Column("model_sha256", sa.Text, nullable=False, unique=True),
        sa.Column("name", sa.Text, nullable=False, index=True),
        sa.Column("version", sa.Text, nullable=False),
        sa.Column("registered_at", sa.Text, nullable=False),
        sa.Column("document", sa.Text, nullable=False),
    )
    op.create_table(
        "model_events",
        sa.Column("event_id", sa.Integer, primary_key=True),
        sa.Column("model_sha256", sa.Text, nullable=False, index=True),
        sa.Column("happened_at", sa.Text, nullable=False),
        sa.Column("stage", sa.Text, nullable=False),
        sa.Column("document", sa.Text, nullable=False),
    )
    op.create_table(
        "model_aliases",
        sa.Column("move_id", sa.Integer, primary_key=True),
        sa.Column("alias", sa.Text, nullable=False, index=True),
        sa.Column("model_sha256", sa.Text, nullable=False),
        sa.Column("moved_at", sa.Text, nullable=False),
    )
    op.create_table(
        "gates",
        sa.Column("gate_sha256", sa.Text, primary_key=True),
        sa.Column("frozen_at", sa.Text, nullable=False),
        sa.Column("document", sa.Text, nullable=False),
    )
    op.create_table(
        "waivers",
        sa.Column("waiver_id", sa.Integer, primary_key=True),
        sa.Column("waiver_sha256", sa.Text, nullable=False, unique=True),
        sa.Column("model_sha256", sa.Text, nullable=False, index=True),
        sa.Column("document", sa.Text, nullable=False),
    )
    op.create_table(
        "evidence",
        sa.Column("evidence_sha256", sa.Text, primary_key=True),
        sa.Column("model_sha256", sa.Text, nullable=False, index=True),
        sa.Column("metric", sa.Text, nullable=False),
        sa.Column("suite", sa.Text, nullable=False),
        sa.Column("measured_at", sa.Text, nullable=False),
        sa.Column("document", sa.Text, nullable=False),
    )
    for table in (
        "model_versions",
        "model_events",
        "model_aliases",
        "gates",
        "waivers",
        "evidence",
    ):
        refuse_changes(table, "UPDATE", "DELETE")
