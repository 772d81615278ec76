"""Signing in by a link: the token becomes a cookie of its own and leaves the address."""

from datetime import timedelta

import pytest
from fastapi.testclient import TestClient

from limner.studio.tokens import SESSION_LASTS, Tokens

ADDRESS = "http://127.0.0.1:8000"
OWN = {"Origin": ADDRESS}


@pytest.fixture
def link(studio):
    return Tokens(studio.parts).create_link("dana").text


@pytest.fixture
def browser(app, link):
    """A browser that opened the link."""
    with TestClient(app, base_url=ADDRESS, follow_redirects=False) as client:
        client.get("/", params={"token": link})
        yield client


def test_the_link_leads_to_the_same_page_without_the_token(stranger, link):
    answer = stranger.get(
        "/gallery", params={"token": link, "words": "a fox"}, follow_redirects=False
    )
    assert (answer.status_code, answer.headers["location"]) == (303, "/gallery?words=a+fox")


def test_the_cookie_is_for_this_site_s_requests_only_and_no_script_reads_it(stranger, link):
    cookie = stranger.get("/", params={"token": link}, follow_redirects=False).headers["set-cookie"]
    assert cookie.startswith("limner-8000=limner_")
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie


def test_the_cookie_is_not_the_token(browser, link):
    assert browser.cookies["limner-8000"] != link


def test_two_slashes_lead_nowhere_else(stranger, link):
    answer = stranger.get(
        f"{ADDRESS}//evil.example/", params={"token": link}, follow_redirects=False
    )
    assert answer.headers["location"] == "/evil.example/"


def test_the_cookie_speaks_for_whose_link_it_was(browser):
    assert browser.get("/api/session").json()["name"] == "dana"


def test_a_link_that_is_none_signs_nobody_in(stranger):
    answer = stranger.get("/", params={"token": "limner_no"}, follow_redirects=False)
    assert (answer.status_code, answer.json()["code"]) == (401, "link_ended")
    assert "set-cookie" not in answer.headers


def test_the_link_of_an_earlier_start_has_ended(studio, stranger, link):
    Tokens(studio.parts).create_link("dana")
    answer = stranger.get("/", params={"token": link}, follow_redirects=False)
    assert answer.status_code == 401


def test_a_browser_stays_signed_in_when_the_server_starts_again(studio, browser):
    Tokens(studio.parts).create_link("dana")
    assert browser.get("/api/session").status_code == 200


def test_a_session_ends_with_the_token_it_was_made_from(studio, app):
    tokens = Tokens(studio.parts)
    made = tokens.create("eve", ["generate"])
    with TestClient(app, base_url=ADDRESS, follow_redirects=False) as browser:
        browser.get("/", params={"token": made.text})
        assert browser.get("/api/session").status_code == 200
        tokens.revoke(made.record.token_id)
        assert browser.get("/api/session").status_code == 401


def test_a_session_ends_after_its_time(studio, browser):
    now = studio.parts.read_clock()
    studio.parts.read_clock = lambda: now + SESSION_LASTS + timedelta(seconds=1)
    assert browser.get("/api/session").status_code == 401


def test_a_session_makes_no_further_session(stranger, browser):
    cookie = browser.cookies["limner-8000"]
    answer = stranger.get("/", params={"token": cookie}, follow_redirects=False)
    assert answer.status_code == 401


def test_signing_out_ends_the_session(browser):
    cookie = browser.cookies["limner-8000"]
    assert browser.delete("/api/session", headers=OWN).status_code == 204
    browser.cookies.set("limner-8000", cookie)
    assert browser.get("/api/session").status_code == 401


def test_with_a_cookie_a_change_needs_our_own_page(browser):
    answer = browser.post("/api/jobs", json={"prompt": "a fox"})
    assert (answer.status_code, answer.json()["code"]) == (403, "cross_site")


@pytest.mark.parametrize("headers", [OWN, {"Sec-Fetch-Site": "same-origin"}])
def test_with_a_cookie_our_own_page_may_change(browser, headers):
    answer = browser.post("/api/jobs", json={"prompt": "a fox"}, headers=headers)
    assert answer.status_code == 202


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null", "Sec-Fetch-Site": "same-origin"},
        {"Origin": "http://127.0.0.1:8001"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"},
        {"Sec-Fetch-Site": "none"},
    ],
)
def test_with_a_cookie_another_site_changes_nothing(browser, headers):
    answer = browser.post("/api/jobs", json={"prompt": "a fox"}, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (403, "cross_site")


def test_the_api_takes_no_token_from_an_address(stranger, link):
    assert stranger.get("/api/session", params={"token": link}).status_code == 401


def test_a_session_that_was_let_in_holds_no_longer_than_the_token_it_was_made_from(studio):
    tokens = Tokens(studio.parts)
    token = tokens.create("dana", ["generate"])
    session = tokens.open_session(token.text)
    assert tokens.is_in_force(session.record.token_id)
    tokens.revoke(token.record.token_id)
    assert not tokens.is_in_force(session.record.token_id)
