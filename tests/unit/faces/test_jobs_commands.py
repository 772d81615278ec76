import json

import pytest
from painted_limner import painted_studio

from limner.core.records import Request


@pytest.fixture
def job_id(settings, painter):
    with painted_studio(settings, painter) as studio:
        return studio.jobs.submit(Request(prompt="a fox", num_images=2), owner="ann").job_id


def state_of(limner, job_id):
    return json.loads(limner("jobs", "show", job_id, "--json").stdout)["state"]


def test_a_worker_draws_what_waits_and_ends(limner, job_id):
    assert limner("worker", "--once").exit_code == 0
    assert state_of(limner, job_id) == "finished"


def test_a_list_has_one_line_for_each_job(limner, job_id):
    result = limner("jobs", "list")
    assert result.stdout.split()[:5] == [job_id, "queued", "0", "of", "2"]


def test_a_list_without_jobs_says_so(limner, job_id):
    result = limner("jobs", "list", "--owner", "nobody")
    assert (result.stdout, result.stderr) == ("", "There is no such job.\n")


def test_a_list_of_one_state_leaves_out_the_others(limner, job_id):
    assert limner("jobs", "list", "--state", "finished").stdout == ""


def test_an_unknown_state_is_refused(limner, job_id):
    result = limner("jobs", "list", "--state", "done")
    assert result.exit_code == 2
    assert "Unknown state 'done'; allowed are queued" in result.stderr


def test_show_tells_the_pictures_and_what_was_asked(limner, job_id):
    limner("worker", "--once")
    shown = limner("jobs", "show", job_id).stdout
    assert "asked for: a fox" in shown
    assert shown.count("released") == 2


def test_a_job_is_paused_resumed_cancelled_and_retried(limner, job_id):
    states = []
    for verb in ("pause", "resume", "cancel", "cancel", "retry"):
        assert limner("jobs", verb, job_id).exit_code == 0
        states.append(state_of(limner, job_id))
    assert states == ["paused", "queued", "cancelled", "cancelled", "queued"]


def test_an_unknown_job_is_one_sentence(limner):
    result = limner("jobs", "show", "nothing")
    assert (result.exit_code, result.stderr) == (
        2,
        "limner: There is no job with the id 'nothing'.\n",
    )


def test_a_finished_job_cannot_be_retried(limner, job_id):
    limner("worker", "--once")
    result = limner("jobs", "retry", job_id)
    assert result.exit_code == 2
    assert "is finished; retry does not fit" in result.stderr
