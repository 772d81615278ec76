"""The rows of jobs, as those see them who submit, follow and steer. Workers use leases.py.

Every change of a job raises one number, the clock, inside its own transaction; writers queue up
behind the clock's row, so numbers are committed in their order on every database. Who waits reads
that number. This module keeps no rules of its own: see core/jobs.py.
"""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

import sqlalchemy as sa

from limner.core.deciding import Outcome
from limner.core.errors import JobConflict, JobNotFound, QueueFull
from limner.core.hashing import canonical_json
from limner.core.jobs import (
    LEASED,
    MAX_WAITING,
    MAX_WAITING_PER_OWNER,
    OVER,
    WAITING,
    Happening,
    Job,
    JobError,
    JobImage,
    JobProgress,
    JobState,
    next_state,
)
from limner.core.records import FileFormat
from limner.store import schema
from limner.store.bell import Bell
from limner.store.database import passing_transaction, read_number, reading, transaction

SILENT_SECONDS = 30.0  # a worker that was not heard from for so long may be dead
UNMEASURED_SECONDS = 1.0  # taken for a picture before any was measured
MEASURED_ATTEMPTS = 20
DRAINED_SHARE = 0.25  # who is turned away comes back when so much of the queue is drawn
MAX_RETRY_SECONDS = 300
ERASED_FIELDS = ("prompt", "template", "negative")

_jobs = schema.jobs.c
_images = schema.job_images.c
_attempts = schema.job_attempts.c
_progress = schema.job_progress.c

# Statements that every picture needs are built once: building one costs more than running it.
THIS_JOB = "this_job"
IS_THIS_JOB = _jobs.job_id == sa.bindparam(THIS_JOB)
UPDATE_JOB = schema.jobs.update().where(IS_THIS_JOB)
_FIND = schema.jobs.select().where(IS_THIS_JOB)
_IS_WAITING = _jobs.state.in_([str(one) for one in WAITING])
_COUNT_WAITING = sa.select(
    sa.func.count(), sa.func.count().filter(_jobs.owner == sa.bindparam("this_owner"))
).where(_IS_WAITING)
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
_MEASURED = (
    sa.select(_attempts.seconds, _attempts.num_images)
    .where(_attempts.num_images > 0, _attempts.seconds.is_not(None))
    .order_by(_attempts.attempt_id.desc())
    .limit(MEASURED_ATTEMPTS)
)
_NUM_RECORDED = sa.select(sa.func.count()).where(_images.job_id == sa.bindparam(THIS_JOB))
_OUTCOME = (
    sa.select(schema.decisions.c.outcome)
    .where(schema.decisions.c.image_id == _images.image_id)
    .order_by(schema.decisions.c.decision_id.desc())
    .limit(1)
    .scalar_subquery()
)
_IMAGES_OF = (
    sa.select(_images.picture_index, _images.image_id, _images.seed, _OUTCOME.label("outcome"))
    .where(_images.job_id == sa.bindparam(THIS_JOB))
    .order_by(_images.picture_index)
)

