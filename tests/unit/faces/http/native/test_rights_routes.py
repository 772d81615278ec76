"""The rights register over HTTP."""

import pytest

CONSENT = {
    "kind": "consent",
    "name": "Jane Doe",
    "purpose": "posters",
    "expires_at": "2099-01-01T00:00:00Z",
}


@pytest.fixture
def opal(client):
    return client("opal", "operate")


def test_an_entry_is_registered_and_listed(opal):
    made = opal.post("/api/rights", json=CONSENT)
    assert made.status_code == 201
    entry = made.json()["entry"]
    assert (entry["entry_id"], entry["state"], entry["name"]) == (1, "in-force", "Jane Doe")
    assert [one["entry_id"] for one in opal.get("/api/rights?kind=consent").json()] == [1]


def test_a_withdrawal_blocks_what_the_entry_covered(opal, drawn):
    opal.post("/api/rights", json=CONSENT)
    (image,) = drawn(prompt="jane doe")["images"]
    image_id = image["image_id"]
    (affected,) = opal.get("/api/rights/1/affected").json()
    assert affected["image_id"] == image_id
    ended = opal.post("/api/rights/1/withdraw", json={"reason": "person_asked"}).json()
    assert (ended["num_affected"], ended["blocked"]) == (1, [image_id])
    assert opal.get(f"/api/images/{image_id}/file").status_code == 403


def test_near_copies_of_an_opted_out_image_are_held(opal, drawn):
    (first,) = drawn()["images"]
    (second,) = drawn(size="128")["images"]
    body = {"kind": "opt-out", "opted_out": "mark", "keys": [first["image_id"]]}
    made = opal.post("/api/rights", json=body).json()
    assert made["blocked"] == [first["image_id"]]
    assert made["alike"] == made["held"] == [second["image_id"]]
    assert opal.get(f"/api/images/{second['image_id']}/file").status_code == 403


@pytest.mark.parametrize("path", ["", "/affected", "/withdraw"])
def test_an_entry_that_is_not_there_is_not_found(opal, path):
    address = f"/api/rights/7{path}"
    answer = opal.post(address, json={}) if path == "/withdraw" else opal.get(address)
    assert (answer.status_code, answer.json()["code"]) == (404, "entry_unknown")


def test_an_unknown_field_is_refused_by_name(opal):
    answer = opal.post("/api/rights", json=CONSENT | {"colour": "red"})
    assert answer.status_code == 422
    assert "colour" in answer.json()["detail"]


def test_what_is_missing_is_said(opal):
    answer = opal.post("/api/rights", json={"kind": "consent", "name": "Jane Doe"})
    assert answer.status_code == 422
    assert "has no purpose" in answer.json()["detail"]


def test_the_register_is_not_for_requesters(client):
    assert client().get("/api/rights").status_code == 403
    assert client().post("/api/rights", json=CONSENT).status_code == 403
