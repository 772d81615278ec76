"""The ledger, and which images are older than it. Runs before deploy: it only adds.

What is in the ledger stays as it is: triggers refuse to change or remove it, so that no mistake of
ours can. They do not stop a person with the file in hand; checkpoints and witnesses are for that.
"""

import sqlalchemy as sa
from alembic import op

from limner.store.migrations.append_only import refuse_changes

revision = "0002"
down_revision = "0001"

POSITION = sa.BigInteger().with_variant(sa.Integer, "sqlite")

APPEND_ONLY = (
    "ledger_entries",
    "ledger_nodes",
    "ledger_checkpoints",
    "ledger_cosignatures",
    "images_before_ledger",
)


def upgrade() -> None:
    """Add the tables of the ledger; note which images were stored before there was one."""
    _create_log()
    _create_signatures()
    op.create_table(
        "ledger_salts",
        sa.Column("commitment", sa.Text, primary_key=True),
        sa.Column("subject", sa.Text, nullable=False, index=True),
        sa.Column("salt", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "images_before_ledger",
        sa.Column("image_id", sa.Text, primary_key=True),
    )
    op.execute("INSERT INTO images_before_ledger SELECT image_id FROM images")
    for table in APPEND_ONLY:
        refuse_changes(table, "UPDATE", "DELETE")
    refuse_changes("images_before_ledger", "INSERT")


def _create_log() -> None:
    op.create_table(
        "ledger_entries",
        sa.Column("position", POSITION, primary_key=True, autoincrement=False),
        sa.Column("kind", sa.Text, nullable=False, index=True),
        sa.Column("subject", sa.Text, nullable=True, index=True),
        sa.Column("recorded_at", sa.Text, nullable=False),
        sa.Column("leaf_sha256", sa.LargeBinary, nullable=False),
        sa.Column("entry", sa.Text, nullable=False),
    )
    op.create_table(
        "ledger_nodes",
        sa.Column("level", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("position", POSITION, primary_key=True, autoincrement=False),
        sa.Column("node_sha256", sa.LargeBinary, nullable=False),
    )


def _create_signatures() -> None:
    op.create_table(
        "ledger_checkpoints",
        sa.Column("num_entries", POSITION, primary_key=True, autoincrement=False),
        sa.Column("signed_at", sa.Text, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
    )
    op.create_table(
        "ledger_cosignatures",
        sa.Column("num_entries", POSITION, primary_key=True, autoincrement=False),
        sa.Column("witness", sa.Text, primary_key=True),
        sa.Column("cosigned_at", sa.Text, primary_key=True),
        sa.Column("line", sa.Text, nullable=False),
    )
