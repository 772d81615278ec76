"""Studies over HTTP: operators see how far each is, and what its answers came to."""

import pytest

from limner.core.studies import Choice
from limner.studio.side_by_side import answer_pair, next_pair, open_study


@pytest.fixture
def study(registry, begin):
    runs = [begin(is_drawn=True) for _ in range(2)]
    return open_study(registry.parts, *runs)


def answer_all(parts, study, name):
    num = 0
    while (shown := next_pair(parts, study, name)) is not None:
        answer_pair(parts, study, shown.number, Choice.LEFT, name=name, seconds=1.0)
        num += 1
    return num


def test_an_operator_lists_studies_and_how_far_each_is(study, studio, client):
    asking = client("opal", "operate")
    before = asking.get("/api/studies").json()["studies"]
    num = answer_all(studio.parts, study, "ann")
    (after,) = asking.get("/api/studies").json()["studies"]
    assert [one["num_answers"] for one in before] == [0]
    assert (after["study"], after["num_answers"]) == (study.study_id, num)
    assert (after["num_pairs"], after["started_at"]) == (num, study.begun_at.isoformat())


def test_studies_are_listed_page_by_page(study, client):
    asking = client("opal", "operate")
    page = asking.get("/api/studies", params={"limit": 1}).json()
    assert page["before"] == study.study_id
    older = asking.get("/api/studies", params={"before": page["before"]}).json()
    assert older == {"studies": [], "before": None}


def test_a_ranking_has_an_interval_for_each_model_and_names_nobody(study, studio, client):
    num = answer_all(studio.parts, study, "ann")
    answer = client("opal", "operate").get(f"/api/studies/{study.study_id}")
    assert answer.json()["num_answers"] == num
    assert answer.json()["num_people"] == 1
    assert "ann" not in answer.text


@pytest.mark.parametrize(("study_id", "status"), [("study-000000000000", 404), ("last", 422)])
def test_what_is_no_study_is_refused(studio, client, study_id, status):
    assert client("opal", "operate").get(f"/api/studies/{study_id}").status_code == status


@pytest.mark.parametrize("path", ["studies", "studies/study-000000000000"])
def test_nobody_else_reads_studies(studio, client, path):
    assert client("dana", "generate").get(f"/api/{path}").status_code == 403
