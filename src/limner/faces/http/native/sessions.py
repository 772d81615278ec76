"""Sessions: who a token or a cookie speaks for, and signing out of a browser."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel

from limner.core.access import Scope
from limner.faces.http.access import cookie_name
from limner.faces.http.native.asking import Anyone, Given

router = APIRouter(prefix="/api/session", tags=["session"])


class SessionDocument(BaseModel):
    """Whose token was shown, and what it allows."""

    name: str
    scopes: list[Scope]
    token_id: str


@router.get("")
def get_session(asking: Anyone) -> SessionDocument:
    """Whose token this is."""
    return SessionDocument(name=asking.name, scopes=sorted(asking.scopes), token_id=asking.token_id)


@router.delete("", status_code=204, response_class=Response)
def sign_out(asking: Anyone, given: Given, request: Request) -> Response:
    """End this browser's session; a token that is no session stays in force."""
    given.tokens.end_session(asking.token_id)
    response = Response(status_code=204)
    response.delete_cookie(cookie_name(request.headers.get("host", "")), path="/")
    return response
