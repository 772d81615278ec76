"""What every request passes before any route: the edge, then the door.

The edge gives each request its id, each answer its headers, and turns what nobody foresaw into an
honest 500. The door checks, in this order: host, origin, token, rate, size. Both are plain ASGI,
so that a stream is passed on piece by piece.
"""

from __future__ import annotations

import logging
import re
import secrets
from collections.abc import Collection
from http.cookies import CookieError, SimpleCookie

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware.body_limit import RequestBodyLimitMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from limner.core.access import Principal
from limner.core.errors import BodyTooLarge, LimnerError, TokenRefused
from limner.faces.http.access import HOW_TO_SIGN_IN, OPEN_TO_STRANGERS, shown_token
from limner.faces.http.json_limit import counted, is_file_form
from limner.faces.http.origins import (
    LOOPBACK_NAMES,
    require_known_host,
    require_own_pages,
    require_same_origin,
)
from limner.faces.http.problems import UNFORESEEN, answer, problem_of, respond
from limner.faces.http.services import Services
from limner.faces.http.signing_in import link_token, sign_in

MAX_BODY_BYTES = 100 * 2**20  # sixteen pictures to edit, or one large file to verify
MAX_UNKNOWN_BODY_BYTES = 64 * 2**10  # without a token there is nothing large to send
UNCOUNTED = "/health"  # probes ask often, and it costs nothing

SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' data: blob:; object-src 'none'; base-uri 'none'; "
        "form-action 'self'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_log = logging.getLogger(__name__)


class Edge:
    """Outermost: request id, headers of every answer, counting, the last resort.

    Args:
        app: what answers.
        services: for their measures.
    """

    def __init__(self, app: ASGIApp, services: Services) -> None:
        self._app = app
        self._services = services

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = _request_id(Headers(scope=scope).get("x-request-id", ""))
        scope.setdefault("state", {})["request_id"] = request_id
        status = 0
        measuring = self._services.measures.start()

        async def send_on(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                _add_headers(MutableHeaders(scope=message), request_id)
            await send(message)

        try:
            await self._app(scope, receive, send_on)
        except Exception:
            # The edge: whatever it is, the caller gets an answer and the log the trace.
            _log.exception(
                "A request failed.", extra={"action": "request_failed", "request_id": request_id}
            )
            if status:
                raise  # half an answer is out; the connection is all that can be ended
            response = _unforeseen(scope, request_id)
            await response(scope, receive, send_on)
        finally:
            self._services.measures.count_request(scope, status, measuring)


class Door:
    """Lets a request in, or answers why not.

    Args:
        app: the routes.
        services: for tokens and rates.
        hosts: names this server answers to besides loopback.
    """

    def __init__(self, app: ASGIApp, services: Services, hosts: Collection[str]) -> None:
        self._app = app
        self._services = services
        self._hosts = frozenset(one.lower() for one in hosts)
        self._within_limit = RequestBodyLimitMiddleware(app, MAX_BODY_BYTES)
        self._within_small_limit = RequestBodyLimitMiddleware(app, MAX_UNKNOWN_BODY_BYTES)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Check one request and pass it on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            response = await self._let_in(scope)
        except LimnerError as error:
            response = respond(Request(scope), problem_of(error))
        if response is not None:
            await response(scope, receive, send)
            return
        if not is_file_form(Headers(scope=scope)):
            receive = counted(receive)
        if self._may_send_much(scope):
            await self._within_limit(scope, receive, send)
        else:
            await self._within_small_limit(scope, receive, send)

    async def _let_in(self, scope: Scope) -> Response | None:
        """An answer, if the request goes no further; what it shows is kept in its state."""
        headers, method = Headers(scope=scope), str(scope["method"])
        # 1. and 2. The names we answer to, and no site but our own.
        require_known_host(headers, LOOPBACK_NAMES | self._hosts)
        require_own_pages(method, headers, self._hosts)
        token = link_token(scope)
        if token is not None:
            self._services.rates.spend(_address_of(scope), is_known=False)
            return await run_in_threadpool(sign_in, self._services.tokens, scope, token)
        # 3. The token, if one is shown. One that is not in force is an error, not a stranger.
        shown = shown_token(headers, _cookies_of(headers), scope["path"])
        principal: Principal | None = None
        if shown is not None:
            principal = await run_in_threadpool(self._services.tokens.principal, shown.text)
        # 4. The rate, of strangers by address.
        if scope["path"] != UNCOUNTED:
            caller = _address_of(scope) if principal is None else f"token {principal.token_id}"
            self._services.rates.spend(caller, is_known=principal is not None)
        if shown is not None and principal is None and not shown.is_cookie:
            raise TokenRefused(hint=HOW_TO_SIGN_IN)
        if shown is not None and shown.is_cookie and principal is not None:
            require_same_origin(method, headers)
        scope["state"]["principal"] = principal
        # 5. What announces itself as too large is not even begun with; the rest is counted, and
        # so are the values of JSON.
        self._require_size(scope)
        return None

    def _may_send_much(self, scope: Scope) -> bool:
        is_open = self._services.settings.anyone_may_verify and scope["path"] in OPEN_TO_STRANGERS
        return is_open or scope["state"]["principal"] is not None

    def _require_size(self, scope: Scope) -> None:
        announced = Headers(scope=scope).get("content-length", "")
        is_known = self._may_send_much(scope)
        limit = MAX_BODY_BYTES if is_known else MAX_UNKNOWN_BODY_BYTES
        if announced.isdecimal() and int(announced) > limit:
            raise BodyTooLarge(
                f"The request has {int(announced):,} bytes; allowed are up to {limit:,}.",
                hint="" if is_known else "With a token, more is allowed.",
            )


def _unforeseen(scope: Scope, request_id: str) -> Response:
    try:
        return respond(Request(scope), UNFORESEEN)
    except Exception:  # noqa: BLE001 - what broke may be what the page needs too
        return answer(UNFORESEEN, path=scope["path"], request_id=request_id)


def _request_id(given: str) -> str:
    return given if _REQUEST_ID.fullmatch(given) else secrets.token_hex(8)


def _address_of(scope: Scope) -> str:
    client = scope.get("client") or ("", 0)
    return f"address {client[0]}"


def _cookies_of(headers: Headers) -> dict[str, str]:
    cookies: dict[str, str] = {}
    for line in headers.getlist("cookie"):
        try:
            parsed = SimpleCookie(line)
        except CookieError:
            continue
        cookies |= {name: morsel.value for name, morsel in parsed.items()}
    return cookies


def _add_headers(headers: MutableHeaders, request_id: str) -> None:
    headers["X-Request-Id"] = request_id
    for name, value in SECURITY_HEADERS.items():
        headers[name] = value
    headers.setdefault("Cache-Control", "no-store")
