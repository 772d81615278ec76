"""What a page's form sends: its fields, and a file; and where its sender goes on to."""

from __future__ import annotations

from datetime import date
from typing import Annotated, NamedTuple

from fastapi import Depends, Request
from fastapi.responses import RedirectResponse, Response
from starlette.datastructures import UploadFile

from limner.core.errors import BadInput

MAX_FIELD_BYTES = 16 * 2**20  # a mask comes as a field
MAX_DIGITS = 30  # of a number; some thousand are more than Python reads


class UploadedFile(NamedTuple):
    """A file somebody gave, and what they call it."""

    content: bytes
    name: str


class FormFields(NamedTuple):
    """The fields of a form by name, and its file if one was chosen."""

    fields: dict[str, str]
    file: UploadedFile | None


def gone_on(request: Request, address: str) -> Response:
    """Go on to another page; htmx is told, so that a fault would have stayed on this one."""
    if "HX-Request" in request.headers:
        return Response(headers={"HX-Redirect": address})
    return RedirectResponse(address, status_code=303)


def day_of(text: str) -> date:
    """A day as a form gives it.

    Raises:
        BadInput: it is none.
    """
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise BadInput(f"The day is {text!r}; allowed is one such as 2026-01-31.") from error


def is_number(text: str) -> bool:
    """Whether a field is a whole number of a length that can be read."""
    return text.isdecimal() and len(text) <= MAX_DIGITS


async def _fields(request: Request) -> dict[str, str]:
    async with request.form(max_part_size=MAX_FIELD_BYTES) as form:
        return {name: value for name, value in form.items() if isinstance(value, str)}


async def _lists(request: Request) -> dict[str, list[str]]:
    async with request.form() as form:
        names = dict.fromkeys(form.keys())
        return {name: [one for one in form.getlist(name) if isinstance(one, str)] for name in names}


async def _file(request: Request) -> UploadedFile:
    async with request.form() as form:
        file = form.get("file")
        if not isinstance(file, UploadFile):
            raise BadInput("No file came with this.", code="file_missing")
        return UploadedFile(await file.read(), (file.filename or "file")[:200])


async def _fields_and_file(request: Request) -> FormFields:
    async with request.form(max_part_size=MAX_FIELD_BYTES) as form:
        fields = {name: value for name, value in form.items() if isinstance(value, str)}
        file = form.get("file")
        if not isinstance(file, UploadFile) or not file.size:  # a browser sends an empty one
            return FormFields(fields, None)
        return FormFields(fields, UploadedFile(await file.read(), (file.filename or "file")[:200]))


Fields = Annotated[dict[str, str], Depends(_fields)]
"""The fields of a form by name; of one that is there twice, the last."""

FieldLists = Annotated[dict[str, list[str]], Depends(_lists)]
"""The fields of a form by name, every value of each."""

GivenFile = Annotated[UploadedFile, Depends(_file)]
"""The file of a form; the field is called ``file``."""

FieldsAndFile = Annotated[FormFields, Depends(_fields_and_file)]
"""The fields of a form, and the file that may be among them; the field is called ``file``."""
