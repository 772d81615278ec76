"""Studies and what people answered in them: rows that are only ever added.

Who answered is a commitment, as everywhere; a person answers a pair once.
"""

from __future__ import annotations

import json
from datetime import datetime

import sqlalchemy as sa

from limner.core.hashing import canonical_json
from limner.core.studies import Choice, PairAnswer, Study
from limner.store import schema
from limner.store.database import reading, transaction
from limner.store.reviews import commitment_of, find_person

_studies = schema.studies.c
_answers = schema.study_answers.c


class Studies:
    """The studies in one database.

    Args:
        engine: of the store's database.
    """

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def begin(self, study: Study) -> None:
        """Store a study before its first answer."""
        row = {
            "study_id": study.study_id,
            "first_run": study.first_run,
            "second_run": study.second_run,
            "begun_at": study.begun_at.isoformat(),
            "document": canonical_json(study.to_document()),
        }
        with transaction(self._engine) as connection:
            connection.execute(schema.studies.insert().values(row))

    def find(self, first_run: str, second_run: str) -> Study | None:
        """The newest study of two runs; the runs are taken as they were given."""
        query = schema.studies.select().where(
            _studies.first_run == first_run, _studies.second_run == second_run
        )
        query = query.order_by(_studies.begun_at.desc(), _studies.study_id.desc()).limit(1)
        with reading(self._engine) as connection:
            row = connection.execute(query).one_or_none()
        return None if row is None else _study_of(row)

    def by_id(self, study_id: str) -> Study | None:
        """A study by its id."""
        query = schema.studies.select().where(_studies.study_id == study_id)
        with reading(self._engine) as connection:
            row = connection.execute(query).one_or_none()
        return None if row is None else _study_of(row)

    def newest(self, *, limit: int = 100, before: str | None = None) -> list[Study]:
        """Studies, the newest first; with `before` only those older than the one of this id."""
        order = (_studies.begun_at.desc(), _studies.study_id.desc())
        query = schema.studies.select().order_by(*order).limit(limit)
        if before is not None:
            that = schema.studies.alias().c
            older = sa.or_(
                _studies.begun_at < that.begun_at,
                sa.and_(_studies.begun_at == that.begun_at, _studies.study_id < that.study_id),
            )
            query = query.where(sa.exists().where(that.study_id == before, older))
        with reading(self._engine) as connection:
            return [_study_of(row) for row in connection.execute(query)]

    def num_answers(self) -> dict[str, int]:
        """How many answers every study has, by its id; one without any is not among them."""
        query = sa.select(_answers.study_id, sa.func.count()).group_by(_answers.study_id)
        with reading(self._engine) as connection:
            return {study_id: num for study_id, num in connection.execute(query)}

    def add_answer(self, study_id: str, answer: PairAnswer) -> bool:
        """Add what a person said; ``False`` where they answered this pair before."""
        with transaction(self._engine) as connection:
            by = commitment_of(connection, answer.by)
            key = {"study_id": study_id, "number": answer.number, "answered_by": by}
            known = sa.select(
                sa.exists().where(*(_answers[name] == value for name, value in key.items()))
            )
            if connection.scalar(known):
                return False
            row = {
                **key,
                "choice": str(answer.choice),
                "seconds": answer.seconds,
                "answered_at": answer.answered_at.isoformat(),
            }
            connection.execute(schema.study_answers.insert().values(row))
        return True

    def answers(self, study_id: str) -> list[PairAnswer]:
        """Every answer of a study, the oldest first; people by their commitments."""
        query = schema.study_answers.select().where(_answers.study_id == study_id)
        order = (_answers.answered_at, _answers.number, _answers.answered_by)
        with reading(self._engine) as connection:
            return [_answer_of(row) for row in connection.execute(query.order_by(*order))]

    def numbers_answered(self, study_id: str, name: str) -> set[int]:
        """Numbers of the pairs a person has answered."""
        with reading(self._engine) as connection:
            by = find_person(connection, name)
            query = sa.select(_answers.number).where(
                _answers.study_id == study_id, _answers.answered_by == (by or "")
            )
            return set(connection.scalars(query))


def _study_of(row: sa.Row[tuple[object, ...]]) -> Study:
    begun_at = datetime.fromisoformat(row.begun_at)
    runs = row.first_run, row.second_run
    return Study.of_document(row.study_id, runs, begun_at, json.loads(row.document))


def _answer_of(row: sa.Row[tuple[object, ...]]) -> PairAnswer:
    return PairAnswer(
        number=row.number,
        choice=Choice(row.choice),
        by=row.answered_by,
        seconds=row.seconds,
        answered_at=datetime.fromisoformat(row.answered_at),
    )
