"""Tokens and settings over HTTP: for those who may let others in."""

import pytest


@pytest.fixture
def admin(client):
    return client("ada", "admin")


def test_a_token_made_here_lets_its_person_in(admin, stranger):
    made = admin.post("/api/tokens", json={"name": "vera", "scopes": ["requester"]})
    headers = {"Authorization": f"Bearer {made.json()['token']}"}
    assert stranger.get("/api/session", headers=headers).json()["name"] == "vera"


def test_the_answer_is_kept_by_no_cache(admin):
    made = admin.post("/api/tokens", json={"name": "vera", "scopes": ["requester"]})
    assert made.headers["cache-control"] == "no-store"


def test_the_list_holds_no_token(admin):
    made = admin.post("/api/tokens", json={"name": "vera", "scopes": ["requester"]}).json()
    listed = admin.get("/api/tokens")
    assert made["token_id"] in listed.text
    assert made["token"] not in listed.text


def test_a_revoked_token_lets_nobody_in(admin, stranger):
    made = admin.post("/api/tokens", json={"name": "vera", "scopes": ["requester"]}).json()
    assert admin.delete(f"/api/tokens/{made['token_id']}").json()["revoked_at"] is not None
    headers = {"Authorization": f"Bearer {made['token']}"}
    assert stranger.get("/api/session", headers=headers).status_code == 401


@pytest.mark.parametrize("scopes", [["generate"], ["review"], ["operate"]])
def test_nobody_else_sees_or_makes_tokens(client, scopes):
    asking = client("otto", *scopes)
    assert asking.get("/api/tokens").status_code == 403
    fields = {"name": "otto", "scopes": ["admin"]}
    assert asking.post("/api/tokens", json=fields).status_code == 403


def test_an_unknown_token_is_not_there(admin):
    assert admin.delete("/api/tokens/nothing").status_code == 404


def test_settings_say_where_they_came_from(client):
    listed = client("opal", "operate").get("/api/settings").json()
    found = {one["name"]: one["source"] for one in listed}
    assert "LIMNER_CRITERIA" in found["criteria"]


def test_settings_are_not_for_requesters(client):
    assert client().get("/api/settings").status_code == 403
