"""Runs that workers draw: asked for once, stopped and gone on with, and the same numbers."""

import time
from contextlib import contextmanager
from threading import Event

import pytest
from registries import SUITE, Registry

from limner.core.errors import BadInput, JobConflict, NotFound
from limner.core.jobs import MAX_ATTEMPTS, JobState
from limner.core.records import Request
from limner.evals.measuring import results_document
from limner.executors.local import Presence
from limner.store.evidence import evidence_of
from limner.studio.eval_judging import Checks
from limner.studio.eval_report import report_on
from limner.studio.eval_runs import begin_run, draw_run, find_run
from limner.studio.run_drawing import RunDrawer
from limner.studio.run_jobs import (
    Asked,
    ask_run,
    ask_scores,
    cancel_run,
    require_free,
    resume_run,
    state_of,
)
from limner.studio.studio import Studio
from limner.studio.suite_file import read_suite
from limner.studio.working import run_worker

CASES = "".join(
    f"  - {{id: case-{k}, prompt: {k} things, concept: x, count: {k}}}\n" for k in (1, 2, 3)
)


@pytest.fixture
def registry(tmp_path):
    registry = Registry(tmp_path / "home")
    three = SUITE.replace("name: own", "name: three").partition("  - {id")[0] + CASES
    (registry.home / "suites" / "three.yaml").write_text(three)
    yield registry
    registry.parts.close()


@pytest.fixture
def parts(registry):
    return registry.parts


def ask(parts, **said):
    return ask_run(parts, Asked("three", **said), owner="ada").run_id


def state(parts, run_id):
    return parts.store.run_jobs.find(run_id).state


def num_cases(parts, run_id):
    return len({one.spot.case_id for one in parts.store.runs.pictures(run_id)})


def work(parts):
    """A worker as `limner worker --once` has it."""
    run_worker(parts, stop=Event(), is_once=True)


@contextmanager
def drawer(parts, *, is_idle=lambda: True, stop=None, lease_seconds=60.0):
    """What draws runs in a worker of its own."""
    presence = Presence(parts.settings.home / "workers")
    try:
        yield RunDrawer(
            parts,
            presence,
            is_idle=is_idle,
            read_seconds=time.monotonic,
            stop=stop or Event(),
            lease_seconds=lease_seconds,
        )
    finally:
        presence.close()


def after_case(parts, monkeypatch, do):
    """Have `do` happen when the first case of a run is stored."""
    real, done = parts.store.runs.add, []

    def add(run_id, pictures, scores):
        real(run_id, pictures, scores)
        if not done:
            done.append(do())

    monkeypatch.setattr(parts.store.runs, "add", add)


def test_a_run_that_is_asked_for_is_drawn_by_a_worker_with_its_evidence(parts):
    run_id = ask(parts)
    assert (state(parts, run_id), num_cases(parts, run_id)) == (JobState.QUEUED, 0)
    work(parts)
    assert (state(parts, run_id), num_cases(parts, run_id)) == (JobState.FINISHED, 3)
    run = find_run(parts, run_id)
    with parts.store.models.reading() as connection:
        found = evidence_of(connection, run.model_sha256)
    assert {one.run for one in found} == {run_id}
    assert {one.asked_by for one in found} == {"ada"}


def test_a_worker_comes_to_the_numbers_of_the_command(parts):
    suite, checks = read_suite(str(parts.settings.home / "suites" / "three.yaml")), Checks(parts)
    expected = draw_run(parts, begin_run(parts, suite, checks), checks)
    run_id = ask_run(parts, Asked("three"), owner="ada").run_id
    work(parts)
    found = report_on(parts, find_run(parts, run_id)).metrics
    assert results_document(found) == results_document(expected)


def test_asking_again_for_what_waits_is_the_same_run(parts):
    assert ask(parts) == ask(parts)
    assert len(parts.store.run_jobs.by_run()) == 1


def test_a_part_of_a_suite_gives_gates_no_evidence(parts):
    run_id = ask(parts, num_cases=1)
    work(parts)
    run = find_run(parts, run_id)
    with parts.store.models.reading() as connection:
        assert evidence_of(connection, run.model_sha256) == []
    assert (run.suite, num_cases(parts, run_id)) == ("three-part", 1)


def test_what_is_cancelled_before_it_is_drawn_is_never_drawn(parts):
    run_id = ask(parts)
    cancel_run(parts, run_id)
    work(parts)
    assert (state(parts, run_id), num_cases(parts, run_id)) == (JobState.CANCELLED, 0)


def test_a_cancelled_run_keeps_what_is_drawn_and_goes_on_from_there(parts, monkeypatch):
    run_id = ask(parts)
    after_case(parts, monkeypatch, lambda: cancel_run(parts, run_id))
    work(parts)
    assert (state(parts, run_id), num_cases(parts, run_id)) == (JobState.CANCELLED, 1)
    drawn = {one.spot: one.drawn_at for one in parts.store.runs.pictures(run_id)}
    resume_run(parts, run_id)
    work(parts)
    assert (state(parts, run_id), num_cases(parts, run_id)) == (JobState.FINISHED, 3)
    after = {one.spot: one.drawn_at for one in parts.store.runs.pictures(run_id)}
    assert drawn.items() <= after.items()


def test_asking_for_a_cancelled_run_goes_on_with_it(parts, monkeypatch):
    run_id = ask(parts)
    after_case(parts, monkeypatch, lambda: cancel_run(parts, run_id))
    work(parts)
    assert ask(parts) == run_id
    assert state(parts, run_id) is JobState.QUEUED


