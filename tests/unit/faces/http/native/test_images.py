"""Images over HTTP: only what was released leaves, and it leaves sealed."""

import io

import pytest
from PIL import Image as PillowImage

from limner.core.hashing import sha256_of_bytes


@pytest.fixture
def image_id(drawn):
    return drawn()["images"][0]["image_id"]


def test_the_file_is_the_sealed_one(client, studio, image_id):
    answer = client().get(f"/api/images/{image_id}/file")
    assert sha256_of_bytes(answer.content) == studio.parts.store.seal_of(image_id).sealed_sha256
    assert answer.headers["content-type"] == "image/png"


def test_the_file_comes_in_another_format_when_it_is_asked_for(client, studio, image_id):
    answer = client().get(f"/api/images/{image_id}/file", params={"format": "webp"})
    seal = studio.parts.store.seal_of(image_id, file_format="webp")
    assert sha256_of_bytes(answer.content) == seal.sealed_sha256
    assert answer.headers["content-type"] == "image/webp"
    assert answer.headers["content-disposition"].endswith('.webp"')


def test_an_unknown_format_is_refused_by_name(client, image_id):
    answer = client().get(f"/api/images/{image_id}/file", params={"format": "tiff"})
    assert answer.status_code == 422
    assert "tiff" in answer.text


def test_the_file_of_a_held_image_answers_403_and_no_bytes(client, hold, image_id):
    hold(image_id)
    answer = client().get(f"/api/images/{image_id}/file")
    assert (answer.status_code, answer.json()["code"]) == (403, "held_for_review")


def test_the_thumbnail_of_a_held_image_is_a_veil(client, hold, image_id):
    clear = client().get(f"/api/images/{image_id}/thumbnail").content
    hold(image_id)
    veiled = client().get(f"/api/images/{image_id}/thumbnail").content
    assert veiled != clear
    assert PillowImage.open(io.BytesIO(veiled)).size == (96, 96)


def test_what_is_known_of_an_image_is_told(client, image_id):
    document = client().get(f"/api/images/{image_id}").json()
    assert (document["image_id"], document["outcome"]) == (image_id, "released")
    assert document["decisions"][0]["decided_by"] == "rule"


def test_recipe_results_and_decisions_are_told(client, image_id):
    asking = client()
    assert asking.get(f"/api/images/{image_id}/recipe").json()["prompt"] == "a fox"
    assert asking.get(f"/api/images/{image_id}/results").json()[0]["check"] == "integrity"
    decisions = asking.get(f"/api/images/{image_id}/decisions").json()
    assert [one["outcome"] for one in decisions] == ["released"]


def test_images_are_found_by_words(client, drawn):
    drawn(prompt="a red fox")
    drawn(prompt="a blue whale", seed=2)
    found = client().get("/api/images", params={"words": "whale"}).json()["images"]
    assert [one["prompt"] for one in found] == ["a blue whale"]


def test_images_are_listed_with_the_tags_of_whoever_asks(client, drawn, studio):
    image_id = drawn()["images"][0]["image_id"]
    for name, tag in (("dana", "winter"), ("dana", "card"), ("eve", "hers")):
        studio.parts.store.boards.tag(name, [image_id], tag, studio.parts.read_clock())
    assert client().get("/api/images").json()["images"][0]["tags"] == ["card", "winter"]


def test_images_are_found_by_outcome(client, drawn, hold):
    job = drawn(num_images=2)
    hold(job["images"][1]["image_id"])
    found = client().get("/api/images", params={"outcome": "held"}).json()["images"]
    assert [one["image_id"] for one in found] == [job["images"][1]["image_id"]]


@pytest.mark.parametrize(
    "query",
    [
        {"outcome": "lovely"},
        {"since": "yesterday"},
        {"after": "nonsense"},
        {"is_starred": "perhaps"},
        {"words": "x" * 501},
    ],
)
def test_a_search_that_cannot_be_read_is_refused(client, query):
    assert client().get("/api/images", params=query).status_code == 422


@pytest.mark.parametrize("image_id", ["x", "sha256:", "sha256:" + "G" * 64, "..%2f..%2fx"])
def test_what_is_no_image_id_is_refused(client, image_id):
    assert client().get(f"/api/images/{image_id}/file").status_code in (404, 422)


def test_a_complaint_opens_a_card(client, image_id):
    answer = client().post(f"/api/images/{image_id}/complaint", json={"reason": "rights"})
    assert answer.status_code == 201
    cards = client("rita", "review").get("/api/reviews").json()
    assert [one["card_id"] for one in cards] == [answer.json()["card_id"]]


def test_a_complaint_needs_a_known_reason(client, image_id):
    answer = client().post(f"/api/images/{image_id}/complaint", json={"reason": "ugly"})
    assert answer.status_code == 422


def test_an_image_is_proven_by_the_ledger(client, image_id):
    proof = client().get(f"/api/ledger/images/{image_id}/proof").text
    assert proof.startswith("c2sp.org/tlog-proof@v1\n")


def test_the_entries_of_an_image_are_told_without_its_prompt(client, drawn):
    image_id = drawn(prompt="quixotic zebra")["images"][0]["image_id"]
    answer = client().get(f"/api/ledger/images/{image_id}")
    assert {one["kind"] for one in answer.json()} >= {"image_stored", "decision", "seal"}
    assert "quixotic" not in answer.text


def test_the_ledger_tells_its_checkpoint(client, image_id):
    document = client().get("/api/ledger/checkpoint").json()
    assert document["num_entries"] > 0
    assert document["origin"] in document["note"]


def test_an_empty_ledger_has_no_checkpoint(client):
    assert client().get("/api/ledger/checkpoint").status_code == 404


def test_entries_are_for_operators(client, image_id):
    assert client().get("/api/ledger/entries").status_code == 403
    entries = client("olga", "operate").get("/api/ledger/entries", params={"limit": 2}).json()
    assert len(entries) == 2
    assert entries[0]["position"] < entries[1]["position"]


@pytest.mark.parametrize("position", ["-1", "99999", "x", "1e3", str(10**30), "..%2f"])
def test_an_entry_that_is_not_there_is_not_found(client, image_id, position):
    answer = client("olga", "operate").get(f"/api/ledger/entries/{position}/proof")
    assert answer.status_code in (404, 422)


def test_models_are_told_with_what_they_can_honour(client):
    models = client().get("/api/models").json()
    assert models[0]["steps"] == {"low": 1, "high": 50, "default": 4}
