"""The registry over HTTP: everybody reads it, operators move versions under their own names."""

from datetime import timedelta

import pytest


@pytest.fixture
def opal(client):
    return client("opal", "operate")


def test_anybody_reads_what_serves(registry, client):
    registry.promoted("2")
    found = client("rita", "review").get("/api/registry").json()
    assert [(one["model"], one["aliases"]) for one in found] == [
        ("painted@1", []),
        ("painted@2", ["default"]),
    ]


def test_an_operator_promotes_as_far_as_the_gate_lets(registry, opal):
    registry.measure(registry.propose("2"))
    found = [opal.post("/api/registry/painted@2/promote", json={}).json() for _ in range(2)]
    assert [one["version"]["stage"] for one in found] == ["evaluating", "shadow"]
    assert [one["gate"] and one["gate"]["verdict"] for one in found] == [None, "pass"]


def test_a_closed_gate_moves_nothing_and_says_why(registry, opal):
    registry.propose("2")
    opal.post("/api/registry/painted@2/promote", json={})
    found = opal.post("/api/registry/painted@2/promote", json={}).json()
    assert (found["is_moved"], found["gate"]["verdict"]) == (False, "insufficient")
    assert {one["lack"] for one in found["gate"]["rules"]} == {"missing"}


def test_rolling_back_holds_in_this_server_at_once(registry, opal):
    registry.promoted("2")
    assert registry.parts.generator.card.version == "2"
    answer = opal.post("/api/registry/rollback", json={"reason": "Worse."})
    assert answer.json()["model"] == "painted@1"
    assert registry.parts.generator.card.version == "1"


def test_two_tokens_of_two_people_waive_and_of_one_do_not(registry, client, opal):
    registry.measure(registry.propose("2"), {"whole": (0.99, 0.97, 1.0)})
    fields = {"rule": "counts", "reason": "x", "until": "2026-02-01"}
    verdicts = []
    for who in (opal, client("opal", "operate"), client("otto", "operate")):
        registry.now += timedelta(minutes=1)
        assert who.post("/api/registry/painted@2/waivers", json=fields).status_code == 200
        verdicts.append(opal.get("/api/registry/painted@2/gate").json()["verdict"])
    assert verdicts == ["insufficient", "insufficient", "pass"]


def test_a_card_is_given_to_anybody(registry, client):
    registry.promoted("2")
    found = client("rita", "review").get("/api/registry/painted@2/card").json()
    assert found["capabilities"][0]["standing"] == "reliable"


def test_what_is_due_is_for_operators(registry, client, opal):
    registry.propose("2")
    assert "painted@2" in [one["name"] for one in opal.get("/api/registry/due").json()]
    assert client("dana", "generate").get("/api/registry/due").status_code == 403


@pytest.mark.parametrize("what", ["promote", "pause", "review", "waivers"])
def test_nobody_else_moves_anything(registry, client, what):
    registry.propose("2")
    answer = client("dana", "generate").post(f"/api/registry/painted@2/{what}", json={})
    assert answer.status_code == 403


@pytest.mark.parametrize(
    ("path", "fields", "status"),
    [
        ("posters/promote", {}, 404),
        ("painted@1/promote", {}, 409),
        ("painted@2/pause", {"reason": ""}, 422),
        ("painted@2/review", {"review_by": "2020-01-01"}, 422),
        ("painted@2/waivers", {"rule": "beauty", "reason": "x", "until": "2026-02-01"}, 422),
        ("rollback", {"reason": "x"}, 409),
    ],
)
def test_what_cannot_be_done_is_refused_by_its_status(registry, opal, path, fields, status):
    registry.propose("2")
    assert opal.post(f"/api/registry/{path}", json=fields).status_code == status
