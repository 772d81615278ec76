"""The table of states, held against what is promised about jobs."""

from itertools import product

import pytest

from limner.core.errors import BadInput
from limner.core.jobs import (
    LEASED,
    OVER,
    WAITING,
    Happening,
    JobState,
    next_state,
    require_job_id,
)

EVERY = list(product(JobState, Happening))
BY_WORKER = {
    Happening.FINISH,
    Happening.FAIL,
    Happening.GIVE_BACK,
    Happening.LOSE,
    Happening.PARK,
    Happening.DOUBT,
}


@pytest.mark.parametrize("state", JobState)
def test_every_state_is_over_or_waiting_or_paused(state):
    assert (state in OVER) + (state in WAITING) + (state is JobState.PAUSED) == 1


@pytest.mark.parametrize(("state", "happening"), EVERY)
def test_only_a_leased_job_can_become_finished(state, happening):
    if next_state(state, happening) is JobState.FINISHED and state is not JobState.FINISHED:
        assert state in LEASED
        assert happening is Happening.FINISH


@pytest.mark.parametrize(("state", "happening"), [*product(JobState, sorted(BY_WORKER))])
def test_what_a_worker_says_counts_only_while_it_holds_the_job(state, happening):
    assert (next_state(state, happening) is not None) == (state in LEASED)


@pytest.mark.parametrize("state", JobState)
def test_only_a_queued_job_can_be_claimed(state):
    assert (next_state(state, Happening.CLAIM) is not None) == (state is JobState.QUEUED)


@pytest.mark.parametrize("state", JobState)
def test_every_job_can_be_cancelled_and_again_without_effect(state):
    once = next_state(state, Happening.CANCEL)
    assert once is not None
    assert next_state(once, Happening.CANCEL) is once


@pytest.mark.parametrize("state", sorted(OVER))
def test_what_is_over_leaves_its_state_only_by_retry(state):
    for happening in set(Happening) - {Happening.RETRY}:
        assert next_state(state, happening) in (None, state)


@pytest.mark.parametrize("state", sorted(OVER))
def test_every_job_that_is_over_can_be_retried_but_a_finished_one(state):
    expected = None if state is JobState.FINISHED else JobState.QUEUED
    assert next_state(state, Happening.RETRY) is expected


@pytest.mark.parametrize("state", sorted(LEASED))
def test_a_lost_worker_never_ends_a_job_as_finished_or_failed(state):
    assert next_state(state, Happening.LOSE) in (
        JobState.QUEUED,
        JobState.PAUSED,
        JobState.CANCELLED,
    )


def test_a_cancelled_job_whose_worker_dies_is_cancelled():
    assert next_state(JobState.CANCELLING, Happening.LOSE) is JobState.CANCELLED


def test_a_cancel_after_the_last_picture_leaves_the_job_finished():
    assert next_state(JobState.CANCELLING, Happening.FINISH) is JobState.FINISHED


def test_a_pause_that_is_taken_back_in_time_lets_drawing_go_on():
    assert next_state(JobState.PAUSING, Happening.RESUME) is JobState.RUNNING


@pytest.mark.parametrize("job_id", ["a", "7", "job-1.b:c_d", "x" * 128])
def test_a_client_may_choose_plain_ids(job_id):
    assert require_job_id(job_id) == job_id


@pytest.mark.parametrize("job_id", ["", "-a", "../etc", "a b", "a/b", "é", "x" * 129, "a\n"])
def test_other_ids_are_refused(job_id):
    with pytest.raises(BadInput, match="allowed are 1 to 128 letters"):
        require_job_id(job_id)
