"""Incoming images: what came in, what was found, what runs met; and what was learnt to find it.

Runs before deploy: it only adds.
"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0012"


def upgrade() -> None:
    """Add the tables; erasing an image removes its rows."""
    op.create_table(
        "incoming",
        sa.Column("image_id", sa.Text, primary_key=True),
        sa.Column("pixels_sha256", sa.Text, nullable=False, index=True),
        sa.Column("file_format", sa.Text, nullable=False),
        sa.Column("num_bytes", sa.BigInteger, nullable=False),
        sa.Column("width_px", sa.Integer, nullable=False),
        sa.Column("height_px", sa.Integer, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("received_at", sa.Text, nullable=False),
        sa.Column("pdq", sa.LargeBinary, nullable=True),
        sa.Column("is_kept", sa.Boolean, nullable=False),
        sa.Column("thumbnail", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "looks",
        sa.Column("image_id", sa.Text, primary_key=True),
        sa.Column("looker_sha256", sa.Text, primary_key=True),
        sa.Column("looked_at", sa.Text, nullable=False),
        sa.Column("document", sa.Text, nullable=False),
    )
    op.create_table(
        "look_runs",
        sa.Column("run_id", sa.Text, primary_key=True),
        sa.Column("looker_sha256", sa.Text, nullable=False),
        sa.Column("started_at", sa.Text, nullable=False, index=True),
        sa.Column("document", sa.Text, nullable=False),
    )
    op.create_table(
        "look_items",
        sa.Column("run_id", sa.Text, primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("image_id", sa.Text, nullable=True, index=True),
        sa.Column("fault_code", sa.Text, nullable=False),
        sa.Column("fault", sa.Text, nullable=False),
    )
    op.create_table(
        "heat_maps",
        sa.Column("heat_sha256", sa.Text, primary_key=True),
        sa.Column("image_id", sa.Text, primary_key=True, index=True),
        sa.Column("png", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "learnt",
        sa.Column("learnt_id", sa.Integer, primary_key=True),
        sa.Column("learnt_sha256", sa.Text, nullable=False, unique=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False, index=True),
        sa.Column("learnt_at", sa.Text, nullable=False),
        sa.Column("document", sa.Text, nullable=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
    )
