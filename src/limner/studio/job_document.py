"""A job as the JSON document that every face shows."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from limner.core.jobs import Job, JobProgress


def job_document(job: Job) -> dict[str, object]:
    """The JSON form of a job; names as in `Job`, times in ISO 8601."""
    return {
        "job_id": job.job_id,
        "owner": job.owner,
        "state": str(job.state),
        "is_over": job.is_over,
        "created_at": job.created_at.isoformat(),
        "started_at": _time(job.started_at),
        "ended_at": _time(job.ended_at),
        "attempts": job.attempts,
        "priority": job.priority,
        "file_format": job.file_format,
        "client": job.client,
        "request": dict(job.request),
        "num_images": job.num_images,
        "progress": None if job.progress is None else progress_document(job.progress),
        "images": [
            {
                "index": one.index,
                "image_id": one.image_id,
                "outcome": str(one.outcome),
                "seed": one.seed,
            }
            for one in job.images
        ],
        "error": None
        if job.error is None
        else {"code": job.error.code, "message": job.error.message, "hint": job.error.hint},
    }


def progress_document(progress: JobProgress) -> dict[str, object]:
    """The JSON form of progress."""
    return {
        "step": progress.step,
        "num_steps": progress.num_steps,
        "num_images_done": progress.num_images_done,
        "num_images": progress.num_images,
        "seconds_left": progress.seconds_left,
    }


def _time(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()
