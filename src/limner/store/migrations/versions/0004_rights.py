"""The rights register. Runs before deploy: it only adds.

Entries, keys, events and blocks are never changed or removed, and triggers refuse it. What an
entry says in words may be about a person; it stands in a table of its own, from which it can be
erased but not changed.
"""

import sqlalchemy as sa
from alembic import op

from limner.store.migrations.append_only import refuse_changes

revision = "0004"
down_revision = "0003"

REFUSED_CHANGES = {
    "rights_entries": ("UPDATE", "DELETE"),
    "rights_keys": ("UPDATE", "DELETE"),
    "rights_events": ("UPDATE", "DELETE"),
    "rights_blocks": ("UPDATE", "DELETE"),
    "rights_texts": ("UPDATE",),
}


def upgrade() -> None:
    """Add the tables of the rights register."""
    _create_register()
    op.create_table(
        "rights_blocks",
        sa.Column("decision_id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("image_id", sa.Text, nullable=False, index=True),
        sa.Column("entry_id", sa.Integer, nullable=False, index=True),
    )
    for table, changes in REFUSED_CHANGES.items():
        refuse_changes(table, *changes)


def _create_register() -> None:
    op.create_table(
        "rights_entries",
        sa.Column("entry_id", sa.Integer, primary_key=True),
        sa.Column("kind", sa.Text, nullable=False, index=True),
        sa.Column("opted_out", sa.Text, nullable=True),
        sa.Column("licence", sa.Text, nullable=True),
        sa.Column("registered_at", sa.Text, nullable=False),
        sa.Column("expires_at", sa.Text, nullable=True, index=True),
    )
    op.create_table(
        "rights_texts",
        sa.Column("entry_id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("name", sa.Text, nullable=True),
        sa.Column("folded_name", sa.Text, nullable=True, index=True),
        sa.Column("holder", sa.Text, nullable=True),
        sa.Column("title", sa.Text, nullable=True),
        sa.Column("purpose", sa.Text, nullable=True),
        sa.Column("url", sa.Text, nullable=True),
    )
    op.create_table(
        "rights_keys",
        sa.Column("entry_id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("key", sa.Text, primary_key=True, index=True),
    )
    op.create_table(
        "rights_events",
        sa.Column("event_id", sa.Integer, primary_key=True),
        sa.Column("entry_id", sa.Integer, nullable=False, index=True),
        sa.Column("event", sa.Text, nullable=False),
        sa.Column("happened_at", sa.Text, nullable=False),
        sa.Column("document", sa.Text, nullable=False),
    )
