"""Runs of suites: the run, its pictures, its scores.

Runs before deploy: it only adds.
"""

import sqlalchemy as sa
from alembic import op

from limner.store.migrations.append_only import refuse_changes

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Add the tables; nothing in them is ever changed or removed."""
    op.create_table(
        "eval_runs",
        sa.Column("run_id", sa.Text, primary_key=True),
        sa.Column("suite", sa.Text, nullable=False),
        sa.Column("suite_sha256", sa.Text, nullable=False),
        sa.Column("model", sa.Text, nullable=False),
        sa.Column("model_sha256", sa.Text, nullable=False, index=True),
        sa.Column("checks_sha256", sa.Text, nullable=False),
        sa.Column("criteria_sha256", sa.Text, nullable=False),
        sa.Column("started_at", sa.Text, nullable=False, index=True),
        sa.Column("document", sa.Text, nullable=False),
    )
    op.create_table(
        "eval_pictures",
        sa.Column("run_id", sa.Text, primary_key=True),
        sa.Column("case_id", sa.Text, primary_key=True),
        sa.Column("seed", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("way", sa.Text, primary_key=True),
        sa.Column("image_id", sa.Text, nullable=True, index=True),
        sa.Column("fault", sa.Text, nullable=False),
        sa.Column("seconds", sa.Float, nullable=False),
        sa.Column("drawn_at", sa.Text, nullable=False),
    )
    op.create_table(
        "eval_scores",
        sa.Column("score_id", sa.Integer, primary_key=True),
        sa.Column("run_id", sa.Text, nullable=False, index=True),
        sa.Column("case_id", sa.Text, nullable=False),
        sa.Column("seed", sa.BigInteger, nullable=False),
        sa.Column("way", sa.Text, nullable=False),
        sa.Column("check_name", sa.Text, nullable=False),
        sa.Column("card_sha256", sa.Text, nullable=False),
        sa.Column("verdict", sa.Text, nullable=False),
        sa.Column("score", sa.Float, nullable=True),
        sa.Column("cause", sa.Text, nullable=False),
        sa.Column("details", sa.Text, nullable=False),
        sa.Column("scored_at", sa.Text, nullable=False),
        sa.Column("author", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
    )
    for table in ("eval_runs", "eval_pictures", "eval_scores"):
        refuse_changes(table, "UPDATE", "DELETE")
