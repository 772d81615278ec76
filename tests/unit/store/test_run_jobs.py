"""Runs that workers draw as rows, on every database: one holder at a time, and pages of lists."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from ledgers import NOW

from limner.core.errors import JobConflict, LeaseLost
from limner.core.jobs import Happening, JobState
from limner.core.runs import Run, RunTask
from limner.core.studies import Study

RUN = Run(
    run_id="run-0",
    suite="own",
    suite_sha256="sha256:a",
    model="painted@1",
    model_sha256="sha256:b",
    checks_sha256="sha256:c",
    criteria_sha256="",
    started_at=NOW,
    document={},
)


def add(store, run_id, task=RunTask.DRAW):
    store.run_jobs.add(run_id, task, owner="ada", now=NOW)


def test_a_run_is_held_by_one_worker_alone(store):
    add(store, "run-1")
    add(store, "run-2")
    with ThreadPoolExecutor(4) as pool:
        claims = list(pool.map(store.run_jobs.claim, ["w1", "w2", "w3", "w4"]))
    held = [one.run_id for one in claims if one is not None]
    assert sorted(held) == ["run-1", "run-2"]


def test_who_lost_a_run_is_told_so_by_every_write(store):
    add(store, "run-1")
    first = store.run_jobs.claim("w1")
    (held,) = store.run_jobs.held()
    assert store.run_jobs.lose(held) is JobState.QUEUED
    second = store.run_jobs.claim("w2")
    for write in (store.run_jobs.beat, lambda one: store.run_jobs.end(one, Happening.FINISH)):
        with pytest.raises(LeaseLost):
            write(first)
    assert store.run_jobs.end(second, Happening.FINISH) is JobState.FINISHED


def test_a_worker_that_was_heard_from_meanwhile_loses_nothing(store):
    add(store, "run-1")
    claim = store.run_jobs.claim("w1")
    (held,) = store.run_jobs.held()
    store.run_jobs.beat(claim)
    assert store.run_jobs.lose(held) is None


def test_a_worker_that_let_go_meanwhile_loses_nothing(store):
    add(store, "run-1")
    claim = store.run_jobs.claim("w1")
    (held,) = store.run_jobs.held()
    store.run_jobs.end(claim, Happening.FINISH)
    assert store.run_jobs.lose(held) is None
    assert store.run_jobs.find("run-1").state is JobState.FINISHED


def test_what_is_over_can_be_asked_for_again_and_what_is_not_cannot(store):
    add(store, "run-1")
    with pytest.raises(JobConflict, match="run-1 is queued"):
        add(store, "run-1", RunTask.SCORE)
    store.run_jobs.end(store.run_jobs.claim("w1"), Happening.FINISH)
    add(store, "run-1", RunTask.SCORE)
    claim = store.run_jobs.claim("w1")
    assert (claim.task, claim.lease) == (RunTask.SCORE, 2)


def test_runs_and_studies_are_listed_from_where_a_page_ended(store):
    for k in range(3):
        begun = NOW + timedelta(hours=k // 2)  # two began at once
        store.runs.begin(replace(RUN, run_id=f"run-{k}", started_at=begun))
        store.studies.begin(
            Study(study_id=f"study-{k}", first_run="a", second_run="b", begun_at=begun, pairs=())
        )
    for rows, name in ((store.runs, "run"), (store.studies, "study")):
        ids = [getattr(one, f"{name}_id") for one in rows.newest(before=f"{name}-2")]
        assert ids == [f"{name}-1", f"{name}-0"]
        assert rows.newest(before=f"{name}-0") == rows.newest(before="nobody") == []
