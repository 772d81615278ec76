"""A job as its row, and a row as a job with what other tables know of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from limner.core.deciding import Outcome
from limner.core.hashing import canonical_json
from limner.core.jobs import LEASED, OVER, Job, JobError, JobImage, JobProgress, JobState
from limner.core.records import FileFormat
from limner.store import schema

SILENT_SECONDS = 30.0  # a worker that was not heard from for so long may be dead

_images = schema.job_images.c
_progress = schema.job_progress.c
_OUTCOME = (
    sa.select(schema.decisions.c.outcome)
    .where(schema.decisions.c.image_id == _images.image_id)
    .order_by(schema.decisions.c.decision_id.desc())
    .limit(1)
    .scalar_subquery()
)
_IMAGES_OF = (
    sa.select(_images.picture_index, _images.image_id, _images.seed, _OUTCOME.label("outcome"))
    .where(_images.job_id == sa.bindparam("this_job"))
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
        previewed_until: while somebody looks at previews.
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
    previewed_until: datetime | None = None


def state_of(word: str) -> JobState:
    """The state with this word; one that this version does not know is unknown."""
    try:
        return JobState(word)
    except ValueError:
        return JobState.UNKNOWN


def error_text(error: JobError | None) -> str | None:
    """An error as a column holds it."""
    if error is None:
        return None
    return canonical_json({"code": error.code, "message": error.message, "hint": error.hint})


def values_of(new: NewJob, number: int) -> dict[str, object]:
    """The row of a job that is queued at this number of the clock."""
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
        "previewed_until": new.previewed_until and new.previewed_until.isoformat(),
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


def job_of(connection: sa.Connection, row: JobRow, now: datetime) -> Job:
    """A job as it stands."""
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
        for row in connection.execute(_IMAGES_OF, {"this_job": job_id})
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
