"""Criteria over HTTP: what is in force, what a candidate would change, and freezing it."""

import pytest
import yaml
from painted_limner import WHOLE


@pytest.fixture
def stricter():
    """The criteria in force, with limits that nothing passes."""
    document = yaml.safe_load(WHOLE.read_text())
    document["criteria"][0].update(limits={"pass_at": 2.0, "fail_at": -1.0}, unsure="hold")
    return yaml.safe_dump(document)


def test_anybody_reads_what_is_in_force(client):
    document = client("rita", "review").get("/api/criteria").json()
    assert (document["name"], document["is_overdue"]) == ("whole", False)
    assert any("Is this a whole picture?" in one for one in document["sentences"])


def test_a_candidate_says_what_would_be_held(client, drawn, stricter):
    drawn()
    found = client().post("/api/criteria/preview", json={"text": stricter}).json()
    assert found["counts"] == [{"before": "released", "after": "held", "num_images": 1}]


def test_images_of_others_are_not_looked_back_at(client, drawn, stricter):
    drawn()
    found = client("eve", "generate").post("/api/criteria/preview", json={"text": stricter}).json()
    assert (found["num_images"], found["changed"]) == (0, [])


def test_a_wrong_candidate_is_the_fault_of_who_sent_it(client):
    answer = client().post("/api/criteria/preview", json={"text": "format: nothing"})
    assert (answer.status_code, answer.json()["code"]) == (422, "criteria_invalid")


def test_operators_freeze(client, stricter):
    opal = client("opal", "operate")
    answers = [opal.post("/api/criteria/freeze", json={"text": stricter}).json() for _ in "ab"]
    assert [one["is_new"] for one in answers] == [True, False]


def test_nobody_else_freezes(client, stricter):
    assert client().post("/api/criteria/freeze", json={"text": stricter}).status_code == 403
