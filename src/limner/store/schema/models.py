"""The registry of models, gates, evidence, and the runs and studies it comes from."""

from __future__ import annotations

import sqlalchemy as sa

from limner.store.schema.metadata import metadata

model_versions = sa.Table(
    "model_versions",
    metadata,
    sa.Column("version_id", sa.Integer, primary_key=True),
    sa.Column("model_sha256", sa.Text, nullable=False, unique=True),
    sa.Column("name", sa.Text, nullable=False, index=True),
    sa.Column("version", sa.Text, nullable=False),
    sa.Column("registered_at", sa.Text, nullable=False),
    sa.Column("document", sa.Text, nullable=False),
)

model_events = sa.Table(
    "model_events",
    metadata,
    sa.Column("event_id", sa.Integer, primary_key=True),
    sa.Column("model_sha256", sa.Text, nullable=False, index=True),
    sa.Column("happened_at", sa.Text, nullable=False),
    sa.Column("stage", sa.Text, nullable=False),
    sa.Column("document", sa.Text, nullable=False),
)

model_aliases = sa.Table(
    "model_aliases",
    metadata,
    sa.Column("move_id", sa.Integer, primary_key=True),
    sa.Column("alias", sa.Text, nullable=False, index=True),
    sa.Column("model_sha256", sa.Text, nullable=False),
    sa.Column("moved_at", sa.Text, nullable=False),
)

gates = sa.Table(
    "gates",
    metadata,
    sa.Column("gate_sha256", sa.Text, primary_key=True),
    sa.Column("frozen_at", sa.Text, nullable=False),
    sa.Column("document", sa.Text, nullable=False),
)

waivers = sa.Table(
    "waivers",
    metadata,
    sa.Column("waiver_id", sa.Integer, primary_key=True),
    sa.Column("waiver_sha256", sa.Text, nullable=False, unique=True),
    sa.Column("model_sha256", sa.Text, nullable=False, index=True),
    sa.Column("document", sa.Text, nullable=False),
)

evidence = sa.Table(
    "evidence",
    metadata,
    sa.Column("evidence_sha256", sa.Text, primary_key=True),
    sa.Column("model_sha256", sa.Text, nullable=False, index=True),
    sa.Column("metric", sa.Text, nullable=False),
    sa.Column("suite", sa.Text, nullable=False),
    sa.Column("measured_at", sa.Text, nullable=False),
    sa.Column("document", sa.Text, nullable=False),
)

evidence_ends = sa.Table(
    "evidence_ends",
    metadata,
    sa.Column("evidence_sha256", sa.Text, primary_key=True),
    sa.Column("ended_at", sa.Text, nullable=False),
    sa.Column("cause", sa.Text, nullable=False),
    sa.Column("alarm_id", sa.Text, nullable=False),
)

eval_runs = sa.Table(
    "eval_runs",
    metadata,
    sa.Column("run_id", sa.Text, primary_key=True),
    sa.Column("suite", sa.Text, nullable=False),
    sa.Column("suite_sha256", sa.Text, nullable=False),
    sa.Column("model", sa.Text, nullable=False),
    sa.Column("model_sha256", sa.Text, nullable=False, index=True),
    sa.Column("checks_sha256", sa.Text, nullable=False),
    sa.Column("criteria_sha256", sa.Text, nullable=False),
    sa.Column("started_at", sa.Text, nullable=False, index=True),
    sa.Column("document", sa.Text, nullable=False),
)

eval_pictures = sa.Table(
    "eval_pictures",
    metadata,
    sa.Column("run_id", sa.Text, primary_key=True),
    sa.Column("case_id", sa.Text, primary_key=True),
    sa.Column("seed", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("way", sa.Text, primary_key=True),
    sa.Column("image_id", sa.Text, nullable=True, index=True),
    sa.Column("fault", sa.Text, nullable=False),
    sa.Column("seconds", sa.Float, nullable=False),
    sa.Column("drawn_at", sa.Text, nullable=False),
)

eval_scores = sa.Table(
    "eval_scores",
    metadata,
    sa.Column("score_id", sa.Integer, primary_key=True),
    sa.Column("run_id", sa.Text, nullable=False, index=True),
    sa.Column("case_id", sa.Text, nullable=False),
    sa.Column("seed", sa.BigInteger, nullable=False),
    sa.Column("way", sa.Text, nullable=False),
    sa.Column("check_name", sa.Text, nullable=False),
    sa.Column("card_sha256", sa.Text, nullable=False),
    sa.Column("verdict", sa.Text, nullable=False),
    sa.Column("score", sa.Float, nullable=True),
    sa.Column("cause", sa.Text, nullable=False),
    sa.Column("details", sa.Text, nullable=False),
    sa.Column("scored_at", sa.Text, nullable=False),
    sa.Column("author", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
)

run_jobs = sa.Table(
    "run_jobs",
    metadata,
    sa.Column("run_id", sa.Text, primary_key=True),
    sa.Column("task", sa.Text, nullable=False),
    sa.Column("owner", sa.Text, nullable=False),
    sa.Column("model", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False, index=True),
    sa.Column("asked_at", sa.Text, nullable=False),
    sa.Column("worker", sa.Text, nullable=True),
    sa.Column("lease", sa.Integer, nullable=False),
    sa.Column("beat", sa.Integer, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("fruitless", sa.Integer, nullable=False),
    sa.Column("error", sa.Text, nullable=True),
)

studies = sa.Table(
    "studies",
    metadata,
    sa.Column("study_id", sa.Text, primary_key=True),
    sa.Column("first_run", sa.Text, nullable=False, index=True),
    sa.Column("second_run", sa.Text, nullable=False),
    sa.Column("begun_at", sa.Text, nullable=False),
    sa.Column("document", sa.Text, nullable=False),
)

study_answers = sa.Table(
    "study_answers",
    metadata,
    sa.Column("study_id", sa.Text, primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("answered_by", sa.Text, primary_key=True),
    sa.Column("choice", sa.Text, nullable=False),
    sa.Column("seconds", sa.Float, nullable=False),
    sa.Column("answered_at", sa.Text, nullable=False),
)

shadows = sa.Table(
    "shadows",
    metadata,
    sa.Column("model_sha256", sa.Text, primary_key=True),
    sa.Column("image_id", sa.Text, primary_key=True),
    sa.Column("shadow_id", sa.Text, index=True),
    sa.Column("fault", sa.Text, nullable=False),
    sa.Column("outcome", sa.Text, nullable=False),
    sa.Column("seconds", sa.Float, nullable=False),
    sa.Column("drawn_at", sa.Text, nullable=False),
    sa.Column("document", sa.Text, nullable=False),
)
