"""How a compatible interface answers for a job that brought nothing."""

from dataclasses import replace

import pytest
from job_rows import new_job

from limner.core.jobs import JobError, JobState
from limner.faces.http.compat.deliveries import unfinished_error
from limner.faces.http.problems import problem_of
from limner.store.job_records import queued_job


@pytest.mark.parametrize(
    ("state", "code", "message", "status"),
    [
        (JobState.FAILED, "prompt_empty", "The prompt is empty.", 422),
        (JobState.FAILED, "moderation_blocked", "The terms are blocked.", 400),
        (JobState.PARKED, "storage_unavailable", "Cannot write 'x': the disk is full.", 507),
        (JobState.PARKED, "storage_unavailable", "The database is locked.", 503),
        (JobState.FAILED, "generator_unavailable", "The engine is not there.", 503),
        (JobState.FAILED, "engine_lost", "The engine is gone.", 500),
        (JobState.FAILED, "seal_failed", "It cannot be sealed.", 500),
        (JobState.PARKED, "worker_lost", "The worker is gone.", 500),
    ],
)
def test_what_a_worker_met_is_answered_as_what_it_is(state, code, message, status):
    error = JobError(code=code, message=message)
    job = replace(queued_job(new_job("a")), state=state, is_over=True, error=error)
    problem = problem_of(unfinished_error(job))
    assert (problem.status, problem.detail) == (status, message)
    assert "/api/jobs/a" in problem.hint
