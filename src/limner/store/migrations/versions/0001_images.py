"""Images and the pictures they started from. Runs before deploy: it only adds."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Add the tables `images` and `sources`."""
    op.create_table(
        "images",
        sa.Column("image_id", sa.Text, primary_key=True),
        sa.Column("pixels_sha256", sa.Text, nullable=False, index=True),
        sa.Column("file_format", sa.Text, nullable=False),
        sa.Column("num_bytes", sa.Integer, nullable=False),
        sa.Column("width_px", sa.Integer, nullable=False),
        sa.Column("height_px", sa.Integer, nullable=False),
        sa.Column("created_at", sa.Text, nullable=False),
        sa.Column("seconds", sa.Float, nullable=False),
        sa.Column("seed", sa.BigInteger, nullable=False),
        sa.Column("recipe_sha256", sa.Text, nullable=False, index=True),
        sa.Column("recipe", sa.Text, nullable=False),
    )
    op.create_table(
        "sources",
        sa.Column("pixels_sha256", sa.Text, primary_key=True),
        sa.Column("blob_sha256", sa.Text, nullable=False),
        sa.Column("created_at", sa.Text, nullable=False),
    )
