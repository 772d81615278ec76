"""Pictures that candidates drew beside served ones, and what was said of them.

Runs before deploy: it only adds.
"""

import sqlalchemy as sa
from alembic import op

revision = "0080"
down_revision = "0060"


def upgrade() -> None:
    """Add the table; a row is begun before its picture is drawn, and ended with what came of it."""
    op.create_table(
        "shadows",
        sa.Column("model_sha256", sa.Text, primary_key=True),
        sa.Column("image_id", sa.Text, primary_key=True),
        sa.Column("shadow_id", sa.Text, index=True),
        sa.Column("fault", sa.Text, nullable=False),
        sa.Column("outcome", sa.Text, nullable=False),
        sa.Column("seconds", sa.Float, nullable=False),
        sa.Column("drawn_at", sa.Text, nullable=False),
        sa.Column("document", sa.Text, nullable=False),
    )
