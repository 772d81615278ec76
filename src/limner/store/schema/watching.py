"""Streams that are watched, alarms, and what people were told."""

from __future__ import annotations

import sqlalchemy as sa

from limner.store.schema.metadata import metadata

watch_references = sa.Table(
    "watch_references",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("reference_id", sa.Text, nullable=False, unique=True),
    sa.Column("stream", sa.Text, nullable=False, index=True),
    sa.Column("set_at", sa.Text, nullable=False),
    sa.Column("document", sa.Text, nullable=False),
)

watch_readings = sa.Table(
    "watch_readings",
    metadata,
    sa.Column("reading_id", sa.Integer, primary_key=True),
    sa.Column("reference_id", sa.Text, nullable=False, index=True),
    sa.Column("read_at", sa.Text, nullable=False),
    sa.Column("read_until", sa.Text, nullable=False),
    sa.Column("measure", sa.Text, nullable=False),
    sa.Column("verdict", sa.Text, nullable=False),
    sa.Column("document", sa.Text, nullable=False),
)

watch_canaries = sa.Table(
    "watch_canaries",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("canary_id", sa.Text, nullable=False, unique=True),
    sa.Column("stream", sa.Text, nullable=False, index=True),
    sa.Column("set_at", sa.Text, nullable=False),
    sa.Column("document", sa.Text, nullable=False),
)

watch_alarms = sa.Table(
    "watch_alarms",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("alarm_id", sa.Text, nullable=False, unique=True),
    sa.Column("reference_id", sa.Text, nullable=False, index=True),
    sa.Column("stream", sa.Text, nullable=False, index=True),
    sa.Column("raised_at", sa.Text, nullable=False),
    sa.Column("document", sa.Text, nullable=False),
)

watch_tellings = sa.Table(
    "watch_tellings",
    metadata,
    sa.Column("telling_id", sa.Integer, primary_key=True),
    sa.Column("alarm_id", sa.Text, nullable=False, index=True),
    sa.Column("channel", sa.Text, nullable=False),
    sa.Column("recipient", sa.Text, nullable=False),
    sa.Column("told_at", sa.Text, nullable=False),
    sa.Column("is_told", sa.Boolean, nullable=False),
    sa.Column("note", sa.Text, nullable=False),
)

messages = sa.Table(
    "messages",
    metadata,
    sa.Column("kind", sa.Text, primary_key=True),
    sa.Column("day", sa.Text, primary_key=True),
    sa.Column("sent_at", sa.Text, nullable=False),
    sa.Column("told", sa.Text, nullable=False),
)
