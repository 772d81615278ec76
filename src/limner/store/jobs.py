"""The rows of jobs, as those see them who submit, follow and steer. Workers use leases.py.

Every change of a job raises one number, the clock, inside its own transaction; writers queue up
behind the clock's row, so numbers are committed in their order on every database. Who waits reads
that number. This module keeps no rules of its own: see core/jobs.py.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

import sqlalchemy as sa

from limner.core.errors import JobConflict, JobNotFound
from limner.core.hashing import canonical_json
from limner.core.jobs import (
    OVER,
    WAITING,
    Happening,
    Job,
    JobState,
    next_state,
)
from limner.store import schema
from limner.store.bell import Bell
from limner.store.database import passing_transaction, read_number, reading, transaction
from limner.store.gallery import StoredGrid, keep_grid
from limner.store.job_records import JobRow, NewJob, job_of, state_of, values_of
from limner.store.queue_room import num_waiting, require_room

ERASED_FIELDS = ("prompt", "template", "negative")

_jobs = schema.jobs.c
_images = schema.job_images.c

# Statements that every picture needs are built once: building one costs more than running it.
THIS_JOB = "this_job"
IS_THIS_JOB = _jobs.job_id == sa.bindparam(THIS_JOB)
UPDATE_JOB = schema.jobs.update().where(IS_THIS_JOB)
_FIND = schema.jobs.select().where(IS_THIS_JOB)
_TICK = (
    schema.job_clock.update()
    .values(number=schema.job_clock.c.number + 1)
    .returning(schema.job_clock.c.number)
)
_CHANGES = (
    sa.select(_jobs.job_id, _jobs.change, _jobs.state)
    .where(_jobs.change > sa.bindparam("after"))
    .order_by(_jobs.change)
)
_CHANGE_OF = sa.select(_jobs.change, _jobs.state).where(IS_THIS_JOB)
_NUM_RECORDED = sa.select(sa.func.count()).where(_images.job_id == sa.bindparam(THIS_JOB))


class Change(NamedTuple):
    """A job that changed: the clock's number then, and the state it is in now."""

    job_id: str
    number: int
    state: JobState


class Preview(NamedTuple):
    """The last preview of a picture: of which one, the clock's number then, and its bytes."""

    picture_index: int
    number: int
    content: bytes


