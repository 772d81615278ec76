"""Runs that a worker draws or scores, as rows: asked for, claimed under a lease, let go of.

States follow as those of jobs; see core/jobs.py. A lease is one number: whatever a worker writes,
it writes only while the row has that number. Every change raises the clock of jobs, so that
workers see it at once, and writers queue up behind that clock on every database.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from limner.core.errors import JobConflict, LeaseLost, NotFound
from limner.core.jobs import LEASED, MAX_ATTEMPTS, OVER, Happening, JobError, JobState, next_state
from limner.core.runs import RunJob, RunTask
from limner.store import schema
from limner.store.database import reading, transaction
from limner.store.job_records import error_text
from limner.store.jobs import tick
from limner.store.leases import Held

_rows = schema.run_jobs.c
LOST = JobError(
    code="worker_lost", message="The worker that drew it was gone before it was finished."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunClaim:
    """A run in a worker's hands, under the number of its lease."""

    run_id: str
    task: RunTask
    owner: str
    model: str
    lease: int


class RunJobs:
    """The runs of one database that workers draw.

    Args:
        engine: of the store's database.
    """

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def add(
        self,
        run_id: str,
        task: RunTask,
        *,
        owner: str,
        model: str = "",
        now: datetime,
    ) -> None:
        """Queue a run that is begun; in place of what was done with it before.

        Args:
            run_id: of the run.
            task: what is to be done with it.
            owner: who asks.
            model: that draws, by the name it was asked for with; empty for what serves.
            now: the time now, UTC.

        Raises:
            JobConflict: a worker has it, or is to have it.
        """
        with transaction(self._engine) as connection:
            tick(connection)
            before = connection.execute(_of(run_id)).one_or_none()
            if before is not None and before.state not in OVER:
                raise JobConflict(
                    f"The run {run_id} is {before.state}; it can be asked for when that is over.",
                    code="job_state",
                )
            values = {
                "task": str(task),
                "owner": owner,
                "model": model,
                "state": str(JobState.QUEUED),
                "asked_at": now.isoformat(),
                "worker": None,
                "attempts": 0,
                "fruitless": 0,
                "error": None,
            }
            if before is not None:
                _write(connection, run_id, values)
            else:
                row = {"run_id": run_id, "lease": 0, "beat": 0, **values}
                connection.execute(schema.run_jobs.insert().values(row))

    def find(self, run_id: str) -> RunJob | None:
        """How it stands with a run; ``None`` for one that no worker was asked to draw."""
        return self.by_run().get(run_id)

    def by_run(self) -> dict[str, RunJob]:
        """Every run that a worker was asked to draw, by its id, the newest first."""
        query = schema.run_jobs.select().order_by(_rows.asked_at.desc(), _rows.run_id)
        with reading(self._engine) as connection:
            return {row.run_id: _job_of(row) for row in connection.execute(query)}

    def steer(self, run_id: str, happening: Happening) -> None:
        """Do to a run what a person asks.

        Raises:
            NotFound: no worker was asked to draw it.
            JobConflict: that cannot happen in the state it is in.
        """
        with transaction(self._engine) as connection:
            tick(connection)
            row = connection.execute(_of(run_id)).one_or_none()
            if row is None:
                raise NotFound(
                    f"No worker was asked for the run {run_id}.",
                    code="run_unknown",
                    hint="One begun by `limner eval run` goes on by the same command.",
                )
            state = next_state(JobState(row.state), happening)
            if state is None:
                raise JobConflict(
                    f"The run {run_id} is {row.state}; there is nothing to {happening}.",
                    code="job_state",
                )
            values: dict[str, object] = {"state": str(state)}
            if happening is Happening.RETRY:
                values |= {"fruitless": 0, "error": None}
            _write(connection, run_id, values)

    def claim(self, worker: str) -> RunClaim | None:
        """Take the run that has waited longest; those whose attempts failed stand behind."""
        query = (
            schema.run_jobs.select()
            .where(_rows.state == str(JobState.QUEUED))
            .order_by(_rows.fruitless, _rows.asked_at, _rows.run_id)
            .limit(1)
        )
        with reading(self._engine) as connection:  # workers ask often, and mostly in vain
            if connection.execute(query).one_or_none() is None:
                return None
        with transaction(self._engine) as connection:
            tick(connection)
            row = connection.execute(query).one_or_none()
            if row is None:
                return None
            values = {
                "state": str(JobState.RUNNING),
                "worker": worker,
                "lease": row.lease + 1,
                "beat": row.beat + 1,
                "attempts": row.attempts + 1,
                "fruitless": row.fruitless + 1,  # until a case of this attempt is stored
            }
            _write(connection, row.run_id, values)
            return RunClaim(
                run_id=row.run_id,
                task=RunTask(row.task),
                owner=row.owner,
                model=row.model,
                lease=row.lease + 1,
            )

    def beat(self, claim: RunClaim, *, has_stored: bool = False) -> JobState:
        """Say that the worker lives, and hear what is wanted: `RUNNING` to go on.

        Args:
            claim: of the run.
            has_stored: a case of this attempt is stored.

        Raises:
            LeaseLost: the run was given to another worker.
        """
        with transaction(self._engine) as connection:
            tick(connection)
            row = _leased(connection, claim)
            values = {"beat": row.beat + 1, "fruitless": 0 if has_stored else row.fruitless}
            _write(connection, claim.run_id, values)
            return JobState(row.state)

    def end(self, claim: RunClaim, happening: Happening, error: JobError | None = None) -> JobState:
        """Let go of a run and say how it went; the state it is in now. Errors as `beat`."""
        with transaction(self._engine) as connection:
            tick(connection)
            return _let_go(connection, _leased(connection, claim), happening, error)

    def held(self) -> list[Held]:
        """Every lease that is held now."""
        query = sa.select(_rows.run_id, _rows.lease, _rows.worker, _rows.beat).where(
            _rows.state.in_([str(one) for one in LEASED])
        )
        with reading(self._engine) as connection:
            return [Held(*row) for row in connection.execute(query)]

    def lose(self, held: Held) -> JobState | None:
        """End the lease of a worker that is gone; ``None`` if it spoke or let go meanwhile."""
        with transaction(self._engine) as connection:
            tick(connection)
            row = connection.execute(
                _held_under(held.job_id, held.lease).where(_rows.beat == held.beat)
            ).one_or_none()
            return None if row is None else _let_go(connection, row, Happening.LOSE, LOST)


