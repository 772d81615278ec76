"""Marks and looks of images, files that images start from as they were given, and sidecars.

Runs before deploy: it adds columns, and lets one picture be kept in several files.
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add the columns; sources kept so far are PNG files, seals so far are inside their files."""
    op.add_column("images", sa.Column("mark", sa.Text, nullable=True))
    op.add_column("images", sa.Column("pdq", sa.LargeBinary, nullable=True))
    op.create_index("ix_images_mark", "images", ["mark"])
    op.add_column(
        "seals", sa.Column("is_beside", sa.Boolean, nullable=False, server_default=sa.false())
    )
    op.execute("CREATE TABLE sources_before AS SELECT * FROM sources")
    op.drop_table("sources")
    op.create_table(
        "sources",
        sa.Column("pixels_sha256", sa.Text, primary_key=True),
        sa.Column("blob_sha256", sa.Text, primary_key=True),
        sa.Column("file_format", sa.Text, nullable=False),
        sa.Column("created_at", sa.Text, nullable=False),
    )
    op.execute(
        "INSERT INTO sources (pixels_sha256, blob_sha256, file_format, created_at) "
        "SELECT pixels_sha256, blob_sha256, 'png', created_at FROM sources_before"
    )
    op.drop_table("sources_before")
