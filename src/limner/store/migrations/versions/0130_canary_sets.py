"""Canary sets: runs whose pictures are drawn again and held against them.

Runs before deploy: it only adds.
"""

import sqlalchemy as sa
from alembic import op

from limner.store.migrations.append_only import refuse_changes

revision = "0130"
down_revision = "0081"


def upgrade() -> None:
    """Add the table; nothing in it is ever changed or removed."""
    op.create_table(
        "watch_canaries",
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("canary_id", sa.Text, nullable=False, unique=True),
        sa.Column("stream", sa.Text, nullable=False, index=True),
        sa.Column("set_at", sa.Text, nullable=False),
        sa.Column("document", sa.Text, nullable=False),
    )
    refuse_changes("watch_canaries", "UPDATE", "DELETE")