def _of(run_id: str) -> sa.Select[tuple[object, ...]]:
    return schema.run_jobs.select().where(_rows.run_id == run_id)


def _held_under(run_id: str, lease: int) -> sa.Select[tuple[object, ...]]:
    leased = [str(one) for one in LEASED]
    return _of(run_id).where(_rows.lease == lease, _rows.state.in_(leased))


def _leased(connection: sa.Connection, claim: RunClaim) -> sa.Row[tuple[object, ...]]:
    row = connection.execute(_held_under(claim.run_id, claim.lease)).one_or_none()
    if row is None:
        raise LeaseLost(f"The run {claim.run_id} is not this worker's any more.")
    return row


def _let_go(
    connection: sa.Connection,
    row: sa.Row[tuple[object, ...]],
    happening: Happening,
    error: JobError | None,
) -> JobState:
    if happening is Happening.LOSE and row.fruitless >= MAX_ATTEMPTS:
        happening = Happening.PARK
    state = next_state(JobState(row.state), happening)
    assert state is not None, f"{row.state} cannot {happening}"
    values: dict[str, object] = {"state": str(state), "worker": None, "error": error_text(error)}
    if happening is Happening.GIVE_BACK:
        values["fruitless"] = max(0, row.fruitless - 1)
    _write(connection, row.run_id, values)
    return state


def _write(connection: sa.Connection, run_id: object, values: Mapping[str, object]) -> None:
    mine = _rows.run_id == run_id
    connection.execute(schema.run_jobs.update().where(mine).values(values))


def _job_of(row: sa.Row[tuple[object, ...]]) -> RunJob:
    return RunJob(
        run_id=row.run_id,
        task=RunTask(row.task),
        owner=row.owner,
        model=row.model,
        state=JobState(row.state),
        asked_at=datetime.fromisoformat(row.asked_at),
        attempts=row.attempts,
        error=None if row.error is None else JobError(**json.loads(row.error)),
    )
