"""Who is asking, and whether they may: the one layer that every route stands behind.

A token comes as ``Authorization: Bearer``, as the password of HTTP Basic (``/sdapi`` only, whose
clients know nothing else), or in the cookie that a page got for it. Every route either depends on
`require` or is named in `PUBLIC`; a test holds that for all of them.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Annotated, NamedTuple

from fastapi import Depends, Request
from fastapi.openapi.models import HTTPBearer
from fastapi.security.base import SecurityBase

from limner.core.access import Principal, Scope
from limner.core.errors import NotAllowed, TokenMissing
from limner.faces.http.origins import Host
from limner.faces.http.services import services

PUBLIC: frozenset[str] = frozenset(
    {
        "/health",
        "/openapi.json",
        "/static",
        "/v1/images/files/{name}",  # the address is the secret, and ends after an hour
    }
)
"""Routes that answer without a token: nothing of anybody's is under them."""

OPEN_TO_STRANGERS = frozenset({"/api/verify", "/verify"})
"""Routes that strangers reach where the setting `anyone_may_verify` says so."""

COOKIE = "limner"
HOW_TO_SIGN_IN = (
    "Open the link that `limner studio` printed, or send a token: `limner tokens create`."
)


class Shown(NamedTuple):
    """A token as a request showed it."""

    text: str
    is_cookie: bool


class Admission(SecurityBase):
    """A dependency that lets a principal through who has one of its scopes.

    Args:
        scopes: one of them is enough.
    """

    def __init__(self, scopes: frozenset[Scope]) -> None:
        self.scopes = scopes
        self.model = HTTPBearer(description="A token from `limner tokens create`.")
        self.scheme_name = "token"

    async def __call__(self, request: Request) -> Principal:
        """The principal.

        Raises:
            TokenMissing: there is no token in force.
            NotAllowed: it has none of the scopes.
        """
        principal = principal_of(request)
        if principal is None:
            raise TokenMissing(hint=HOW_TO_SIGN_IN)
        if not principal.may(*self.scopes):
            needed = " or ".join(sorted(self.scopes))
            raise NotAllowed(
                f"This needs the scope {needed}; the token of {principal.name!r} has "
                f"{', '.join(sorted(principal.scopes))}."
            )
        return principal


class OpenAdmission(SecurityBase):
    """A dependency that also lets strangers through where the operator allows it."""

    def __init__(self) -> None:
        self._admission = require()
        self.model, self.scheme_name = self._admission.model, self._admission.scheme_name

    async def __call__(self, request: Request) -> Principal | None:
        """The principal; ``None`` for a stranger.

        Raises:
            TokenMissing: there is no token in force, and strangers are not let in.
        """
        if principal_of(request) is None and services(request).settings.anyone_may_verify:
            return None
        return await self._admission(request)


def require(*scopes: Scope) -> Admission:
    """The dependency for a route: one of `scopes` is enough; without any, any token in force.

    Use it as ``Annotated[Principal, Depends(require(Scope.GENERATE))]``.
    """
    return Admission(frozenset(scopes or Scope))


Asker = Annotated[Principal | None, Depends(OpenAdmission())]
"""Whoever asks, with a token or, where it is allowed, without."""


def principal_of(request: Request) -> Principal | None:
    """Who asks, as the door found out; ``None`` without a token in force."""
    found = getattr(request.state, "principal", None)
    assert found is None or isinstance(found, Principal)
    return found


def shown_token(headers: Mapping[str, str], cookies: Mapping[str, str], path: str) -> Shown | None:
    """The token a request shows; what a header says goes before the cookie."""
    scheme, _, value = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and value.strip():
        return Shown(value.strip(), is_cookie=False)
    if scheme.lower() == "basic" and path.startswith("/sdapi/"):
        password = _basic_password(value)
        return None if password is None else Shown(password, is_cookie=False)
    cookie = cookies.get(cookie_name(headers.get("host", "")))
    return None if cookie is None else Shown(cookie, is_cookie=True)


def cookie_name(host: str) -> str:
    """The cookie's name for a Host header: browsers do not keep ports apart, so the name does."""
    port = Host.parse(host).port
    return COOKIE if port is None else f"{COOKIE}-{port}"


def _basic_password(value: str) -> str | None:
    try:
        text = base64.b64decode(value.strip(), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return None
    _name, colon, password = text.partition(":")
    return password if colon else None
