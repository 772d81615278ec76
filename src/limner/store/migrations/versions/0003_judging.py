"""Criteria, results, decisions, seals and reviews. Runs before deploy: it only adds.

None of these rows is ever changed or removed by us, and triggers refuse it: a decision that is
overruled stays, and another is appended. None holds a prompt.
"""

import sqlalchemy as sa
from alembic import op

from limner.store.migrations.append_only import refuse_changes

revision = "0003"
down_revision = "0002"

APPEND_ONLY = ("criteria", "results", "decisions", "seals", "review_cards", "review_events")


def upgrade() -> None:
    """Add the tables of judging."""
    _create_judging()
    _create_reviews()
    for table in APPEND_ONLY:
        refuse_changes(table, "UPDATE", "DELETE")


def _create_judging() -> None:
    op.create_table(
        "criteria",
        sa.Column("criteria_sha256", sa.Text, primary_key=True),
        sa.Column("frozen_at", sa.Text, nullable=False),
        sa.Column("document", sa.Text, nullable=False),
    )
    op.create_table(
        "results",
        sa.Column("result_id", sa.Integer, primary_key=True),
        sa.Column("image_id", sa.Text, nullable=False, index=True),
        sa.Column("judged_at", sa.Text, nullable=False),
        sa.Column("check_name", sa.Text, nullable=False, index=True),
        sa.Column("verdict", sa.Text, nullable=False, index=True),
        sa.Column("score", sa.Float, nullable=True),
        sa.Column("document", sa.Text, nullable=False),
    )
    op.create_table(
        "decisions",
        sa.Column("decision_id", sa.Integer, primary_key=True),
        sa.Column("image_id", sa.Text, nullable=False, index=True),
        sa.Column("decided_at", sa.Text, nullable=False),
        sa.Column("decided_by", sa.Text, nullable=False),
        sa.Column("outcome", sa.Text, nullable=False, index=True),
        sa.Column("criteria_sha256", sa.Text, nullable=True),
        sa.Column("document", sa.Text, nullable=False),
    )
    op.create_table(
        "seals",
        sa.Column("sealed_sha256", sa.Text, primary_key=True),
        sa.Column("image_id", sa.Text, nullable=False, index=True),
        sa.Column("decision_id", sa.Integer, nullable=False),
        sa.Column("sealed_at", sa.Text, nullable=False),
        sa.Column("manifest_id", sa.Text, nullable=False, index=True),
        sa.Column("stamped_at", sa.Text, nullable=True),
    )


def _create_reviews() -> None:
    op.create_table(
        "review_cards",
        sa.Column("card_id", sa.Text, primary_key=True),
        sa.Column("image_id", sa.Text, nullable=False, index=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("opened_at", sa.Text, nullable=False),
        sa.Column("document", sa.Text, nullable=False),
    )
    op.create_table(
        "review_events",
        sa.Column("event_id", sa.Integer, primary_key=True),
        sa.Column("card_id", sa.Text, nullable=False, index=True),
        sa.Column("happened_at", sa.Text, nullable=False),
        sa.Column("event", sa.Text, nullable=False),
        sa.Column("reviewer", sa.Text, nullable=True),
        sa.Column("document", sa.Text, nullable=False),
    )
