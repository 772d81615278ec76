"""Signing in by a link: the token in an address becomes a cookie, and leaves the address.

Works for every page, so that a link may lead anywhere. The cookie holds a session of its own, not
the token: what stays in a browser's history ends with the server that printed the link.
"""

from __future__ import annotations

from urllib.parse import parse_qsl, quote, urlencode

from starlette.datastructures import Headers
from starlette.responses import RedirectResponse, Response
from starlette.types import Scope

from limner.core.errors import TokenMissing
from limner.faces.http.access import cookie_name
from limner.studio.tokens import SESSION_LASTS, Tokens

PARAMETER = "token"
NOT_PAGES = ("/api/", "/v1/", "/sdapi/")


def link_token(scope: Scope) -> str | None:
    """The token in the address of a page somebody opens; ``None`` if there is none."""
    if scope["method"] != "GET" or str(scope["path"]).startswith(NOT_PAGES):
        return None
    return dict(_query(scope)).get(PARAMETER)


def sign_in(tokens: Tokens, scope: Scope, token: str) -> Response:
    """The same page without the token, and a cookie for this browser.

    Raises:
        TokenMissing: the token is not in force.
    """
    session = tokens.open_session(token)
    if session is None:
        raise TokenMissing(
            "This link has ended.",
            code="link_ended",
            hint="Every start of `limner studio` prints a new one.",
        )
    rest = urlencode([one for one in _query(scope) if one[0] != PARAMETER])
    # One slash at the front: two would lead to another server.
    path = "/" + quote(str(scope["path"])).lstrip("/")
    response = RedirectResponse(f"{path}?{rest}" if rest else path, status_code=303)
    response.set_cookie(
        cookie_name(Headers(scope=scope).get("host", "")),
        session.text,
        max_age=int(SESSION_LASTS.total_seconds()),
        path="/",
        secure=scope["scheme"] == "https",
        httponly=True,
        samesite="strict",
    )
    return response


def _query(scope: Scope) -> list[tuple[str, str]]:
    text = bytes(scope["query_string"]).decode("latin-1")
    return parse_qsl(text, keep_blank_values=True, errors="replace")
