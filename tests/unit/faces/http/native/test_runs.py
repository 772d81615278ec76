"""Runs of suites over HTTP: operators read what was measured."""

import pytest
from registries import Registry

from limner.studio.eval_judging import Checks
from limner.studio.eval_runs import begin_run, draw_run
from limner.studio.studio import Studio
from limner.studio.suite_file import read_suite


@pytest.fixture
def registry(tmp_path):
    return Registry(tmp_path / "home")


@pytest.fixture
def studio(registry):
    with Studio(registry.parts) as opened:
        yield opened


@pytest.fixture
def runs(registry, studio):
    suite = read_suite(str(registry.home / "suites" / "own.yaml"))
    checks = Checks(registry.parts)
    found = [begin_run(registry.parts, suite, checks) for _ in range(2)]
    for one in found:
        draw_run(registry.parts, one, checks)
    begin_run(registry.parts, suite, checks)
    return [one.run_id for one in found]


def test_an_operator_lists_runs_and_how_far_each_is(runs, client):
    found = client("opal", "operate").get("/api/runs").json()
    assert sorted(one["num_pictures"] for one in found) == [0, 4, 4]
    assert {one["num_wanted"] for one in found} == {4}


def test_a_report_is_that_of_the_command(runs, client):
    found = client("opal", "operate").get(f"/api/runs/{runs[0]}").json()
    assert (found["run"], found["is_whole"], found["num_pictures"]) == (runs[0], True, 4)
    assert found["aspects"]["toxicity"] == "not measured"


def test_two_runs_are_compared(runs, client):
    asked = {"first": runs[0], "second": runs[1]}
    found = client("opal", "operate").get("/api/runs/compared", params=asked).json()
    assert {one["winner"] for one in found["differences"].values()} == {None}


@pytest.mark.parametrize(
    ("path", "status"),
    [("run-000000000000", 404), ("last", 422), ("compared?first=run-000000000000", 422)],
)
def test_what_is_no_run_is_refused(runs, client, path, status):
    assert client("opal", "operate").get(f"/api/runs/{path}").status_code == status


@pytest.mark.parametrize("path", ["runs", "gains"])
def test_nobody_else_reads_runs_or_gains(studio, client, path):
    assert client("dana", "generate").get(f"/api/{path}").status_code == 403


def test_gains_are_of_what_was_asked_for_and_not_of_runs(runs, client):
    found = client("opal", "operate").get("/api/gains", params={"since": "2026-01-01"}).json()
    assert (found["whole"]["num_drawn"], found["goals"]) == (0, [])
