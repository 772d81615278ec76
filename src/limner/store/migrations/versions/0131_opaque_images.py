"""Whether an image is opaque, so that whoever describes it need not decode it.

Runs before deploy: it only adds.
"""

import sqlalchemy as sa
from alembic import op

revision = "0131"
down_revision = "0130"


def upgrade() -> None:
    """Add the column; of images so far it is not known."""
    op.add_column("images", sa.Column("is_opaque", sa.Boolean, nullable=True))
