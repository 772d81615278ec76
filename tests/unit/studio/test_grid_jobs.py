"""Grids as jobs: all of their cells are queued, or none."""

import pytest

from limner.core.access import Principal, Scope
from limner.core.errors import BadInput, QueueFull, StorageUnavailable
from limner.core.records import Request
from limner.store import jobs as job_rows
from limner.store import queue_room
from limner.studio.grid_jobs import open_grid, submit_grid

ANN = Principal(name="ann", scopes=frozenset({Scope.GENERATE}), token_id="t")
FOX = Request(prompt="a fox")


def submit(studio, *axes):
    return submit_grid(studio.parts, studio.jobs, ANN, FOX, axes=axes)


def test_a_grid_has_a_job_for_every_cell(studio):
    grid = open_grid(studio.parts, studio.jobs, ANN, submit(studio, "steps=1,2", "seed=1..3"))
    assert [len(row) for row in grid.cells] == [2, 2, 2]
    asked = [(job.request["steps"], job.request["seed"]) for row in grid.cells for job in row]
    assert asked == [(1, 1), (2, 1), (1, 2), (2, 2), (1, 3), (2, 3)]


def test_a_grid_that_the_queue_takes_half_of_leaves_no_job_behind(studio, monkeypatch):
    monkeypatch.setattr(queue_room, "MAX_WAITING_PER_OWNER", 2)
    with pytest.raises(QueueFull):
        submit(studio, "seed=1..4")
    assert studio.jobs.list(owner=None) == []
    submit(studio, "seed=1..2")


def test_a_grid_with_one_bad_value_leaves_no_job_behind(studio):
    with pytest.raises(BadInput, match="steps"):
        submit(studio, "steps=1,2,999")
    assert studio.jobs.list(owner=None) == []


def test_a_grid_that_cannot_be_kept_itself_leaves_no_job_behind(studio, monkeypatch):
    def keep_grid(*_):
        raise StorageUnavailable

    monkeypatch.setattr(job_rows, "keep_grid", keep_grid)
    with pytest.raises(StorageUnavailable):
        submit(studio, "seed=1..2")
    assert studio.jobs.list(owner=None) == []
