"""Studies of two runs side by side, and what people answered.

Runs before deploy: it only adds.
"""

import sqlalchemy as sa
from alembic import op

from limner.store.migrations.append_only import refuse_changes

revision = "0016"
down_revision = "0017"


def upgrade() -> None:
    """Add the tables; nothing in them is ever changed or removed."""
    op.create_table(
        "studies",
        sa.Column("study_id", sa.Text, primary_key=True),
        sa.Column("first_run", sa.Text, nullable=False, index=True),
        sa.Column("second_run", sa.Text, nullable=False),
        sa.Column("begun_at", sa.Text, nullable=False),
        sa.Column("document", sa.Text, nullable=False),
    )
    op.create_table(
        "study_answers",
        sa.Column("study_id", sa.Text, primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("answered_by", sa.Text, primary_key=True),
        sa.Column("choice", sa.Text, nullable=False),
        sa.Column("seconds", sa.Float, nullable=False),
        sa.Column("answered_at", sa.Text, nullable=False),
    )
    for table in ("studies", "study_answers"):
        refuse_changes(table, "UPDATE", "DELETE")
