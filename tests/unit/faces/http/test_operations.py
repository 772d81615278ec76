"""Metrics and the published schema."""

import pytest
from prometheus_client.parser import text_string_to_metric_families


@pytest.fixture
def metrics(client):
    """Read the metrics: ``metrics()["limner_jobs"][("finished",)]``."""

    def read():
        text = client("ops", "operate").get("/metrics").text
        return {
            (sample.name, *sample.labels.values()): sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        }

    return read


def test_jobs_are_counted_by_state(metrics, drawn, client):
    drawn()
    client().post("/api/jobs", json={"prompt": "a cat"})
    found = metrics()
    assert (found["limner_jobs", "finished"], found["limner_jobs", "queued"]) == (1, 1)
    assert found["limner_jobs", "failed"] == 0


def test_decisions_are_counted_by_outcome_and_by_what_took_them(metrics, drawn):
    drawn(num_images=2)
    assert metrics()["limner_decisions_total", "rule", "released"] == 2


def test_drawing_is_counted_and_timed(metrics, drawn):
    drawn(num_images=3)
    found = metrics()
    assert found["limner_drawing_seconds_count",] == 3
    assert found["limner_drawing_seconds_sum",] >= 0


def test_cards_that_wait_are_counted(metrics, drawn, hold):
    hold(drawn()["images"][0]["image_id"])
    assert metrics()["limner_reviews_waiting",] == 1


def test_requests_are_counted_by_route_and_not_by_address(metrics, client):
    client().get("/api/jobs/secret-job")
    found = metrics()
    assert found["limner_http_requests_total", "GET", "/api/jobs/{job_id}", "404"] == 1
    assert not any("secret" in part for key in found for part in key)


def test_addresses_without_a_route_share_one_label(metrics, stranger):
    for path in ("/a", "/b"):
        stranger.request("BREW", path)
    found = metrics()
    assert found["limner_http_requests_total", "any", "unmatched", "404"] == 2


def test_the_schema_is_published_with_the_tokens_it_asks_for(stranger):
    schema = stranger.get("/openapi.json").json()
    assert schema["paths"]["/api/jobs"]["post"]["security"] == [{"token": []}]
    assert schema["components"]["securitySchemes"]["token"]["scheme"] == "bearer"


def test_no_page_of_documentation_loads_scripts_from_elsewhere(client):
    answers = [client().get(path, headers={"Accept": "*/*"}) for path in ("/docs", "/redoc")]
    assert [one.status_code for one in answers] == [404, 404]