JobRow = sa.Row[tuple[object, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewJob:
    """A job to be added.

    Attributes:
        asked_sha256: hash of all that was asked, before anything was resolved.
        request: as a JSON document, resolved.
        shots: prompt and seed of every picture.
    """

    job_id: str
    owner: str
    priority: int
    file_format: FileFormat
    client: str
    asked_sha256: str
    request: Mapping[str, object]
    shots: tuple[tuple[str, int], ...]
    created_at: datetime


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
            found = _find_row(connection, new.job_id)
            if found is not None:
                if (found.asked_sha256, found.owner) == (new.asked_sha256, new.owner):
                    return False
                raise JobConflict(
                    f"There is another job with the id {new.job_id!r}.",
                    hint="Choose another id, or leave the choice to Limner.",
                )
            require_room(connection, new.owner)
            number = tick(connection)
            connection.execute(schema.jobs.insert(), _values_of(new, number))
        self.bell.ring()
        return True

    def find(self, job_id: str, now: datetime) -> Job:
        """A job as it stands.

        Raises:
            JobNotFound: there is none with this id.
        """
        with reading(self._engine) as connection:
            row = _row(connection, job_id)
            return _job_of(connection, row, now)

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
            return [_job_of(connection, row, now) for row in rows]

    def require_room_for(self, job_id: str, owner: str) -> None:
        """Refuse a job early that `add` would not take.

        Raises:
            QueueFull: as `add`.
        """
        with reading(self._engine) as connection:
            if _find_row(connection, job_id) is None:
                require_room(connection, owner)

    def steer(self, job_id: str, happening: Happening, now: datetime) -> None:
        """Let something happen to a job that nobody's lease is needed for.

        Raises:
            JobNotFound: there is none with this id.
            JobConflict: it cannot happen in the job's state.
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
            values: dict[str, object] = {}
            if happening is Happening.RETRY:
                require_room(connection, row.owner)
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
            return _num_waiting(connection)

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


def state_of(word: str) -> JobState:
    """The state with this word; one that this version does not know is unknown."""
    try:
        return JobState(word)
    except ValueError:
        return JobState.UNKNOWN


def forget_request(connection: sa.Connection, image_id: str) -> None:
    """Erase what was asked of every job that drew an image; one that is not over is cancelled."""
    query = (
        schema.jobs.select()
        .join(schema.job_images, _images.job_id == _jobs.job_id)
        .where(_images.image_id == image_id)
    )
    for row in connection.execute(query).all():
        asked = {**json.loads(row.request), **dict.fromkeys(ERASED_FIELDS, "")}
        shots = [("", seed) for _, seed in json.loads(row.shots)]
        state = next_state(state_of(row.state), Happening.CANCEL)
        assert state is not None
        values = {"request": canonical_json(asked), "shots": json.dumps(shots)}
        move(connection, row.job_id, state, values)


def is_source_wanted(connection: sa.Connection, pixels_sha256: str) -> bool:
    """Whether a job that is not over starts from this picture or mask."""
    is_open = _jobs.state.not_in([str(one) for one in OVER])
    names_it = _jobs.request.contains(pixels_sha256, autoescape=True)
    return bool(connection.scalar(sa.select(sa.exists().where(is_open, names_it))))


def seconds_per_picture(connection: sa.Connection) -> float | None:
    """Measured over the last attempts that brought pictures; ``None`` before the first."""
    measured = connection.execute(_MEASURED).all()
    if not measured:
        return None
    return sum(one.seconds for one in measured) / sum(one.num_images for one in measured)


def require_room(connection: sa.Connection, owner: str) -> None:
    """Refuse another job of this owner while too many wait.

    Raises:
        QueueFull: says when there should be room, from measured times.
    """
    num_all, num_own = connection.execute(_COUNT_WAITING, {"this_owner": owner}).one()
    if num_own >= MAX_WAITING_PER_OWNER:
        fault = f"{num_own} jobs of yours wait already"
    elif num_all >= MAX_WAITING:
        fault = f"{num_all} jobs wait already"
    else:
        return
    raise QueueFull(
        f"The queue is full: {fault}.", retry_after_seconds=_seconds_until_room(connection)
    )


def num_recorded(connection: sa.Connection, job_id: str) -> int:
    """Pictures of a job that are stored."""
    return connection.scalar(_NUM_RECORDED, {THIS_JOB: job_id}) or 0


def error_text(error: JobError | None) -> str | None:
    """An error as a column holds it."""
    if error is None:
        return None
    return canonical_json({"code": error.code, "message": error.message, "hint": error.hint})


def _seconds_until_room(connection: sa.Connection) -> int:
    pictures = sa.select(sa.func.sum(_jobs.num_images)).where(_IS_WAITING)
    num_pictures = int(connection.scalar(pictures) or 0)
    leased = _jobs.state.in_([str(one) for one in LEASED])
    workers = sa.select(sa.func.count(sa.distinct(_jobs.worker))).where(leased)
    num_workers = max(1, connection.scalar(workers) or 0)
    seconds = seconds_per_picture(connection) or UNMEASURED_SECONDS
    wanted = math.ceil(num_pictures * seconds * DRAINED_SHARE / num_workers)
    return min(MAX_RETRY_SECONDS, max(1, wanted))


def _num_waiting(connection: sa.Connection) -> int:
    query = sa.select(sa.func.count()).select_from(schema.jobs).where(_IS_WAITING)
    return connection.scalar(query) or 0


def _find_row(connection: sa.Connection, job_id: str) -> JobRow | None:
    return connection.execute(_FIND, {THIS_JOB: job_id}).one_or_none()


def _row(connection: sa.Connection, job_id: str) -> JobRow:
    row = _find_row(connection, job_id)
    if row is None:
        raise _not_found(job_id)
    return row


def _not_found(job_id: str) -> JobNotFound:
    return JobNotFound(f"There is no job with the id {job_id!r}.")


def _values_of(new: NewJob, number: int) -> dict[str, object]:
    return {
        "job_id": new.job_id,
        "position": number,
        "owner": new.owner,
        "state": str(JobState.QUEUED),
        "priority": new.priority,
        "file_format": new.file_format,
        "client": new.client,
        "num_images": len(new.shots),
        "asked_sha256": new.asked_sha256,
        "request": canonical_json(new.request),
        "shots": json.dumps(new.shots, ensure_ascii=False),
        "created_at": new.created_at.isoformat(),
        "attempts": 0,
        "fruitless": 0,
        "beat": 0,
        "change": number,
    }


def queued_job(new: NewJob) -> Job:
    """A job as it stands when it was just added."""
    return Job(
        job_id=new.job_id,
        owner=new.owner,
        state=JobState.QUEUED,
        is_over=False,
        created_at=new.created_at,
        started_at=None,
        ended_at=None,
        attempts=0,
        priority=new.priority,
        file_format=new.file_format,
        client=new.client,
        request=new.request,
        num_images=len(new.shots),
        progress=None,
        images=(),
        error=None,
    )


def _job_of(connection: sa.Connection, row: JobRow, now: datetime) -> Job:
    images = _images_of(connection, row.job_id)
    stored = state_of(row.state)
    if stored is JobState.FINISHED and len(images) != row.num_images:
        stored = JobState.UNKNOWN  # done is never inferred
    is_silent = stored in LEASED and _is_silent(row, now)
    return Job(
        job_id=row.job_id,
        owner=row.owner,
        state=JobState.UNKNOWN if is_silent else stored,
        is_over=stored in OVER,
        created_at=datetime.fromisoformat(row.created_at),
        started_at=_time_of(row.started_at),
        ended_at=_time_of(row.ended_at),
        attempts=row.attempts,
        priority=row.priority,
        file_format=row.file_format,
        client=row.client,
        request=json.loads(row.request),
        num_images=row.num_images,
        progress=_progress_of(connection, row, len(images)) if stored in LEASED else None,
        images=images,
        error=None if row.error is None else JobError(**json.loads(row.error)),
    )


def _images_of(connection: sa.Connection, job_id: str) -> tuple[JobImage, ...]:
    """The pictures of a job whose decision is known, with the one that holds."""
    return tuple(
        JobImage(
            index=row.picture_index,
            image_id=row.image_id,
            outcome=Outcome(row.outcome),
            seed=row.seed,
        )
        for row in connection.execute(_IMAGES_OF, {THIS_JOB: job_id})
        if row.outcome is not None
    )


def _progress_of(connection: sa.Connection, row: JobRow, num_done: int) -> JobProgress:
    query = sa.select(_progress.step, _progress.num_steps, _progress.seconds_left).where(
        _progress.job_id == row.job_id
    )
    told = connection.execute(query).one_or_none()
    return JobProgress(
        step=0 if told is None else told.step,
        num_steps=0 if told is None else told.num_steps,
        num_images_done=num_done,
        num_images=row.num_images,
        seconds_left=None if told is None else told.seconds_left,
    )


def _is_silent(row: JobRow, now: datetime) -> bool:
    """Whether its worker was not heard from for long; a clock that jumped back tells nothing."""
    heard_at = _time_of(row.beat_at)
    return heard_at is not None and now - heard_at > timedelta(seconds=SILENT_SECONDS)


def _time_of(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
