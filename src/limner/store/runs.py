"""Runs of suites as rows: a run, its pictures, its scores. Rows are added and never changed.

A score that a person corrects is a further row with author and reason. Authors' names are not in
these rows; a commitment is, as everywhere.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import datetime

import sqlalchemy as sa

from limner.core.hashing import canonical_json
from limner.core.judging import Verdict
from limner.core.runs import Run, RunPicture, RunScore, Spot
from limner.store import schema
from limner.store.database import reading, transaction
from limner.store.ledger.appending import append_entry
from limner.store.ledger.entries import Kind
from limner.store.reviews import commitment_of, name_of

_runs = schema.eval_runs.c
_pictures = schema.eval_pictures.c
_scores = schema.eval_scores.c


class Runs:
    """The runs in one database.

    Args:
        engine: of the store's database.
    """

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def begin(self, run: Run) -> None:
        """Store a run before its first picture, with its ledger entry."""
        with transaction(self._engine) as connection:
            row = asdict(run) | {
                "started_at": run.started_at.isoformat(),
                "document": canonical_json(run.document),
            }
            connection.execute(schema.eval_runs.insert().values(row))
            facts = {
                "run": run.run_id,
                "suite_sha256": run.suite_sha256,
                "model_sha256": run.model_sha256,
                "checks_sha256": run.checks_sha256,
                "criteria_sha256": run.criteria_sha256,
            }
            append_entry(
                connection,
                Kind.RUN_BEGUN,
                facts,
                recorded_at=run.started_at,
                subject=run.model_sha256,
            )

    def finish(self, run: Run, results_sha256: str, now: datetime) -> None:
        """Write into the ledger what a run came to; again when its scores are corrected."""
        with transaction(self._engine) as connection:
            facts = {"run": run.run_id, "results_sha256": results_sha256}
            append_entry(
                connection,
                Kind.RUN_FINISHED,
                facts,
                recorded_at=now,
                subject=run.model_sha256,
            )

    def add(self, run_id: str, pictures: Sequence[RunPicture], scores: Sequence[RunScore]) -> None:
        """Add pictures and scores of a run, all or none.

        Of pictures of a case that another process was quicker to add nothing is added.
        """
        with transaction(self._engine) as connection:
            if pictures and _has_case(connection, run_id, pictures[0].spot.case_id):
                return
            if pictures:
                rows = [_picture_row(run_id, one) for one in pictures]
                connection.execute(schema.eval_pictures.insert(), rows)
            if scores:
                rows = [_score_row(connection, run_id, one) for one in scores]
                connection.execute(schema.eval_scores.insert(), rows)

    def find(self, run_id: str) -> Run | None:
        """A run by its id."""
        with reading(self._engine) as connection:
            query = schema.eval_runs.select().where(_runs.run_id == run_id)
            row = connection.execute(query).one_or_none()
            return None if row is None else _run_of(row)

    def newest(self, *, limit: int = 100, before: str | None = None) -> list[Run]:
        """Runs, the newest first; with `before` only those older than the one of this id."""
        order = (_runs.started_at.desc(), _runs.run_id.desc())
        query = schema.eval_runs.select().order_by(*order).limit(limit)
        if before is not None:
            that = schema.eval_runs.alias().c
            older = sa.or_(
                _runs.started_at < that.started_at,
                sa.and_(_runs.started_at == that.started_at, _runs.run_id < that.run_id),
            )
            query = query.where(sa.exists().where(that.run_id == before, older))
        with reading(self._engine) as connection:
            return [_run_of(row) for row in connection.execute(query)]

    def pictures(self, run_id: str) -> list[RunPicture]:
        """Every picture of a run, in the order of case, seed and way."""
        order = (_pictures.case_id, _pictures.seed, _pictures.way)
        query = schema.eval_pictures.select().where(_pictures.run_id == run_id).order_by(*order)
        with reading(self._engine) as connection:
            return [_picture_of(row) for row in connection.execute(query)]

    def num_pictures(self) -> dict[str, int]:
        """How many pictures every run has, by its id; a run without any is not among them."""
        query = sa.select(_pictures.run_id, sa.func.count()).group_by(_pictures.run_id)
        with reading(self._engine) as connection:
            return {run_id: num for run_id, num in connection.execute(query)}

    def image_at(self, run_id: str, case_id: str, seed: int) -> str | None:
        """Id of the image first drawn of a case with a seed; ``None`` where there is none."""
        query = sa.select(_pictures.image_id).where(
            _pictures.run_id == run_id,
            _pictures.case_id == case_id,
            _pictures.seed == seed,
            _pictures.way == "",
        )
        with reading(self._engine) as connection:
            return connection.scalar(query)

    def scores(self, run_id: str) -> list[RunScore]:
        """Every score of a run, the oldest first; `evals.measuring.in_force` tells which hold."""
        query = schema.eval_scores.select().where(_scores.run_id == run_id)
        with reading(self._engine) as connection:
            rows = list(connection.execute(query.order_by(_scores.score_id)))
            authors = {row.author for row in rows if row.author}
            names = {author: name_of(connection, author) or "" for author in authors}
            return [_score_of(row, names.get(row.author, "")) for row in rows]


def _has_case(connection: sa.Connection, run_id: str, case_id: str) -> bool:
    is_there = sa.exists().where(_pictures.run_id == run_id, _pictures.case_id == case_id)
    return bool(connection.scalar(sa.select(is_there)))


def _run_of(row: sa.Row[tuple[object, ...]]) -> Run:
    values = dict(row._mapping)  # pyright: ignore[reportPrivateUsage]  # its only way to all columns
    values["started_at"] = datetime.fromisoformat(row.started_at)
    values["document"] = json.loads(row.document)
    return Run(**values)


def _picture_row(run_id: str, picture: RunPicture) -> dict[str, object]:
    return {
        "run_id": run_id,
        **picture.spot._asdict(),
        "image_id": picture.image_id,
        "fault": picture.fault,
        "seconds": picture.seconds,
        "drawn_at": picture.drawn_at.isoformat(),
    }


def _picture_of(row: sa.Row[tuple[object, ...]]) -> RunPicture:
    return RunPicture(
        spot=Spot(row.case_id, row.seed, row.way),
        image_id=row.image_id,
        fault=row.fault,
        seconds=row.seconds,
        drawn_at=datetime.fromisoformat(row.drawn_at),
    )


def _score_row(connection: sa.Connection, run_id: str, score: RunScore) -> dict[str, object]:
    stored = replace(score, author=commitment_of(connection, score.author) if score.author else "")
    return {
        "run_id": run_id,
        **stored.spot._asdict(),
        "check_name": stored.check,
        "card_sha256": stored.card_sha256,
        "verdict": str(stored.verdict),
        "score": stored.score,
        "cause": stored.cause,
        "details": canonical_json(stored.details),
        "scored_at": stored.scored_at.isoformat(),
        "author": stored.author,
        "reason": stored.reason,
    }


def _score_of(row: sa.Row[tuple[object, ...]], author: str) -> RunScore:
    return RunScore(
        spot=Spot(row.case_id, row.seed, row.way),
        check=row.check_name,
        card_sha256=row.card_sha256,
        verdict=Verdict(row.verdict),
        score=row.score,
        cause=row.cause,
        details=json.loads(row.details),
        scored_at=datetime.fromisoformat(row.scored_at),
        author=author,
        reason=row.reason,
    )
