"""JSON of too many values is refused before it is parsed, in the shape its caller reads."""

import base64
import io
import json
import os

import pytest
from PIL import Image as PillowImage

from limner.faces.http.json_limit import MAX_STRUCTURAL_CHARACTERS
from limner.faces.http.problems import MAX_FAULTS

MANY = b'{"prompt": "a fox", "x": [' + b"1," * MAX_STRUCTURAL_CHARACTERS + b"1]}"
AS_JSON = {"Content-Type": "application/json"}


@pytest.fixture
def parsed(monkeypatch):
    """How often JSON of a request was parsed."""
    lengths = []

    def loads(text):
        lengths.append(len(text))
        raise ValueError

    monkeypatch.setattr("limner.faces.http.compat.bodies.json.loads", loads)
    return lengths


@pytest.mark.parametrize("path", ["/api/jobs", "/sdapi/v1/txt2img", "/sdapi/v1/img2img"])
def test_json_of_too_many_values_is_a_problem_and_is_never_parsed(client, parsed, path):
    answer = client().post(path, content=MANY, headers=AS_JSON)
    told = json.JSONDecoder().decode(answer.text)
    assert (answer.status_code, told["code"]) == (413, "body_too_large")
    assert "more than 100,000 of the characters" in told["detail"]
    assert parsed == []


@pytest.mark.parametrize("path", ["/v1/images/generations", "/v1/images/edits"])
def test_under_v1_it_is_told_in_openais_shape(client, path):
    answer = client().post(path, content=MANY, headers=AS_JSON)
    assert answer.status_code == 413
    assert answer.json()["error"]["code"] == "body_too_large"


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "x", ""])
def test_no_content_type_gets_round_it(client, kind):
    answer = client().post("/sdapi/v1/txt2img", content=MANY, headers={"Content-Type": kind})
    assert answer.status_code == 413


def test_json_that_calls_itself_a_form_of_files_is_not_read(client):
    answer = client().post(
        "/sdapi/v1/txt2img", content=MANY, headers={"Content-Type": "Multipart/Form-Data; x=1"}
    )
    assert (answer.status_code, answer.json()["code"]) == (400, "request_malformed")


def test_a_large_picture_in_base64_counts_for_nothing(client):
    noise = PillowImage.frombytes("RGB", (512, 512), os.urandom(512 * 512 * 3))
    buffer = io.BytesIO()
    noise.save(buffer, "PNG")
    assert buffer.getvalue().count(b",") > 1000
    image = base64.b64encode(buffer.getvalue()).decode()
    assert client().post("/sdapi/v1/png-info", json={"image": image}).status_code == 200


def test_a_file_in_a_form_may_hold_any_characters(client):
    content = b"," * (MAX_STRUCTURAL_CHARACTERS + 1)
    answer = client().post("/api/verify", files={"file": ("x.png", content)})
    assert answer.status_code != 413


def test_of_very_many_faults_the_first_are_told(client):
    answer = client().post("/api/jobs", json={f"field {k}": k for k in range(1000)})
    assert len(answer.json()["errors"]) == MAX_FAULTS
