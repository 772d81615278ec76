"""Recent images are found by when they were made. Runs before deploy: it only adds an index."""

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add the index."""
    op.create_index("ix_images_created_at", "images", ["created_at"])
