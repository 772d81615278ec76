"""What every request passes: host, origin, token, rate, size, and the headers of every answer."""

from datetime import timedelta

import pytest
from fastapi.testclient import TestClient

from limner.core.errors import TooManyRequests
from limner.faces.http.app import make_app
from limner.faces.http.door import MAX_BODY_BYTES, SECURITY_HEADERS
from limner.faces.http.rates import Rate, Rates
from limner.studio.tokens import Tokens

ADDRESS = "http://127.0.0.1:8000"


def test_health_answers_without_a_token(stranger):
    assert stranger.get("/health").json()["status"] == "ok"


def test_an_answer_carries_the_request_id_that_was_sent(stranger):
    answer = stranger.get("/health", headers={"X-Request-Id": "abc-1"})
    assert answer.headers["x-request-id"] == "abc-1"


@pytest.mark.parametrize("sent", ["a b", "x" * 65, "<script>", "a;b"])
def test_a_request_id_that_is_no_plain_word_is_replaced(stranger, sent):
    answer = stranger.get("/health", headers={"X-Request-Id": sent})
    assert answer.headers["x-request-id"] != sent


def test_a_probe_that_asks_for_no_body_is_told_that_the_server_answers(stranger):
    answer = stranger.head("/health")
    assert (answer.status_code, answer.content) == (200, b"")


@pytest.mark.parametrize("path", ["/health", "/metrics", "/nothing-here"])
def test_every_answer_carries_the_security_headers(stranger, path):
    answer = stranger.get(path)
    assert {name: answer.headers[name] for name in SECURITY_HEADERS} == SECURITY_HEADERS


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "localhost@evil.example", "", "[::1", "a b"]
)
def test_a_host_name_that_is_not_ours_is_refused(stranger, host):
    answer = stranger.get("/health", headers={"Host": host})
    assert (answer.status_code, answer.json()["code"]) == (403, "host_unknown")


@pytest.mark.parametrize("host", ["localhost:8000", "127.0.0.1", "[::1]:8000", "LOCALHOST"])
def test_loopback_names_are_ours(stranger, host):
    assert stranger.get("/health", headers={"Host": host}).status_code == 200


def test_a_configured_host_name_is_ours(studio):
    with TestClient(make_app(studio, hosts=["studio.example"])) as client:
        assert client.get("http://studio.example/health").status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:9999"},
        {"Origin": "file://"},
        {"Origin": "http://127.0.0.1:8000@evil.example"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "no-cors"},
    ],
)
def test_a_request_that_another_site_made_is_refused(client, headers):
    answer = client("ops", "operate").get("/metrics", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (403, "cross_site")


def test_a_link_from_another_site_may_be_followed(stranger):
    headers = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    assert stranger.get("/health", headers=headers).status_code == 200


def test_a_form_of_another_site_is_refused(client):
    headers = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    assert client().post("/health", headers=headers).status_code == 403


def test_our_own_page_is_not_another_site(client):
    headers = {"Origin": ADDRESS, "Sec-Fetch-Site": "same-origin"}
    assert client("ops", "operate").get("/metrics", headers=headers).status_code == 200


def test_without_a_token_a_route_with_a_scope_answers_401(stranger):
    answer = stranger.get("/metrics")
    assert (answer.status_code, answer.json()["code"]) == (401, "token_missing")


@pytest.mark.parametrize(
    "shown", ["Bearer limner_wrong", "Bearer x", "Bearer " + "a" * 5000, "Bearer limner_\u00e9"]
)
def test_a_token_that_is_unknown_answers_401(stranger, shown):
    answer = stranger.get("/metrics", headers={"Authorization": shown.encode("latin-1")})
    assert (answer.status_code, answer.json()["code"]) == (401, "token_refused")


def test_a_token_without_the_scope_answers_403(client):
    answer = client("dana", "generate").get("/metrics")
    assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed")


def test_a_revoked_token_is_refused_at_once(client, studio):
    operator = client("ops", "operate")
    assert operator.get("/metrics").status_code == 200
    tokens = Tokens(studio.parts)
    tokens.revoke(tokens.list()[0].token_id)
    assert operator.get("/metrics").json()["code"] == "token_refused"


def test_an_expired_token_is_refused(studio, stranger):
    text = Tokens(studio.parts).create("ops", ["operate"], num_days=1).text
    now = studio.parts.read_clock()
    studio.parts.read_clock = lambda: now + timedelta(days=1, seconds=1)
    answer = stranger.get("/metrics", headers={"Authorization": f"Bearer {text}"})
    assert answer.json()["code"] == "token_refused"


def test_a_large_body_is_refused_by_its_announced_length(client):
    answer = client("dana", "generate").post(
        "/health", headers={"Content-Length": str(MAX_BODY_BYTES + 1)}, content=b""
    )
    assert answer.status_code == 413


def test_a_stranger_cannot_send_much(stranger):
    answer = stranger.post("/api/verify", content=b"x" * 70_000)
    assert answer.status_code == 413


def test_a_bucket_is_empty_after_its_burst_and_fills_with_time():
    now = 0.0
    rates = Rates(read_seconds=lambda: now, known=Rate(per_second=1, burst=2))
    rates.spend("a", is_known=True)
    rates.spend("a", is_known=True)
    with pytest.raises(TooManyRequests) as refused:
        rates.spend("a", is_known=True)
    assert refused.value.retry_after_seconds == pytest.approx(1.0)
    now = 1.0
    rates.spend("a", is_known=True)


def test_one_caller_does_not_empty_the_bucket_of_another():
    rates = Rates(read_seconds=lambda: 0.0, known=Rate(per_second=1, burst=1))
    rates.spend("a", is_known=True)
    rates.spend("b", is_known=True)


def test_too_many_requests_answer_429_with_a_time_to_wait(app, client):
    app.state.services.rates.known = Rate(per_second=0.1, burst=1)
    operator = client("ops", "operate")
    operator.get("/metrics")
    answer = operator.get("/metrics")
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "10")


def test_what_nobody_foresaw_answers_500_without_its_words(app, stranger):
    @app.get("/health/broken")
    def broken():
        raise RuntimeError("the secret prompt")

    answer = stranger.get("/health/broken")
    assert answer.status_code == 500
    assert "secret" not in answer.text


def test_a_person_reads_what_nobody_foresaw_on_a_page(app, stranger):
    @app.get("/health/broken")
    def broken():
        raise RuntimeError("the secret prompt")

    answer = stranger.get("/health/broken", headers={"Accept": "text/html"})
    assert (answer.status_code, "secret" in answer.text) == (500, False)
    assert answer.headers["content-type"].startswith("text/html")
    assert answer.headers["x-request-id"] in answer.text


def test_a_link_that_has_ended_says_so_on_a_page_where_one_signs_in(stranger):
    answer = stranger.get("/?token=limner_gone", headers={"Accept": "text/html"})
    assert (answer.status_code, "This link has ended." in answer.text) == (401, True)
    assert 'name="token"' in answer.text
