"""What a browser does not send by itself, and a page answers all the same."""

import pytest

LONG = "x " * 1100


@pytest.mark.parametrize("field", ["words", "recipe", "tag"])
def test_a_search_that_is_too_long_is_refused_by_name(client, field):
    answer = client().get("/gallery", params={field: LONG})
    assert (answer.status_code, answer.json()["code"]) == (422, "search_invalid")
    assert answer.json()["detail"].startswith(f"{field} has 2,199 characters")


def test_a_number_of_five_thousand_digits_is_none(client):
    assert client().get("/gallery", params={"erased": "9" * 5000}).status_code == 200


def test_a_grid_without_an_axis_is_refused(client, studio):
    answer = client().post("/grids", data={"prompt": "a fox"})
    assert (answer.status_code, answer.json()["code"]) == (422, "axis_missing")
    assert studio.jobs.list(owner=None) == []
