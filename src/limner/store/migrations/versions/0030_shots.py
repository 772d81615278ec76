"""Which frame of a film an item of a look is.

Runs before deploy: it only adds.
"""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0016"


def upgrade() -> None:
    """Add the column; ``NULL`` for what is no film."""
    op.add_column("look_items", sa.Column("shot", sa.Text, nullable=True))
