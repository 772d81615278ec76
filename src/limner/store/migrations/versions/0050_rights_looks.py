"""Fingerprints of the pictures that entries of the rights register are about.

Runs before deploy: it only adds.
"""

import sqlalchemy as sa
from alembic import op

from limner.store.migrations.append_only import refuse_changes

revision = "0050"
down_revision = "0040"


def upgrade() -> None:
    """Add the table; nothing in it is ever changed or removed."""
    op.create_table(
        "rights_looks",
        sa.Column("entry_id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("pixels_sha256", sa.Text, primary_key=True),
        sa.Column("pdq", sa.LargeBinary, nullable=False),
        sa.Column("look", sa.LargeBinary, nullable=False),
        sa.Column("taken_with", sa.Text, nullable=False),
    )
    refuse_changes("rights_looks", "UPDATE", "DELETE")
