"""What stands around every page: the way around, who is reading, light or dark."""

from __future__ import annotations

from typing import NamedTuple

from fastapi import Request

from limner.core.access import Principal, Scope
from limner.faces.http.services import services
from limner.faces.pages.site import Place

THEME_COOKIE = "limner-theme"
THEMES = ("", "light", "dark")
"""In the order in which a button goes through them; the first goes by the reader's system."""


class _Way(NamedTuple):
    """A place, and who has business there: one of these scopes, or anybody when empty."""

    path: str
    icon: str
    scopes: tuple[Scope, ...]


WAYS = (
    _Way("/", "draw", (Scope.GENERATE,)),
    _Way("/gallery", "gallery", (Scope.GENERATE, Scope.OPERATE)),
    _Way("/jobs", "jobs", (Scope.GENERATE, Scope.OPERATE)),
    _Way("/review", "review", (Scope.REVIEW,)),
    _Way("/watch", "watch", (Scope.OPERATE,)),
    _Way("/edge-cases", "edge_cases", (Scope.OPERATE,)),
    _Way("/verify", "verify", ()),
    _Way("/ledger", "ledger", ()),
    _Way("/rights", "rights", (Scope.OPERATE,)),
    _Way("/criteria", "criteria", ()),
    _Way("/evidence", "evidence", (Scope.OPERATE,)),
    _Way("/models", "models", ()),
    _Way("/settings", "settings", ()),
)


def frame(request: Request, principal: Principal | None, here: str) -> dict[str, object]:
    """What `base.html` shows.

    Args:
        request: that is answered.
        principal: who reads; ``None`` for a stranger.
        here: path of the place that is open.
    """
    return {
        "places": [
            Place(path=one.path, icon=one.icon, count=_waiting(request, principal, one))
            for one in WAYS
            if one.path in request.app.state.places and _may_go(principal, one)
        ],
        "here": here,
        "theme": theme_of(request),
        "next_theme": next_theme(theme_of(request)),
        "address": request.url.path + (f"?{request.url.query}" if request.url.query else ""),
        "principal": principal,
    }


def first_place(principal: Principal) -> str:
    """Where somebody begins who may not draw: the first place they have business in."""
    return next(one.path for one in WAYS if not one.scopes or principal.may(*one.scopes))


def theme_of(request: Request) -> str:
    """``light`` or ``dark`` if the reader chose; empty goes by their system."""
    chosen = request.cookies.get(THEME_COOKIE, "")
    return chosen if chosen in THEMES else ""


def next_theme(theme: str) -> str:
    """The theme after this one."""
    return THEMES[(THEMES.index(theme) + 1) % len(THEMES)]


def _may_go(principal: Principal | None, way: _Way) -> bool:
    if principal is None:
        return way.path == "/verify"
    return not way.scopes or principal.may(*way.scopes, Scope.ADMIN)


def _waiting(request: Request, principal: Principal | None, way: _Way) -> int:
    if way.icon != "review" or principal is None or not _may_go(principal, way):
        return 0
    return services(request).parts.store.gallery.count_held()
