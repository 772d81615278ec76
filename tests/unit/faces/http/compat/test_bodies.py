"""Facts of how routes that read their own bodies are described."""

import json

import pytest
from fastapi.exceptions import RequestValidationError

from limner.faces.http.compat.bodies import body_schema, parse
from limner.faces.http.openai.fields import EditFields, GenerationFields
from limner.faces.http.problems import problem_of_fields


def test_a_description_stands_alone():
    assert "$ref" not in json.dumps(body_schema(("application/json", EditFields)))


def test_a_form_names_its_files():
    body = body_schema(("multipart/form-data", EditFields), image=True, mask=False)["requestBody"]
    schema = body["content"]["multipart/form-data"]["schema"]
    assert schema["properties"]["mask"]["format"] == "binary"
    assert set(schema["required"]) == {"prompt", "image"}


def test_a_json_body_names_its_fields():
    body = body_schema(("application/json", GenerationFields))["requestBody"]
    assert "size" in body["content"]["application/json"]["schema"]["properties"]


def test_a_field_that_is_not_allowed_is_named_with_its_value():
    with pytest.raises(RequestValidationError) as refused:
        parse(GenerationFields, {"prompt": "a red fox", "seed": 2**40})
    assert "seed is 1099511627776, " in problem_of_fields(refused.value).detail


@pytest.mark.parametrize(
    "path", ["/v1/images/generations", "/v1/images/edits", "/sdapi/v1/txt2img"]
)
@pytest.mark.parametrize(
    "sent",
    [
        b'"user": "\\ud800"',
        b'"user": "\xed\xa0\x80"',
        b'"\\udfff": 1',
        b'"override_settings": {"x": NaN}',
        b'"override_settings": {"x": [-Infinity]}',
        b'"override_settings": {"x": 1e999}',
    ],
)
def test_what_is_no_text_and_no_number_is_refused_before_anything_is_drawn(
    client, studio, path, sent
):
    answer = client().post(
        path,
        content=b'{"prompt": "a fox", "stream": true, ' + sent + b"}",
        headers={"Content-Type": "application/json"},
    )
    assert answer.status_code == 400
    assert "request_malformed" in answer.text
    assert studio.jobs.list(owner=None) == []


def test_a_pair_of_surrogates_is_a_character(client):
    fox = b'{"prompt": "a fox", "steps": 1, "x": "\\ud83e\\udd8a", "sampler_name": "none"}'
    answer = client().post("/sdapi/v1/txt2img", content=fox)
    assert "request_malformed" not in answer.text
