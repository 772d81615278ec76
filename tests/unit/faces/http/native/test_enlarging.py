"""Enlarging over HTTP: a job like any other, of one's own picture or one's own image."""

import base64

import pytest
from PIL import Image as PillowImage


@pytest.fixture
def content(photo):
    return base64.b64encode(photo.read_bytes()).decode()


def test_a_picture_is_taken_as_a_job(client, content):
    answer = client().post("/api/enlargements", json={"source": {"content": content}, "factor": 4})
    assert (answer.status_code, answer.json()["state"]) == (202, "queued")
    assert answer.headers["location"] == answer.json()["poll_url"]


def test_an_image_of_ones_own_can_be_enlarged(client, drawn):
    image_id = drawn()["images"][0]["image_id"]
    answer = client().post("/api/enlargements", json={"source": {"image_id": image_id}})
    assert (answer.status_code, answer.json()["state"]) == (202, "queued")


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"factor": 3}, "factor_unknown"),
        ({"model": "magic"}, "model_unknown"),
        ({"factor": 10**15}, "factor_unknown"),
    ],
)
def test_what_cannot_be_done_is_refused_before_it_is_queued(client, content, fields, code):
    asked = {"source": {"content": content}, **fields}
    answer = client().post("/api/enlargements", json=asked)
    assert (answer.status_code, answer.json()["code"]) == (422, code)


def test_a_picture_that_would_be_too_large_is_refused(client, tmp_path):
    path = tmp_path / "large.png"
    PillowImage.new("RGB", (3000, 2000)).save(path)
    asked = {"source": {"content": base64.b64encode(path.read_bytes()).decode()}, "factor": 4}
    answer = client().post("/api/enlargements", json=asked)
    assert answer.json()["code"] == "size_out_of_range"