class JobRows:
    """The jobs of one database.

    Args:
        engine: of the store's database.
        bell: rung when a job was added or steered.
    """

    def __init__(self, engine: sa.Engine, bell: Bell) -> None:
        self._engine = engine
        self.bell = bell

    def add(self, new: NewJob, *, is_lasting: bool = True) -> bool:
        """Queue a job; whether it was not there yet.

        Args:
            new: the job.
            is_lasting: flush it to the disk; without it, the job is lost if the power fails now.

        Raises:
            JobConflict: another job has this id.
            QueueFull: too many wait already.
            StorageUnavailable: it cannot be written.
        """
        begin = transaction if is_lasting else passing_transaction
        with begin(self._engine) as connection:
            is_new = _add(connection, new)
        if is_new:
            self.bell.ring()
        return is_new

    def add_grid(self, grid: StoredGrid, cells: Sequence[NewJob], now: datetime) -> None:
        """Keep a grid and queue the job of every cell, all of it or nothing.

        Raises:
            JobConflict, QueueFull, StorageUnavailable: as `add`.
        """
        with transaction(self._engine) as connection:
            for new in cells:
                _add(connection, new)
            keep_grid(connection, grid, now)
        self.bell.ring()

    def asked_of(self, job_id: str) -> tuple[str, str] | None:
        """The hash of what was asked and the owner of a job; ``None`` if there is none."""
        with reading(self._engine) as connection:
            row = _find_row(connection, job_id)
        return None if row is None else (row.asked_sha256, row.owner)

    def find(self, job_id: str, now: datetime) -> Job:
        """A job as it stands.

        Raises:
            JobNotFound: there is none with this id.
        """
        with reading(self._engine) as connection:
            row = _row(connection, job_id)
            return job_of(connection, row, now)

    def list(
        self,
        now: datetime,
        *,
        owner: str | None,
        states: Collection[JobState],
        before: str | None,
        limit: int,
    ) -> list[Job]:
        """Jobs, the newest first; see `limner.studio.jobs.Jobs.list`."""
        query = schema.jobs.select().order_by(_jobs.position.desc()).limit(limit)
        if owner is not None:
            query = query.where(_jobs.owner == owner)
        if states:
            query = query.where(_jobs.state.in_([str(one) for one in states]))
        with reading(self._engine) as connection:
            if before is not None:
                query = query.where(_jobs.position < _row(connection, before).position)
            rows = connection.execute(query).all()
            return [job_of(connection, row, now) for row in rows]

    def require_room_for(self, job_id: str, owner: str) -> None:
        """Refuse a job early that `add` would not take.

        Raises:
            QueueFull: as `add`.
        """
        with reading(self._engine) as connection:
            if _find_row(connection, job_id) is None:
                require_room(connection, job_id, owner)

    def steer(self, job_id: str, happening: Happening, now: datetime) -> None:
        """Let something happen to a job that nobody's lease is needed for.

        Raises:
            JobNotFound: there is none with this id.
            JobConflict: it cannot happen in the job's state.
            QueueFull: it would wait again, and too many wait already.
        """
        with transaction(self._engine) as connection:
            row = _row(connection, job_id)
            state = state_of(row.state)
            following = next_state(state, happening)
            if following is None:
                raise JobConflict(
                    f"The job {job_id!r} is {state.value}; {happening.value} does not fit.",
                    code="job_state",
                )
            if following is state:
                return
            if following is JobState.QUEUED and state not in WAITING:
                require_room(connection, job_id, row.owner)
            values: dict[str, object] = {}
            if happening is Happening.RETRY:
                values = {"fruitless": 0, "ended_at": None, "error": None}
            elif following in OVER:
                values = {"ended_at": now.isoformat()}
            move(connection, job_id, following, values)
        self.bell.ring()

    def watch_previews(self, job_id: str, now: datetime, span: timedelta) -> None:
        """Have the worker make previews for a while; writes only when half of it is over."""
        mine = _jobs.job_id == job_id
        with reading(self._engine) as connection:
            until = connection.scalar(sa.select(_jobs.previewed_until).where(mine))
        if until is not None and datetime.fromisoformat(until) > now + span / 2:
            return
        with transaction(self._engine) as connection:
            tick(connection)  # so that the worker looks; nothing changed for who waits
            values = {"previewed_until": (now + span).isoformat()}
            connection.execute(schema.jobs.update().where(mine).values(values))

    def previews_since(self, job_id: str, number: int) -> list[Preview]:
        """The last preview of every picture that got one after this number of the clock."""
        column = schema.job_previews.c
        query = (
            sa.select(column.picture_index, column.number, column.content)
            .where(column.job_id == job_id, column.number > number)
            .order_by(column.picture_index)
        )
        with reading(self._engine) as connection:
            return [Preview(*row) for row in connection.execute(query)]

    def num_waiting(self) -> int:
        """Jobs that are queued or drawn."""
        with reading(self._engine) as connection:
            return num_waiting(connection)

    def number(self) -> int:
        """The clock: raised by every change of a job. It is asked often."""
        return read_number(self._engine, "SELECT number FROM job_clock")

    def changes_since(self, number: int) -> list[Change]:
        """The jobs that changed after this number, each once."""
        with reading(self._engine) as connection:
            return [
                Change(row.job_id, row.change, state_of(row.state))
                for row in connection.execute(_CHANGES, {"after": number})
            ]

    def change_of(self, job_id: str) -> Change:
        """The last change of a job.

        Raises:
            JobNotFound: there is none with this id.
        """
        with reading(self._engine) as connection:
            row = connection.execute(_CHANGE_OF, {THIS_JOB: job_id}).one_or_none()
        if row is None:
            raise _not_found(job_id)
        return Change(job_id, row.change, state_of(row.state))


