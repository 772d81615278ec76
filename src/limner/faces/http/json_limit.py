"""How many values the JSON of a request may hold: counted while it comes, before it is parsed.

A value of three bytes becomes an object of a hundred, and while JSON is parsed nobody else is
answered. What begins a value is one of three structural characters (RFC 8259, section 2). Base64
has none of them, so pictures count for nothing; a form of files is no JSON, and is not counted.
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus

from starlette.exceptions import HTTPException
from starlette.types import Message, Receive

from limner.core.errors import BodyTooLarge

MAX_STRUCTURAL_CHARACTERS = 100_000
STRUCTURAL_CHARACTERS = (b"[", b"{", b",")


def is_file_form(headers: Mapping[str, str]) -> bool:
    """Whether the body says that it is a form that may hold files; `headers` in lower case."""
    media_type = headers.get("content-type", "").partition(";")[0].strip().lower()
    return media_type == "multipart/form-data"


def counted(receive: Receive) -> Receive:
    """`receive`, refusing a body that holds too many values.

    It raises an `HTTPException` that a `BodyTooLarge` caused, for of what a body raises while it
    comes FastAPI passes on nothing else.
    """
    num_characters = 0

    async def receive_counted() -> Message:
        nonlocal num_characters
        message = await receive()
        body = message.get("body", b"")
        num_characters += sum(body.count(one) for one in STRUCTURAL_CHARACTERS)
        if num_characters > MAX_STRUCTURAL_CHARACTERS:
            raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE) from BodyTooLarge(
                f"The body has more than {MAX_STRUCTURAL_CHARACTERS:,} of the characters '[', '{{' "
                "and ','; allowed are up to that many.",
                hint="Send fewer values in one request.",
            )
        return message

    return receive_counted
