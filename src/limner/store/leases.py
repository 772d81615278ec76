"""Leases: how a worker takes a job, keeps it, and lets go of it. Rows only; see core/jobs.py.

A lease is one number, drawn from the clock when a job is claimed. Whatever a worker writes about
a job it writes only while the job has that number, so a worker that was given up for dead and
comes back changes nothing. A lease holds no time: a worker raises its beat, and who looks on
measures with a steady clock of its own how long the beat has stood still.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa

from limner.core.errors import DrawingCancelled, LeaseLost
from limner.core.jobs import LEASED, MAX_ATTEMPTS, OVER, Happening, JobError, JobState, next_state
from limner.store import schema
from limner.store.bell import Bell
from limner.store.database import passing_transaction, read_number, reading, transaction
from limner.store.gallery import shelve
from limner.store.job_records import JobRow, error_text
from limner.store.jobs import IS_THIS_JOB, THIS_JOB, UPDATE_JOB, move, num_recorded, tick
from limner.store.queue_room import seconds_per_picture

_jobs = schema.jobs.c
_images = schema.job_images.c
_owners = schema.job_owners.c
_UNDER = "under"  # the number of a lease
_IS_ANY_QUEUED = f"SELECT EXISTS (SELECT 1 FROM jobs WHERE state = '{JobState.QUEUED}')"
_IN_TURN = (
    sa.select(schema.jobs)
    .outerjoin(schema.job_owners, _owners.owner == _jobs.owner)
    .where(_jobs.state == str(JobState.QUEUED))
    .order_by(
        sa.func.coalesce(_owners.served, 0),
        _jobs.priority.desc(),
        _jobs.fruitless,
        _jobs.position,
    )
    .limit(1)
)
_SERVE = schema.job_owners.update().where(_owners.owner == sa.bindparam("this_owner"))
_LEASED = schema.jobs.select().where(IS_THIS_JOB, _jobs.lease == sa.bindparam(_UNDER))
_UPDATE_LEASED = UPDATE_JOB.where(_jobs.lease == sa.bindparam(_UNDER))
_UPDATE_UNCANCELLED = _UPDATE_LEASED.where(_jobs.state != str(JobState.CANCELLING))
_NUMBER = sa.select(schema.job_clock.c.number)
_FORGET = [
    one.delete().where(one.c.job_id == sa.bindparam(THIS_JOB))
    for one in (schema.job_progress, schema.job_previews)
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A job in a worker's hands.

    Attributes:
        created_at: when the job was taken in, UTC.
        lease: the number under which it holds the job.
        worker: who holds it.
        request: as a JSON document.
        shots: prompt and seed of every picture of the job.
        image_ids: by picture index; stored by earlier attempts and not to be drawn again.
        seconds_per_picture: as measured before; ``None`` if nothing was.
        previewed_until: while somebody looks at previews.
        is_suspect: whether its last attempts brought no picture; it may have ended their worker.
    """

    job_id: str
    owner: str
    created_at: datetime
    lease: int
    worker: str
    file_format: str
    request: dict[str, object]
    shots: tuple[tuple[str, int], ...]
    image_ids: dict[int, str]
    seconds_per_picture: float | None
    previewed_until: datetime | None
    is_suspect: bool


class Held(NamedTuple):
    """A lease as an onlooker sees it."""

    job_id: str
    lease: int
    worker: str
    beat: int


class Wanted(NamedTuple):
    """What is wanted of the holder of a lease.

    Attributes:
        number: of the clock of jobs; nothing else is wanted before it rises.
        state: RUNNING to go on, PAUSING or CANCELLING to stop.
        previewed_until: while somebody looks at previews.
    """

    number: int
    state: JobState
    previewed_until: datetime | None


class Told(NamedTuple):
    """How far a worker has come; see `JobProgress`."""

    step: int
    num_steps: int
    seconds_left: float | None


