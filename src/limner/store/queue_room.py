"""Room in the queue of jobs: how many wait, and when somebody who is turned away may come again."""

from __future__ import annotations

import math

import sqlalchemy as sa

from limner.core.errors import QueueFull
from limner.core.jobs import (
    LEASED,
    MAX_WAITING,
    MAX_WAITING_PER_OWNER,
    MOST_WAITING,
    WAITING,
    JobState,
)
from limner.store import schema

UNMEASURED_SECONDS = 1.0  # taken for a picture before any was measured
MEASURED_ATTEMPTS = 20
DRAINED_SHARE = 0.25  # who is turned away comes back when so much of the queue is drawn
MAX_RETRY_SECONDS = 300

_jobs = schema.jobs.c
_attempts = schema.job_attempts.c
_IS_WAITING = _jobs.state.in_([str(one) for one in WAITING])
_IS_PAUSED = _jobs.state == str(JobState.PAUSED)
_IS_COUNTED = _jobs.state.in_([*(str(one) for one in WAITING), str(JobState.PAUSED)])
_IS_OWN = _jobs.owner == sa.bindparam("this_owner")
_COUNT_OTHERS = sa.select(
    sa.func.count().filter(_IS_WAITING),
    sa.func.count().filter(_IS_WAITING, _IS_OWN),
    sa.func.count().filter(_IS_PAUSED, _IS_OWN),
    sa.func.count(sa.distinct(_jobs.owner)).filter(_IS_WAITING),
).where(_IS_COUNTED, _jobs.job_id != sa.bindparam("this_job"))
_MEASURED = (
    sa.select(_attempts.seconds, _attempts.num_images)
    .where(_attempts.num_images > 0, _attempts.seconds.is_not(None))
    .order_by(_attempts.attempt_id.desc())
    .limit(MEASURED_ATTEMPTS)
)


def require_room(connection: sa.Connection, job_id: str, owner: str) -> None:
    """Refuse a job of this owner a place in the queue while too many others wait.

    A few people who fill the queue shut nobody out: who has less than an even share of it waiting
    is let in beyond, up to twice as many in all. What an owner has paused counts as theirs, or
    pausing would make room for ever more.

    Raises:
        QueueFull: says when there should be room, from measured times.
    """
    this = {"this_job": job_id, "this_owner": owner}
    num_all, num_own, num_paused, num_owners = connection.execute(_COUNT_OTHERS, this).one()
    if num_own + num_paused >= MAX_WAITING_PER_OWNER:
        num_theirs = num_own + num_paused
        fault = f"{num_theirs} jobs of yours wait or are paused; cancel what you no longer want"
    elif num_all >= MOST_WAITING or (
        num_all >= MAX_WAITING and num_own >= max(1, MAX_WAITING // (num_owners + 1))
    ):
        fault = f"{num_all} jobs wait already"
    else:
        return
    raise QueueFull(
        f"The queue is full: {fault}.", retry_after_seconds=_seconds_until_room(connection)
    )


def seconds_per_picture(connection: sa.Connection) -> float | None:
    """Measured over the last attempts that brought pictures; ``None`` before the first."""
    measured = connection.execute(_MEASURED).all()
    if not measured:
        return None
    return sum(one.seconds for one in measured) / sum(one.num_images for one in measured)


def _seconds_until_room(connection: sa.Connection) -> int:
    pictures = sa.select(sa.func.sum(_jobs.num_images)).where(_IS_WAITING)
    num_pictures = int(connection.scalar(pictures) or 0)
    leased = _jobs.state.in_([str(one) for one in LEASED])
    workers = sa.select(sa.func.count(sa.distinct(_jobs.worker))).where(leased)
    num_workers = max(1, connection.scalar(workers) or 0)
    seconds = seconds_per_picture(connection) or UNMEASURED_SECONDS
    wanted = math.ceil(num_pictures * seconds * DRAINED_SHARE / num_workers)
    return min(MAX_RETRY_SECONDS, max(1, wanted))


def num_waiting(connection: sa.Connection) -> int:
    """Jobs that are queued or drawn."""
    query = sa.select(sa.func.count()).select_from(schema.jobs).where(_IS_WAITING)
    return connection.scalar(query) or 0
