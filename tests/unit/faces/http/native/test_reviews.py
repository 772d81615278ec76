"""Reviews over HTTP: blind, leased, and never of one's own image."""

import pytest


@pytest.fixture
def image_id(drawn):
    return drawn()["images"][0]["image_id"]


@pytest.fixture
def card_id(hold, image_id):
    return hold(image_id)


def test_the_next_card_is_claimed_and_blind(client, card_id):
    card = client("rita", "review").post("/api/reviews/next").json()
    assert (card["card_id"], card["held_by"]) == (card_id, "rita")
    assert "results" not in card


def test_without_a_card_the_answer_is_empty(client):
    assert client("rita", "review").post("/api/reviews/next").status_code == 204


def test_a_person_s_acceptance_lets_the_image_out(client, card_id, image_id):
    rita = client("rita", "review")
    rita.post(f"/api/reviews/{card_id}/claim")
    answer = rita.post(f"/api/reviews/{card_id}/answer", json={"answer": "accept"}).json()
    assert answer["outcome"] == "released"
    assert client().get(f"/api/images/{image_id}/file").status_code == 200


def test_nobody_reviews_their_own_image(client, card_id):
    answer = client("dana", "review").post(f"/api/reviews/{card_id}/claim")
    assert (answer.status_code, answer.json()["code"]) == (403, "review_own_image")


def test_nobody_sees_their_own_held_image_at_the_desk(client, card_id):
    dana = client("dana", "review")
    for path in (f"/api/reviews/{card_id}/picture", f"/review/cards/{card_id}/picture"):
        assert dana.get(path).status_code == 403
        assert client("rita", "review").get(path).status_code == 200


def test_a_card_is_held_by_one_person(client, card_id):
    client("rita", "review").post(f"/api/reviews/{card_id}/claim")
    answer = client("sam", "review").post(f"/api/reviews/{card_id}/claim")
    assert answer.status_code == 409


def test_a_released_lease_lets_others_take_the_card(client, card_id):
    rita = client("rita", "review")
    rita.post(f"/api/reviews/{card_id}/claim")
    assert rita.post(f"/api/reviews/{card_id}/release").status_code == 204
    assert client("sam", "review").post(f"/api/reviews/{card_id}/claim").status_code == 200


def test_scores_are_shown_after_the_answer_and_before_the_end(client, card_id):
    rita = client("rita", "review")
    rita.post(f"/api/reviews/{card_id}/claim")
    fields = {"answer": "reject", "reasons": ["malformed"], "is_final": False}
    seen = rita.post(f"/api/reviews/{card_id}/answer", json=fields).json()
    assert (seen["is_revealed"], seen["outcome"]) == (True, None)
    assert rita.post(f"/api/reviews/{card_id}/withdraw").json()["answer"] is None


def test_a_rejection_needs_a_reason(client, card_id):
    rita = client("rita", "review")
    rita.post(f"/api/reviews/{card_id}/claim")
    answer = rita.post(f"/api/reviews/{card_id}/answer", json={"answer": "reject"})
    assert (answer.status_code, answer.json()["code"]) == (422, "reason_missing")


def test_a_card_goes_to_somebody_else(client, card_id):
    rita = client("rita", "review")
    rita.post(f"/api/reviews/{card_id}/claim")
    assert rita.post(f"/api/reviews/{card_id}/escalate").json()["level"] == 2


def test_an_image_on_which_every_check_ran_is_not_judged_again(client, card_id):
    answer = client("rita", "review").post(f"/api/reviews/{card_id}/again")
    assert (answer.status_code, answer.json()["code"]) == (422, "not_judged_again")


def test_the_picture_of_a_card_carries_nothing_but_pixels(client, card_id):
    answer = client("rita", "review").get(f"/api/reviews/{card_id}/picture")
    assert answer.content.startswith(b"\x89PNG")
    assert b"tEXt" not in answer.content
    assert b"caBX" not in answer.content


def test_a_closed_card_shows_no_picture(client, card_id):
    rita = client("rita", "review")
    rita.post(f"/api/reviews/{card_id}/claim")
    rita.post(f"/api/reviews/{card_id}/answer", json={"answer": "accept"})
    assert rita.get(f"/api/reviews/{card_id}/picture").status_code == 410


def test_of_people_a_reviewer_sees_their_own_numbers(client, card_id):
    for name in ("rita", "sam"):
        asking = client(name, "review")
        asking.post(f"/api/reviews/{card_id}/claim")
        fields = {"answer": "unsure", "reasons": ["other"]}
        asking.post(f"/api/reviews/{card_id}/answer", json=fields)
    own = client("rita", "review").get("/api/reviews/statistics").json()
    every = client("ada", "admin").get("/api/reviews/statistics").json()
    assert [one["name"] for one in own["reviewers"]] == ["rita"]
    assert {one["name"] for one in every["reviewers"]} == {"rita", "sam"}


def test_a_card_that_is_not_there_is_not_found(client):
    rita = client("rita", "review")
    assert rita.get("/api/reviews/nothing").status_code == 404


def test_an_unknown_answer_is_refused(client, card_id):
    answer = client("rita", "review").post(
        f"/api/reviews/{card_id}/answer", json={"answer": "maybe"}
    )
    assert answer.status_code == 422


def test_a_requester_does_not_review(client, card_id):
    assert client("eve", "generate").get("/api/reviews").status_code == 403
