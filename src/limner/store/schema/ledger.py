"""The ledger: entries, its tree, checkpoints, and salts of what can be erased."""

from __future__ import annotations

import sqlalchemy as sa

from limner.store.schema.metadata import POSITION, metadata

ledger_entries = sa.Table(
    "ledger_entries",
    metadata,
    sa.Column("position", POSITION, primary_key=True, autoincrement=False),
    sa.Column("kind", sa.Text, nullable=False, index=True),
    sa.Column("subject", sa.Text, nullable=True, index=True),
    sa.Column("recorded_at", sa.Text, nullable=False),
    sa.Column("leaf_sha256", sa.LargeBinary, nullable=False),
    sa.Column("entry", sa.Text, nullable=False),
)

ledger_nodes = sa.Table(
    "ledger_nodes",
    metadata,
    sa.Column("level", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("position", POSITION, primary_key=True, autoincrement=False),
    sa.Column("node_sha256", sa.LargeBinary, nullable=False),
)

ledger_checkpoints = sa.Table(
    "ledger_checkpoints",
    metadata,
    sa.Column("num_entries", POSITION, primary_key=True, autoincrement=False),
    sa.Column("signed_at", sa.Text, nullable=False),
    sa.Column("note", sa.Text, nullable=False),
)

ledger_cosignatures = sa.Table(
    "ledger_cosignatures",
    metadata,
    sa.Column("num_entries", POSITION, primary_key=True, autoincrement=False),
    sa.Column("witness", sa.Text, primary_key=True),
    sa.Column("cosigned_at", sa.Text, primary_key=True),
    sa.Column("line", sa.Text, nullable=False),
)

ledger_salts = sa.Table(
    "ledger_salts",
    metadata,
    sa.Column("commitment", sa.Text, primary_key=True),
    sa.Column("subject", sa.Text, nullable=False, index=True),
    sa.Column("salt", sa.LargeBinary, nullable=False),
)

images_before_ledger = sa.Table(
    "images_before_ledger",
    metadata,
    sa.Column("image_id", sa.Text, primary_key=True),
)
