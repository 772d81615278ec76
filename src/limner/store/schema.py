"""The tables, as the newest migration leaves them. A test compares the two."""

from __future__ import annotations

import sqlalchemy as sa

HEAD_REVISION = "0130"

metadata = sa.MetaData()

POSITION = sa.BigInteger().with_variant(sa.Integer, "sqlite")  # SQLite's own row number: no index

images = sa.Table(
    "images",
    metadata,
    sa.Column("image_id", sa.Text, primary_key=True),
    sa.Column("pixels_sha256", sa.Text, nullable=False, index=True),
    sa.Column("file_format", sa.Text, nullable=False),
    sa.Column("num_bytes", sa.Integer, nullable=False),
    sa.Column("width_px", sa.Integer, nullable=False),
    sa.Column("height_px", sa.Integer, nullable=False),
    sa.Column("created_at", sa.Text, nullable=False, index=True),
    sa.Column("seconds", sa.Float, nullable=False),
    sa.Column("seed", sa.BigInteger, nullable=False),
    sa.Column("recipe_sha256", sa.Text, nullable=False, index=True),
    sa.Column("recipe", sa.Text, nullable=False),
    sa.Column("mark", sa.Text, nullable=True, index=True),
    sa.Column("pdq", sa.LargeBinary, nullable=True),
)

sources = sa.Table(
    "sources",
    metadata,
    sa.Column("pixels_sha256", sa.Text, primary_key=True),
    sa.Column("blob_sha256", sa.Text, primary_key=True),
    sa.Column("file_format", sa.Text, nullable=False),
    sa.Column("created_at", sa.Text, nullable=False),
)

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

