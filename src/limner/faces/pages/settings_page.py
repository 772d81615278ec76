"""The Settings page: what is set and where it came from, the theme, signing out, and tokens.

Everybody chooses a theme; operators see the settings; admins let others in.
"""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import Response

from limner.core.access import ROLES, Principal, Scope
from limner.core.errors import BadInput
from limner.faces.http.native import sessions
from limner.faces.http.native.asking import Anyone, Given
from limner.faces.http.native.tokens import Admin, TokenId, settings_of
from limner.faces.pages.forms import FieldLists, is_number
from limner.faces.pages.frame import THEMES, frame
from limner.faces.pages.site import render

router = APIRouter(prefix="/settings", include_in_schema=False)

NO_STORE = {"Cache-Control": "no-store"}  # a token is told once, also to a browser's cache
USUAL_DAYS = 90


@router.get("")
def show(request: Request, viewer: Anyone, given: Given) -> Response:
    """The page."""
    sees_settings = viewer.may(Scope.OPERATE, Scope.ADMIN)
    is_admin = viewer.may(Scope.ADMIN)
    return render(
        "settings.html",
        **frame(request, viewer, "/settings"),
        settings=settings_of(given.settings) if sees_settings else [],
        themes=THEMES,
        is_admin=is_admin,
        roles=[*ROLES],
        usual_days=USUAL_DAYS,
        **_tokens(given, viewer),
    )


@router.post("/tokens")
def create(viewer: Admin, given: Given, said: FieldLists) -> Response:
    """Make a token; the part of the page that is given shows it, only now."""
    days = "".join(said.get("days", [])).strip()
    if days and not is_number(days):
        raise BadInput(f"The number of days is {days[:20]!r}; allowed is a whole number.")
    made = given.tokens.create(
        "".join(said.get("name", [])).strip(),
        said.get("scope", []),
        num_days=int(days) if days else None,
    )
    response = render("_tokens.html", **_tokens(given, viewer, made.text, made.record.name))
    response.headers.update(NO_STORE)
    return response


@router.post("/tokens/{token_id}/revoke")
def revoke(token_id: TokenId, viewer: Admin, given: Given) -> Response:
    """End a token, and the browsers signed in with it."""
    given.tokens.revoke(token_id)
    return render("_tokens.html", **_tokens(given, viewer))


@router.post("/sign-out")
def sign_out(request: Request, viewer: Anyone, given: Given) -> Response:
    """End this browser's session."""
    response = sessions.sign_out(viewer, given, request)
    response.status_code = 303
    response.headers["Location"] = "/"
    return response


def _tokens(
    given: Given, viewer: Principal, made: str = "", made_for: str = ""
) -> dict[str, object]:
    tokens = given.tokens.list() if viewer.may(Scope.ADMIN) else []
    return {"tokens": tokens[::-1], "made": made, "made_for": made_for, "now": given.clock()}
