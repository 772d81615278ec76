"""What is said of an attempt that an error ended: given back, doubted, failed, or tried again."""

from __future__ import annotations

import logging
import traceback

from limner.core.errors import (
    BadInput,
    DrawingCancelled,
    JobDoubtful,
    LimnerError,
    StorageUnavailable,
    without_folders,
)
from limner.core.jobs import Happening, JobError

_log = logging.getLogger(__name__)


def ending_of(error: Exception, job_id: str) -> tuple[Happening, JobError | None]:
    """What happened to a job or run, and why it is not finished.

    Args:
        error: that ended the attempt; not that its lease was lost.
        job_id: of the job or run, for the log.
    """
    if isinstance(error, DrawingCancelled):
        return Happening.GIVE_BACK, None
    if not isinstance(error, LimnerError):
        return Happening.LOSE, _unforeseen(error, job_id)
    if isinstance(error, StorageUnavailable):  # holds no prompt; the asker is not told where it is
        facts = {"action": "job_not_stored", "job_id": job_id}
        _log.warning("An attempt met a fault of the storage: %s", error.message, extra=facts)
    is_theirs = isinstance(error, BadInput)  # what they wrote is said as they wrote it
    message = error.message if is_theirs else without_folders(error.message)
    said = JobError(code=error.code, message=message, hint=error.hint)
    if isinstance(error, JobDoubtful):
        return Happening.DOUBT, said
    return Happening.LOSE if error.retryable else Happening.FAIL, said


def _unforeseen(error: Exception, job_id: str) -> JobError:
    """Names the kind of the error and its place; its words may hold a prompt."""
    place = traceback.extract_tb(error.__traceback__)[-1]
    facts = {"action": "job_attempt_broken", "job_id": job_id}
    told = (type(error).__name__, place.filename, place.lineno)
    _log.warning("An attempt broke: %s in %s, line %s", *told, extra=facts)
    message = f"Drawing ended by a fault nobody foresaw: {type(error).__name__}."
    return JobError(code="internal", message=message)