def tick(connection: sa.Connection) -> int:
    """Raise the clock in a write transaction; the number after."""
    return connection.execute(_TICK).scalar_one()


def move(
    connection: sa.Connection, job_id: str, state: JobState, values: Mapping[str, object]
) -> None:
    """Write a job's new state and raise the clock."""
    everything = {**values, "state": str(state), "change": tick(connection)}
    connection.execute(UPDATE_JOB, {THIS_JOB: job_id, **everything})


def forget_request(connection: sa.Connection, image_id: str) -> None:
    """Erase what was asked of every job that drew an image; one that is not over is cancelled."""
    drew_it = sa.select(_images.job_id).where(_images.image_id == image_id)
    forget_requests(connection, _jobs.job_id.in_(drew_it))


def forget_own_requests(connection: sa.Connection, image_id: str, owner: str) -> None:
    """The same of the jobs of one person, which are told apart from the image.

    One that is finished stays so, with the pictures that are left.
    """
    drew_it = sa.select(_images.job_id).where(_images.image_id == image_id)
    own = sa.select(_jobs.job_id).where(_jobs.job_id.in_(drew_it), _jobs.owner == owner)
    job_ids = list(connection.scalars(own))
    forget_requests(connection, _jobs.job_id.in_(job_ids))
    theirs = sa.and_(_images.image_id == image_id, _images.job_id.in_(job_ids))
    num_gone = sa.select(sa.func.count()).where(theirs, _images.job_id == _jobs.job_id)
    connection.execute(
        schema.jobs.update()
        .where(_jobs.job_id.in_(job_ids), _jobs.state == str(JobState.FINISHED))
        .values(num_images=_jobs.num_images - num_gone.scalar_subquery())
    )
    connection.execute(schema.job_images.delete().where(theirs))


def forget_requests(connection: sa.Connection, condition: sa.ColumnElement[bool]) -> None:
    """Erase what was asked of the jobs that fit a condition; one that is not over is cancelled."""
    for row in connection.execute(schema.jobs.select().where(condition)).all():
        asked = {**json.loads(row.request), **dict.fromkeys(ERASED_FIELDS, "")}
        shots = [("", seed) for _, seed in json.loads(row.shots)]
        state = next_state(state_of(row.state), Happening.CANCEL)
        assert state is not None
        values = {
            "request": canonical_json(asked),
            "shots": json.dumps(shots),
            "asked_sha256": "",  # who guesses the prompt could tell by it
        }
        move(connection, row.job_id, state, values)


def is_source_wanted(connection: sa.Connection, pixels_sha256: str) -> bool:
    """Whether a job that is not over starts from this picture or mask."""
    is_open = _jobs.state.not_in([str(one) for one in OVER])
    names_it = _jobs.request.contains(pixels_sha256, autoescape=True)
    return bool(connection.scalar(sa.select(sa.exists().where(is_open, names_it))))


def num_recorded(connection: sa.Connection, job_id: str) -> int:
    """Pictures of a job that are stored."""
    return connection.scalar(_NUM_RECORDED, {THIS_JOB: job_id}) or 0


def _add(connection: sa.Connection, new: NewJob) -> bool:
    """Queue a job in the caller's transaction; whether it was not there yet."""
    found = _find_row(connection, new.job_id)
    if found is not None:
        if (found.asked_sha256, found.owner) == (new.asked_sha256, new.owner):
            return False
        raise JobConflict(
            f"There is another job with the id {new.job_id!r}.",
            hint="Choose another id, or leave the choice to Limner.",
        )
    require_room(connection, new.job_id, new.owner)
    number = tick(connection)
    connection.execute(schema.jobs.insert(), values_of(new, number))
    return True


def _find_row(connection: sa.Connection, job_id: str) -> JobRow | None:
    return connection.execute(_FIND, {THIS_JOB: job_id}).one_or_none()


def _row(connection: sa.Connection, job_id: str) -> JobRow:
    row = _find_row(connection, job_id)
    if row is None:
        raise _not_found(job_id)
    return row


def _not_found(job_id: str) -> JobNotFound:
    return JobNotFound(f"There is no job with the id {job_id!r}.")
