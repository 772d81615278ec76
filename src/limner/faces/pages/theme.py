"""Light or dark, as a reader chose; a cookie of this browser holds it."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import RedirectResponse

from limner.core.errors import BadInput
from limner.faces.http.native.asking import Anyone
from limner.faces.pages.forms import Fields
from limner.faces.pages.frame import THEME_COOKIE, THEMES

router = APIRouter(include_in_schema=False)

YEAR_SECONDS = 365 * 24 * 3600


@router.post("/theme")
def choose(_reader: Anyone, said: Fields) -> RedirectResponse:
    """Keep the choice, and go back to the page it was made on."""
    chosen, back = said.get("theme", ""), said.get("back", "/")
    if chosen not in THEMES:
        raise BadInput(f"The theme is {chosen[:40]!r}; allowed are light, dark or empty.")
    is_ours = back.startswith("/") and not back.startswith(("//", "/\\"))
    response = RedirectResponse(back if is_ours else "/", status_code=303)
    response.set_cookie(THEME_COOKIE, chosen, max_age=YEAR_SECONDS, samesite="strict")
    return response