tokens = sa.Table(
    "tokens",
    metadata,
    sa.Column("token_id", sa.Text, primary_key=True),
    sa.Column("token_sha256", sa.Text, nullable=False, unique=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("scopes", sa.Text, nullable=False),
    sa.Column("created_at", sa.Text, nullable=False),
    sa.Column("expires_at", sa.Text, nullable=True),
    sa.Column("revoked_at", sa.Text, nullable=True),
    sa.Column("made_from", sa.Text, nullable=True, index=True),
)

rights_entries = sa.Table(
    "rights_entries",
    metadata,
    sa.Column("entry_id", sa.Integer, primary_key=True),
    sa.Column("kind", sa.Text, nullable=False, index=True),
    sa.Column("opted_out", sa.Text, nullable=True),
    sa.Column("licence", sa.Text, nullable=True),
    sa.Column("registered_at", sa.Text, nullable=False),
    sa.Column("expires_at", sa.Text, nullable=True, index=True),
)

rights_texts = sa.Table(
    "rights_texts",
    metadata,
    sa.Column("entry_id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("name", sa.Text, nullable=True),
    sa.Column("folded_name", sa.Text, nullable=True, index=True),
    sa.Column("holder", sa.Text, nullable=True),
    sa.Column("title", sa.Text, nullable=True),
    sa.Column("purpose", sa.Text, nullable=True),
    sa.Column("url", sa.Text, nullable=True),
)

rights_keys = sa.Table(
    "rights_keys",
    metadata,
    sa.Column("entry_id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("key", sa.Text, primary_key=True, index=True),
)

rights_looks = sa.Table(
    "rights_looks",
    metadata,
    sa.Column("entry_id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("pixels_sha256", sa.Text, primary_key=True),
    sa.Column("pdq", sa.LargeBinary, nullable=False),
    sa.Column("look", sa.LargeBinary, nullable=False),
    sa.Column("taken_with", sa.Text, nullable=False),
)

rights_events = sa.Table(
    "rights_events",
    metadata,
    sa.Column("event_id", sa.Integer, primary_key=True),
    sa.Column("entry_id", sa.Integer, nullable=False, index=True),
    sa.Column("event", sa.Text, nullable=False),
    sa.Column("happened_at", sa.Text, nullable=False),
    sa.Column("document", sa.Text, nullable=False),
)

rights_blocks = sa.Table(
    "rights_blocks",
    metadata,
    sa.Column("decision_id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("image_id", sa.Text, nullable=False, index=True),
    sa.Column("entry_id", sa.Integer, nullable=False, index=True),
)

jobs = sa.Table(
    "jobs",
    metadata,
    sa.Column("job_id", sa.Text, primary_key=True),
    sa.Column("position", POSITION, nullable=False, unique=True),
    sa.Column("owner", sa.Text, nullable=False, index=True),
    sa.Column("state", sa.Text, nullable=False, index=True),
    sa.Column("priority", sa.Integer, nullable=False),
    sa.Column("file_format", sa.Text, nullable=False),
    sa.Column("client", sa.Text, nullable=False),
    sa.Column("num_images", sa.Integer, nullable=False),
    sa.Column("asked_sha256", sa.Text, nullable=False),
    sa.Column("request", sa.Text, nullable=False),
    sa.Column("shots", sa.Text, nullable=False),
    sa.Column("created_at", sa.Text, nullable=False),
    sa.Column("started_at", sa.Text, nullable=True),
    sa.Column("ended_at", sa.Text, nullable=True),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("fruitless", sa.Integer, nullable=False),
    sa.Column("error", sa.Text, nullable=True),
    sa.Column("worker", sa.Text, nullable=True),
    sa.Column("lease", POSITION, nullable=True),
    sa.Column("beat", POSITION, nullable=False),
    sa.Column("beat_at", sa.Text, nullable=True),
    sa.Column("previewed_until", sa.Text, nullable=True),
    sa.Column("change", POSITION, nullable=False, index=True),
)

job_progress = sa.Table(
    "job_progress",
    metadata,
    sa.Column("job_id", sa.Text, primary_key=True),
    sa.Column("step", sa.Integer, nullable=False),
    sa.Column("num_steps", sa.Integer, nullable=False),
    sa.Column("seconds_left", sa.Float, nullable=True),
)

job_previews = sa.Table(
    "job_previews",
    metadata,
    sa.Column("job_id", sa.Text, primary_key=True),
    sa.Column("picture_index", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("number", POSITION, nullable=False),
    sa.Column("content", sa.LargeBinary, nullable=False),
)

job_images = sa.Table(
    "job_images",
    metadata,
    sa.Column("job_id", sa.Text, primary_key=True),
    sa.Column("picture_index", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("image_id", sa.Text, nullable=False, index=True),
    sa.Column("seed", sa.BigInteger, nullable=False),
    sa.Column("stored_at", sa.Text, nullable=False),
)

job_attempts = sa.Table(
    "job_attempts",
    metadata,
    sa.Column("attempt_id", sa.Integer, primary_key=True),
    sa.Column("job_id", sa.Text, nullable=False, index=True),
    sa.Column("happening", sa.Text, nullable=False),
    sa.Column("worker", sa.Text, nullable=False),
    sa.Column("happened_at", sa.Text, nullable=False),
    sa.Column("seconds", sa.Float, nullable=True),
    sa.Column("num_images", sa.Integer, nullable=True),
    sa.Column("error", sa.Text, nullable=True),
)

job_owners = sa.Table(
    "job_owners",
    metadata,
    sa.Column("owner", sa.Text, primary_key=True),
    sa.Column("served", POSITION, nullable=False),
)

job_clock = sa.Table(
    "job_clock",
    metadata,
    sa.Column("clock_id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("number", POSITION, nullable=False),
)

gallery = sa.Table(
    "gallery",
    metadata,
    sa.Column("owner", sa.Text, primary_key=True),
    sa.Column("created_at", sa.Text, primary_key=True),
    sa.Column("image_id", sa.Text, primary_key=True, index=True),
    sa.Column("words", sa.Text, nullable=False),
    sa.Column("style", sa.Text, nullable=True),
    sa.Column("outcome", sa.Text, nullable=False),
    sa.Index("ix_gallery_place", "created_at", "image_id"),
    sa.Index("ix_gallery_outcome", "outcome", "created_at", "image_id"),
    sqlite_with_rowid=False,  # rows lie in the order in which they are read
)

stars = sa.Table(
    "stars",
    metadata,
    sa.Column("owner", sa.Text, primary_key=True),
    sa.Column("image_id", sa.Text, primary_key=True, index=True),
    sa.Column("starred_at", sa.Text, nullable=False),
)

boards = sa.Table(
    "boards",
    metadata,
    sa.Column("board_id", sa.Text, primary_key=True),
    sa.Column("owner", sa.Text, nullable=False, index=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("created_at", sa.Text, nullable=False),
)

board_images = sa.Table(
    "board_images",
    metadata,
    sa.Column("board_id", sa.Text, primary_key=True),
    sa.Column("image_id", sa.Text, primary_key=True, index=True),
    sa.Column("added_at", sa.Text, nullable=False),
)

image_tags = sa.Table(
    "image_tags",
    metadata,
    sa.Column("owner", sa.Text, primary_key=True),
    sa.Column("tag", sa.Text, primary_key=True),
    sa.Column("image_id", sa.Text, primary_key=True, index=True),
    sa.Column("tagged_at", sa.Text, nullable=False),
)

kept_pictures = sa.Table(
    "kept_pictures",
    metadata,
    sa.Column("owner", sa.Text, primary_key=True),
    sa.Column("pixels_sha256", sa.Text, primary_key=True),
    sa.Column("kept_at", sa.Text, nullable=False),
)

grids = sa.Table(
    "grids",
    metadata,
    sa.Column("grid_id", sa.Text, primary_key=True),
    sa.Column("owner", sa.Text, nullable=False, index=True),
    sa.Column("created_at", sa.Text, nullable=False),
    sa.Column("document", sa.Text, nullable=False),
)

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

incoming = sa.Table(
    "incoming",
    metadata,
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

looks = sa.Table(
    "looks",
    metadata,
    sa.Column("image_id", sa.Text, primary_key=True),
    sa.Column("looker_sha256", sa.Text, primary_key=True),
    sa.Column("looked_at", sa.Text, nullable=False),
    sa.Column("document", sa.Text, nullable=False),
)

look_runs = sa.Table(
    "look_runs",
    metadata,
    sa.Column("run_id", sa.Text, primary_key=True),
    sa.Column("looker_sha256", sa.Text, nullable=False),
    sa.Column("started_at", sa.Text, nullable=False, index=True),
    sa.Column("document", sa.Text, nullable=False),
)

look_items = sa.Table(
    "look_items",
    metadata,
    sa.Column("run_id", sa.Text, primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("image_id", sa.Text, nullable=True, index=True),
    sa.Column("fault_code", sa.Text, nullable=False),
    sa.Column("fault", sa.Text, nullable=False),
    sa.Column("shot", sa.Text, nullable=True),
)

heat_maps = sa.Table(
    "heat_maps",
    metadata,
    sa.Column("heat_sha256", sa.Text, primary_key=True),
    sa.Column("image_id", sa.Text, primary_key=True, index=True),
    sa.Column("png", sa.LargeBinary, nullable=False),
)

learnt = sa.Table(
    "learnt",
    metadata,
    sa.Column("learnt_id", sa.Integer, primary_key=True),
    sa.Column("learnt_sha256", sa.Text, nullable=False, unique=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False, index=True),
    sa.Column("learnt_at", sa.Text, nullable=False),
    sa.Column("document", sa.Text, nullable=False),
    sa.Column("content", sa.LargeBinary, nullable=False),
)

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

evidence_ends = sa.Table(
    "evidence_ends",
    metadata,
    sa.Column("evidence_sha256", sa.Text, primary_key=True),
    sa.Column("ended_at", sa.Text, nullable=False),
    sa.Column("cause", sa.Text, nullable=False),
    sa.Column("alarm_id", sa.Text, nullable=False),
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

messages = sa.Table(
    "messages",
    metadata,
    sa.Column("kind", sa.Text, primary_key=True),
    sa.Column("day", sa.Text, primary_key=True),
    sa.Column("sent_at", sa.Text, nullable=False),
    sa.Column("told", sa.Text, nullable=False),
)