class Leases:
    """The leases of one database.

    Args:
        engine: of the store's database.
        bell: rung when a job was let go of, and when there are previews.
    """

    def __init__(self, engine: sa.Engine, bell: Bell) -> None:
        self._engine = engine
        self._bell = bell

    def claim(
        self,
        worker: str,
        now: datetime,
        *,
        sated: Collection[str] = (),
        has_company: bool = False,
    ) -> Claim | None:
        """Take the job whose turn it is: the owner least lately served, then priority, then age.

        Jobs whose attempts failed stand behind those of the same priority that were not tried.

        Args:
            worker: who takes it.
            now: the time now, UTC.
            sated: owners whose jobs are not taken now.
            has_company: whether it would be drawn beside others; then a suspect one is not taken,
                nor any behind it, so that its turn comes when the others are done.
        """
        if not read_number(self._engine, _IS_ANY_QUEUED):  # workers ask often, and mostly in vain
            return None
        with passing_transaction(self._engine) as connection:  # unsaid, the job is queued still
            in_turn = _IN_TURN.where(_jobs.owner.not_in(sated)) if sated else _IN_TURN
            row = connection.execute(in_turn).one_or_none()
            if row is None or (row.fruitless and has_company):
                return None
            lease = tick(connection)
            _serve(connection, row.owner, lease)
            values = {
                "state": str(JobState.RUNNING),
                "change": lease,
                "worker": worker,
                "lease": lease,
                "beat": row.beat + 1,
                "beat_at": now.isoformat(),
                "attempts": row.attempts + 1,
                "fruitless": row.fruitless + 1,  # until a picture of this attempt is stored
                "started_at": row.started_at or now.isoformat(),
                "ended_at": None,
            }
            connection.execute(UPDATE_JOB, {THIS_JOB: row.job_id, **values})
            _append_attempt(connection, row.job_id, Happening.CLAIM, worker, now)
            return Claim(
                job_id=row.job_id,
                owner=row.owner,
                created_at=datetime.fromisoformat(row.created_at),
                lease=lease,
                worker=worker,
                file_format=row.file_format,
                request=json.loads(row.request),
                shots=tuple((prompt, seed) for prompt, seed in json.loads(row.shots)),
                image_ids=_stored_images(connection, row.job_id) if row.attempts else {},
                seconds_per_picture=seconds_per_picture(connection),
                previewed_until=_previewed_until(row),
                is_suspect=row.fruitless > 0,
            )

    def wanted(self, claim: Claim) -> Wanted:
        """What is wanted of the holder now; it changes only when the clock of jobs rises.

        Raises:
            LeaseLost: somebody else was given the job.
        """
        with reading(self._engine) as connection:
            number = connection.execute(_NUMBER).scalar_one()
            return _wanted(_leased_row(connection, claim), number)

    def beat(
        self,
        claim: Claim,
        now: datetime,
        told: Told | None = None,
        previews: Mapping[int, bytes] | None = None,
    ) -> Wanted:
        """Say that the worker lives, and how far it is; what is wanted of it.

        Args:
            claim: of the job.
            now: the time now, UTC.
            told: how far it is, if that is new.
            previews: bytes by picture index, if there are new ones.

        Raises:
            LeaseLost: somebody else was given the job.
        """
        with passing_transaction(self._engine) as connection:
            number = tick(connection)  # first, so that no other change comes between
            row = _leased_row(connection, claim)
            values = {"beat": row.beat + 1, "beat_at": now.isoformat(), "change": number}
            connection.execute(UPDATE_JOB, {THIS_JOB: claim.job_id, **values})
            if told is not None:
                _tell(connection, claim.job_id, told)
                _show(connection, claim.job_id, previews or {}, number)
        if previews:
            self._bell.ring()  # they are gone when the job is over, which may be soon
        return _wanted(row, number)

    def end(
        self,
        claim: Claim,
        happening: Happening,
        now: datetime,
        *,
        seconds: float,
        num_images: int,
        error: JobError | None = None,
    ) -> JobState:
        """Let go of a job and say how it went.

        FINISH is believed only when a row is there for every picture; LOSE becomes PARK at the
        last attempt. An attempt that brought a picture is no step towards parking. FINISH is not
        flushed to the disk: if the power fails, the job is taken back and found to have its
        pictures.

        Returns:
            The state it is in now.

        Raises:
            LeaseLost: somebody else was given the job.
        """
        begin = passing_transaction if happening is Happening.FINISH else transaction
        with begin(self._engine) as connection:
            state = self.end_within(
                connection,
                claim,
                happening,
                now,
                seconds=seconds,
                num_images=num_images,
                error=error,
            )
        self._bell.ring()
        return state

    def end_within(
        self,
        connection: sa.Connection,
        claim: Claim,
        happening: Happening,
        now: datetime,
        *,
        seconds: float,
        num_images: int,
        error: JobError | None = None,
    ) -> JobState:
        """`end` in the caller's transaction; who waits is to be told when that is committed."""
        row = _leased_row(connection, claim)
        if happening is Happening.FINISH and num_recorded(connection, claim.job_id) != len(
            claim.shots
        ):
            happening = Happening.DOUBT
        measures = {"seconds": seconds, "num_images": num_images}
        return _let_go(connection, row, happening, now, error, measures)

    def record_image(
        self, connection: sa.Connection, claim: Claim, index: int, image_id: str, now: datetime
    ) -> None:
        """Write down that a picture of the job is stored, in the transaction that stores it.

        Each picture once; `judging` has put it on the owner's shelf.

        Raises:
            LeaseLost: somebody else was given the job; the caller's transaction must not stand.
            DrawingCancelled: the same of a job that was cancelled meanwhile.
        """
        _note_fruit(connection, claim)
        _add_image(connection, claim, index, image_id, now)

    def record_stored_image(self, claim: Claim, index: int, image_id: str, now: datetime) -> None:
        """The same for a picture that was stored before, of another job with the same bytes."""
        with transaction(self._engine) as connection:
            _note_fruit(connection, claim)
            if index not in _stored_images(connection, claim.job_id):
                _add_image(connection, claim, index, image_id, now)
            shelve(connection, image_id, claim.owner)

    def held(self) -> list[Held]:
        """Every lease that is held now."""
        query = sa.select(_jobs.job_id, _jobs.lease, _jobs.worker, _jobs.beat).where(
            _jobs.state.in_([str(one) for one in LEASED])
        )
        with reading(self._engine) as connection:
            return [Held(*row) for row in connection.execute(query)]

    def lose(self, held: Held, now: datetime) -> JobState | None:
        """End the lease of a worker that is gone; ``None`` if it was heard from meanwhile."""
        query = schema.jobs.select().where(
            _jobs.job_id == held.job_id, _jobs.lease == held.lease, _jobs.beat == held.beat
        )
        with transaction(self._engine) as connection:
            row = connection.execute(query).one_or_none()
            if row is None:
                return None
            error = JobError(
                code="worker_lost",
                message="The worker that drew it was gone before it was finished.",
            )
            return _let_go(connection, row, Happening.LOSE, now, error, {})


