"""Criteria, what checks and people said of images, decisions, and seals."""

from __future__ import annotations

import sqlalchemy as sa

from limner.store.schema.metadata import metadata

criteria = sa.Table(
    "criteria",
    metadata,
    sa.Column("criteria_sha256", sa.Text, primary_key=True),
    sa.Column("frozen_at", sa.Text, nullable=False),
    sa.Column("document", sa.Text, nullable=False),
)

results = sa.Table(
    "results",
    metadata,
    sa.Column("result_id", sa.Integer, primary_key=True),
    sa.Column("image_id", sa.Text, nullable=False, index=True),
    sa.Column("judged_at", sa.Text, nullable=False),
    sa.Column("check_name", sa.Text, nullable=False, index=True),
    sa.Column("verdict", sa.Text, nullable=False, index=True),
    sa.Column("score", sa.Float, nullable=True),
    sa.Column("document", sa.Text, nullable=False),
    sa.Index("ix_results_said", "check_name", "verdict", "image_id"),
)

decisions = sa.Table(
    "decisions",
    metadata,
    sa.Column("decision_id", sa.Integer, primary_key=True),
    sa.Column("image_id", sa.Text, nullable=False, index=True),
    sa.Column("decided_at", sa.Text, nullable=False),
    sa.Column("decided_by", sa.Text, nullable=False),
    sa.Column("outcome", sa.Text, nullable=False, index=True),
    sa.Column("criteria_sha256", sa.Text, nullable=True),
    sa.Column("document", sa.Text, nullable=False),
)

seals = sa.Table(
    "seals",
    metadata,
    sa.Column("sealed_sha256", sa.Text, primary_key=True),
    sa.Column("image_id", sa.Text, nullable=False, index=True),
    sa.Column("decision_id", sa.Integer, nullable=False),
    sa.Column("sealed_at", sa.Text, nullable=False),
    sa.Column("manifest_id", sa.Text, nullable=False, index=True),
    sa.Column("stamped_at", sa.Text, nullable=True),
    sa.Column("is_beside", sa.Boolean, nullable=False),
    sa.Column("file_format", sa.Text, nullable=True),
)

review_cards = sa.Table(
    "review_cards",
    metadata,
    sa.Column("card_id", sa.Text, primary_key=True),
    sa.Column("image_id", sa.Text, nullable=False, index=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("opened_at", sa.Text, nullable=False),
    sa.Column("document", sa.Text, nullable=False),
)

review_events = sa.Table(
    "review_events",
    metadata,
    sa.Column("event_id", sa.Integer, primary_key=True),
    sa.Column("card_id", sa.Text, nullable=False, index=True),
    sa.Column("happened_at", sa.Text, nullable=False),
    sa.Column("event", sa.Text, nullable=False),
    sa.Column("reviewer", sa.Text, nullable=True),
    sa.Column("document", sa.Text, nullable=False),
)
