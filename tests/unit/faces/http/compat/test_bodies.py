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
