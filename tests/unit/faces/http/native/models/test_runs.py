"""Runs of suites over HTTP: operators read what was measured."""

from threading import Event

import pytest

from limner.studio.side_by_side import open_study
from limner.studio.working import run_worker


@pytest.fixture
def runs(begin):
    found = [begin(is_drawn=True) for _ in range(2)]
    begin(is_drawn=False)
    return [one.run_id for one in found]


def test_an_operator_lists_runs_and_how_far_each_is(runs, client):
    found = client("opal", "operate").get("/api/runs").json()
    assert sorted(one["num_pictures"] for one in found["runs"]) == [0, 4, 4]
    assert {one["num_wanted"] for one in found["runs"]} == {4}
    assert {one["state"] for one in found["runs"]} == {"unfinished", "finished"}
    assert found["before"] is None


def test_runs_are_listed_page_by_page(runs, client):
    asking, before, seen = client("opal", "operate"), None, []
    for _ in range(4):
        asked = {"limit": 2} | ({"before": before} if before else {})
        page = asking.get("/api/runs", params=asked).json()
        seen += [one["run"] for one in page["runs"]]
        before = page["before"]
        if before is None:
            break
    whole = asking.get("/api/runs").json()["runs"]
    assert seen == [one["run"] for one in whole]


def test_a_run_is_asked_for_drawn_by_a_worker_and_told_how_far_it_is(registry, studio, client):
    asking = client("opal", "operate")
    answer = asking.post("/api/runs", json={"suite": "own"})
    run = answer.json()["run"]
    assert (answer.status_code, answer.json()["state"]) == (202, "queued")
    run_worker(studio.parts, stop=Event(), is_once=True)
    found = asking.get(f"/api/runs/{run}/state").json()
    assert (found["state"], found["num_pictures"], found["num_wanted"]) == ("finished", 4, 4)
    assert asking.get(f"/api/runs/{run}").json()["is_whole"]


def test_a_run_is_stopped_and_gone_on_with(registry, studio, client):
    asking = client("opal", "operate")
    run = asking.post("/api/runs", json={"suite": "own", "seeds": [1, 2]}).json()["run"]
    assert asking.post(f"/api/runs/{run}/cancel").json()["state"] == "cancelled"
    run_worker(studio.parts, stop=Event(), is_once=True)
    assert asking.get(f"/api/runs/{run}/state").json()["num_pictures"] == 0
    assert asking.post(f"/api/runs/{run}/resume").json()["state"] == "queued"
    run_worker(studio.parts, stop=Event(), is_once=True)
    assert asking.get(f"/api/runs/{run}/state").json()["state"] == "finished"
    assert asking.post(f"/api/runs/{run}/resume").status_code == 409
    assert asking.post(f"/api/runs/{run}/cancel").json()["state"] == "finished"


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"suite": "nowhere"}, "There is no suite 'nowhere'"),
        ({"suite": "own", "model": "nobody"}, "nobody"),
        ({"suite": "own", "seeds": [3, 3]}, "name one of them twice"),
        ({"suite": "own", "seeds": [-1]}, "seeds"),
        ({"suite": "own", "limit": 0}, "limit"),
        ({"suite": "own", "cases": 3}, "cases"),
    ],
)
def test_what_cannot_be_run_is_refused_by_name(registry, studio, client, fields, said):
    answer = client("opal", "operate").post("/api/runs", json=fields)
    assert answer.status_code == 422
    assert said in answer.text
    assert studio.parts.store.runs.newest() == []


def test_stored_pictures_are_judged_again_by_a_worker_and_nothing_changes(runs, studio, client):
    asking = client("opal", "operate")
    before = asking.get(f"/api/runs/{runs[0]}").json()["results_sha256"]
    num = len(studio.parts.store.runs.scores(runs[0]))
    assert asking.post(f"/api/runs/{runs[0]}/score").json()["state"] == "queued"
    assert asking.post(f"/api/runs/{runs[0]}/score").status_code == 409
    run_worker(studio.parts, stop=Event(), is_once=True)
    assert asking.get(f"/api/runs/{runs[0]}/state").json()["state"] == "finished"
    assert asking.get(f"/api/runs/{runs[0]}").json()["results_sha256"] == before
    assert len(studio.parts.store.runs.scores(runs[0])) == num


def test_a_person_corrects_a_score_and_their_name_is_not_told(runs, studio, client):
    asking = client("opal", "operate")
    said = {
        "case": "one",
        "seed": 5,
        "check": "count",
        "verdict": "fail",
        "reason": "There are two.",
    }
    answer = asking.post(f"/api/runs/{runs[0]}/corrections", json=said)
    assert (answer.status_code, answer.json()["verdict"]) == (201, "fail")
    last = studio.parts.store.runs.scores(runs[0])[-1]
    assert (last.author, last.reason, last.verdict) == ("opal", "There are two.", "fail")
    assert asking.get(f"/api/runs/{runs[0]}").json()["num_corrected"] == 1
    for fault, status in (
        ({"check": "nobody"}, 404),
        ({"verdict": "unsure"}, 422),
        ({"reason": ""}, 422),
    ):
        assert (
            asking.post(f"/api/runs/{runs[0]}/corrections", json=said | fault).status_code == status
        )


def test_a_run_of_the_command_line_is_not_steered(runs, client):
    answer = client("opal", "operate").post(f"/api/runs/{runs[0]}/cancel")
    assert answer.status_code == 404
    assert "No worker was asked" in answer.text


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


def test_nobody_else_asks_for_runs(studio, client):
    answer = client("dana", "generate").post("/api/runs", json={"suite": "basics"})
    assert answer.status_code == 403
    assert studio.parts.store.runs.newest() == []


def test_gains_are_of_what_was_asked_for_and_not_of_runs(runs, client):
    found = client("opal", "operate").get("/api/gains", params={"since": "2026-01-01"}).json()
    assert (found["whole"]["num_drawn"], found["goals"]) == (0, [])


def test_a_number_too_long_to_read_is_refused_in_a_sentence(begin, client, studio):
    study = open_study(studio.parts, *(begin(is_drawn=True) for _ in range(2)))
    asking, number = client("opal", "operate", "admin"), "9" * 5000
    answer = {"choice": "left", "shown_at": "2026-01-01T00:00:00+00:00"}
    for path, fields, said in (
        (f"/evidence/studies/{study.study_id}", {"number": number, **answer}, "the pair"),
        ("/evidence", {"suite": "own", "limit": number}, "number of prompts"),
        ("/settings/tokens", {"name": "x", "scope": "generate", "days": number}, "number of days"),
    ):
        refused = asking.post(path, data=fields)
        assert refused.status_code == 422
        assert said in refused.text
