"""Facts of how routes that read their own bodies are described."""

import json

from limner.faces.http.compat.bodies import body_schema
from limner.faces.http.openai.fields import EditFields, GenerationFields


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
