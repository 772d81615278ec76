"""Sealed files in another format than their image's.

Runs before deploy: it only adds.
"""

import sqlalchemy as sa
from alembic import op

revision = "0060"
down_revision = "0050"


def upgrade() -> None:
    """Add the column; every seal so far is in its image's own format."""
    op.add_column("seals", sa.Column("file_format", sa.Text, nullable=True))
