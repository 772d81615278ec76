"""Reading what was sent as the fields of a foreign interface, from JSON or from a form."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TypeVar, cast

from fastapi import Request as HttpRequest
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError

from limner.core.errors import BadInput
from limner.faces.http.json_limit import is_file_form

_Fields = TypeVar("_Fields", bound=BaseModel)


class BodyUnreadable(BadInput):
    """The body is not a JSON object."""

    code = "request_malformed"


async def read_json(http: HttpRequest) -> Mapping[str, object]:
    """The JSON object a request holds, whatever content type it claims but a form of files.

    Raises:
        BodyUnreadable: it is none.
    """
    if is_file_form(http.headers):  # its values were not counted
        raise BodyUnreadable("The body is a form; allowed is a JSON object.")
    try:
        document = json.loads(await http.body())
        # NaN and half a character are read from JSON, but no answer and no row can hold them.
        json.dumps(document, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, RecursionError) as error:
        raise BodyUnreadable(f"The body is not JSON: {str(error)[:200]}.") from error
    if not isinstance(document, dict):
        raise BodyUnreadable(
            f"The body is JSON of the type {type(document).__name__}; allowed is an object."
        )
    return cast("dict[str, object]", document)


def parse(model: type[_Fields], document: Mapping[str, object]) -> _Fields:
    """The fields of a document.

    Raises:
        RequestValidationError: a field is missing or not allowed; names it.
    """
    try:
        return model.model_validate(document)
    except ValidationError as error:
        faults = error.errors(include_url=False, include_context=False)
        raise RequestValidationError(
            [{**one, "loc": ("body", *one["loc"])} for one in faults]
        ) from error


def body_schema(*kinds: tuple[str, type[BaseModel]], **files: bool) -> dict[str, object]:
    """How a route that reads its body itself says in OpenAPI what it takes.

    Args:
        *kinds: media types with the fields they carry; none for any JSON object.
        **files: of a form, by name: whether each is required.
    """
    content: dict[str, object] = {}
    for media_type, model in kinds:
        schema = _inlined(model.model_json_schema(by_alias=True))
        if media_type == "multipart/form-data":
            properties = cast("dict[str, object]", schema["properties"])
            properties |= {name: {"type": "string", "format": "binary"} for name in files}
            required = cast("list[str]", schema.setdefault("required", []))
            required += [name for name, is_required in files.items() if is_required]
        content[media_type] = {"schema": schema}
    if not content:
        content["application/json"] = {"schema": {"type": "object"}}
    return {"requestBody": {"required": True, "content": content}}


def _inlined(schema: dict[str, object]) -> dict[str, object]:
    """A schema that stands alone: what it refers to is put where it is referred to."""
    defined = cast("dict[str, object]", schema.pop("$defs", {}))

    def inline(part: object) -> object:
        if isinstance(part, list):
            return [inline(one) for one in cast("list[object]", part)]
        if not isinstance(part, dict):
            return part
        found = cast("dict[str, object]", part)
        reference = found.get("$ref")
        if isinstance(reference, str):
            return inline(defined[reference.removeprefix("#/$defs/")])
        return {name: inline(one) for name, one in found.items()}

    return cast("dict[str, object]", inline(schema))