def test_a_worker_that_stops_gives_its_run_back(parts, monkeypatch):
    run_id, stop = ask(parts), Event()
    after_case(parts, monkeypatch, stop.set)
    run_worker(parts, stop=stop)
    assert (state(parts, run_id), num_cases(parts, run_id)) == (JobState.QUEUED, 1)


def test_a_worker_that_is_gone_loses_its_run_to_another(parts):
    run_id = ask(parts)
    parts.store.run_jobs.claim("worker-000000000000")
    with drawer(parts, lease_seconds=0.0) as other:
        other.take_back_lost()
        assert state(parts, run_id) is JobState.QUEUED
        other.take()()
    assert (state(parts, run_id), num_cases(parts, run_id)) == (JobState.FINISHED, 3)


def test_who_lost_a_run_writes_nothing_about_it_any_more(parts, monkeypatch):
    run_id = ask(parts)

    def lose():
        (held,) = parts.store.run_jobs.held()
        parts.store.run_jobs.lose(held)

    after_case(parts, monkeypatch, lose)
    with drawer(parts) as late:
        late.take()()
    assert (state(parts, run_id), num_cases(parts, run_id)) == (JobState.QUEUED, 1)


def test_a_run_whose_workers_die_again_and_again_is_set_aside(parts):
    run_id, jobs = ask(parts), parts.store.run_jobs
    for _ in range(MAX_ATTEMPTS):
        jobs.claim("worker-000000000000")
        (held,) = jobs.held()
        jobs.lose(held)
    assert state(parts, run_id) is JobState.PARKED
    assert jobs.find(run_id).error.code == "worker_lost"
    resume_run(parts, run_id)
    work(parts)
    assert state(parts, run_id) is JobState.FINISHED


def test_a_fault_nobody_foresaw_is_told_and_tried_again(parts, monkeypatch):
    run_id = ask(parts)
    monkeypatch.setattr("limner.studio.run_drawing.draw_whole", lambda *_: 1 / 0)
    work(parts)
    job = parts.store.run_jobs.find(run_id)
    assert (job.state, job.attempts) == (JobState.PARKED, MAX_ATTEMPTS)
    assert "ZeroDivisionError" in job.error.message


def test_a_run_waits_between_two_cases_while_a_job_is_in_hand(parts, monkeypatch):
    run_id, waited = ask(parts), []
    busy = iter([True, False, False, True])  # taken; after the first case a job is in hand, twice

    with drawer(parts, is_idle=lambda: next(busy, True), stop=Waited(waited)) as draws:
        draws.take()()
    assert state(parts, run_id) is JobState.FINISHED
    assert len(waited) == 2


class Waited(Event):
    """An event that says how often it was waited for."""

    def __init__(self, waited):
        super().__init__()
        self._waited = waited

    def wait(self, timeout=None):
        self._waited.append(timeout)
        return False


def test_a_job_is_drawn_before_a_run(parts):
    with Studio(parts) as studio:
        ask(parts)
        studio.jobs.submit(Request(prompt="a fox", seed=1), owner="ann")
        work(parts)
        (job,) = studio.jobs.list(owner=None)
        first = min(one.drawn_at for one in parts.store.runs.pictures(ask_id(parts)))
        assert job.ended_at <= first


def ask_id(parts):
    return next(iter(parts.store.run_jobs.by_run()))


def test_a_run_is_not_gone_on_with_when_a_check_has_changed(parts, monkeypatch):
    run_id = ask(parts)
    monkeypatch.setattr("limner.studio.run_drawing.is_drawn_alike", lambda *_: False)
    work(parts)
    job = parts.store.run_jobs.find(run_id)
    assert (job.state, job.error.code) == (JobState.FAILED, "run_outdated")


def test_a_run_that_was_stopped_and_scored_is_unfinished_and_goes_on_when_asked_for(
    parts, monkeypatch
):
    run_id = ask(parts)
    after_case(parts, monkeypatch, lambda: cancel_run(parts, run_id))
    work(parts)
    ask_scores(parts, find_run(parts, run_id), owner="ada")
    work(parts)
    assert num_cases(parts, run_id) == 1
    assert state_of(parts.store.run_jobs.find(run_id), is_whole=False) == "unfinished"
    assert ask(parts) == run_id
    work(parts)
    assert (state(parts, run_id), num_cases(parts, run_id)) == (JobState.FINISHED, 3)


def test_the_command_leaves_alone_what_a_worker_is_to_draw(parts):
    run = find_run(parts, ask(parts))
    with pytest.raises(JobConflict, match="A worker is drawing the run"):
        require_free(parts, run)
    cancel_run(parts, run.run_id)
    require_free(parts, run)


def test_a_suite_nobody_has_is_refused_with_those_there_are(parts):
    for name in ("nowhere", "../own", "suites/own.yaml"):
        with pytest.raises(BadInput, match=r"There is no suite .*; there are basics, .*own, three"):
            ask_run(parts, Asked(name), owner="ada")


def test_a_model_nobody_has_is_refused(parts):
    with pytest.raises(BadInput, match="model"):
        ask(parts, model="nobody")


def test_a_run_of_the_command_line_is_not_steered(parts):
    suite = read_suite(str(parts.settings.home / "suites" / "own.yaml"))
    run = begin_run(parts, suite, Checks(parts))
    for steer in (cancel_run, resume_run):
        with pytest.raises(NotFound, match="No worker was asked") as caught:
            steer(parts, run.run_id)
        assert "the same command" in caught.value.hint


def test_a_finished_run_is_not_gone_on_with(parts):
    run_id = ask(parts)
    work(parts)
    with pytest.raises(JobConflict, match="is finished; there is nothing to retry"):
        resume_run(parts, run_id)
