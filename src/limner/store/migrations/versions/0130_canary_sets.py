"""Canary sets: runs whose pictures are drawn again and held against them.

Runs before deploy: it only adds.
"""

import sqlalchemy as sa
from alembic import op

revision = "0130"
down_revision = "0081"


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "watch_canaries",
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("canary_id", sa.Text, nullable=False, unique=True),
        sa.Column("stream", sa.Text, nullable=False, index=True),
        sa.Column("set_at", sa.Text, nullable=False),
        sa.Column("document", sa.Text, nullable=False),
    )