def _serve(connection: sa.Connection, owner: str, number: int) -> None:
    updated = connection.execute(_SERVE, {"this_owner": owner, "served": number})
    if updated.rowcount == 0:
        connection.execute(schema.job_owners.insert(), {"owner": owner, "served": number})


def _leased_row(connection: sa.Connection, claim: Claim) -> JobRow:
    held = {THIS_JOB: claim.job_id, _UNDER: claim.lease}
    row = connection.execute(_LEASED, held).one_or_none()
    if row is None:
        raise _lease_lost(claim)
    return row


def _note_fruit(connection: sa.Connection, claim: Claim) -> None:
    """Note that the attempt brought a picture; refuses it of a job that wants no more of them."""
    held = {THIS_JOB: claim.job_id, _UNDER: claim.lease}
    values = {"change": tick(connection), "fruitless": 0}
    if connection.execute(_UPDATE_UNCANCELLED, {**held, **values}).rowcount == 0:
        if connection.execute(_LEASED, held).one_or_none() is None:
            raise _lease_lost(claim)
        raise DrawingCancelled(f"The job {claim.job_id!r} was cancelled.")


def _add_image(
    connection: sa.Connection, claim: Claim, index: int, image_id: str, now: datetime
) -> None:
    row = {
        "job_id": claim.job_id,
        "picture_index": index,
        "image_id": image_id,
        "seed": claim.shots[index][1],
        "stored_at": now.isoformat(),
    }
    connection.execute(schema.job_images.insert(), row)


def _lease_lost(claim: Claim) -> LeaseLost:
    return LeaseLost(f"The job {claim.job_id!r} is not this worker's any more.")


def _wanted(row: JobRow, number: int) -> Wanted:
    return Wanted(number, JobState(row.state), _previewed_until(row))


def _previewed_until(row: JobRow) -> datetime | None:
    until = row.previewed_until
    return None if until is None else datetime.fromisoformat(until)


def _stored_images(connection: sa.Connection, job_id: str) -> dict[int, str]:
    query = sa.select(_images.picture_index, _images.image_id).where(_images.job_id == job_id)
    return {row.picture_index: row.image_id for row in connection.execute(query)}


def _let_go(
    connection: sa.Connection,
    row: JobRow,
    happening: Happening,
    now: datetime,
    error: JobError | None,
    measures: Mapping[str, object],
) -> JobState:
    if happening is Happening.LOSE and row.fruitless >= MAX_ATTEMPTS:
        happening = Happening.PARK
    state = next_state(JobState(row.state), happening)
    assert state is not None, f"{row.state} cannot {happening}"
    values: dict[str, object] = {
        "worker": None,
        "lease": None,
        "error": error_text(error),
        "ended_at": now.isoformat() if state in OVER else None,
    }
    if happening is Happening.GIVE_BACK:
        values["fruitless"] = max(0, row.fruitless - 1)
    move(connection, row.job_id, state, values)
    _append_attempt(connection, row.job_id, happening, row.worker, now, error, measures)
    for forget in _FORGET:
        connection.execute(forget, {THIS_JOB: row.job_id})
    return state


def _append_attempt(
    connection: sa.Connection,
    job_id: str,
    happening: Happening,
    worker: str,
    now: datetime,
    error: JobError | None = None,
    measures: Mapping[str, object] | None = None,
) -> None:
    row = {
        "job_id": job_id,
        "happening": str(happening),
        "worker": worker,
        "happened_at": now.isoformat(),
        "error": error_text(error),
        **(measures or {}),
    }
    connection.execute(schema.job_attempts.insert(), row)


def _tell(connection: sa.Connection, job_id: str, told: Told) -> None:
    mine = schema.job_progress.c.job_id == job_id
    updated = connection.execute(schema.job_progress.update().where(mine).values(told._asdict()))
    if updated.rowcount == 0:
        connection.execute(schema.job_progress.insert().values(job_id=job_id, **told._asdict()))


def _show(
    connection: sa.Connection, job_id: str, previews: Mapping[int, bytes], number: object
) -> None:
    table = schema.job_previews
    for index, content in previews.items():
        mine = (table.c.job_id == job_id) & (table.c.picture_index == index)
        connection.execute(table.delete().where(mine))
        row = {"job_id": job_id, "picture_index": index, "number": number, "content": content}
        connection.execute(table.insert().values(row))
