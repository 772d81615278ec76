"""Running the application on a socket, by uvicorn. Addresses are never logged: they hold tokens.

The server answers before the application is loaded: `/health` at once, everything else as soon as
it is there. So this module imports no part of it.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import TYPE_CHECKING

import anyio
import anyio.to_thread
import uvicorn

if TYPE_CHECKING:
    from fastapi import FastAPI
    from uvicorn._types import ASGIReceiveCallable, ASGISendCallable, Scope

KEEP_ALIVE_SECONDS = 30
GRACE_SECONDS = 3  # for answers that are under way; streams end by then
BACKLOG = 512
STARTING = b'{"status":"ok","worker":"stopped"}'


class Opening:
    """Stands in for an application while it is loaded.

    Args:
        load: makes the application; called once, in a thread.
        when_loaded: called once requests reach it.

    Attributes:
        stop: called when loading failed; to be set before the server runs.
        fault: why loading failed.
    """

    def __init__(self, load: Callable[[], FastAPI], when_loaded: Callable[[], None]) -> None:
        self._load = load
        self._when_loaded = when_loaded
        self._loaded = anyio.Event()
        self._app: FastAPI | None = None
        self.stop: Callable[[], None] = lambda: None
        self.fault: Exception | None = None

    async def __call__(
        self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable
    ) -> None:
        """Answer one request, or live through the application's life."""
        if scope["type"] == "lifespan":
            await self._live(scope, receive, send)
            return
        if scope["type"] == "http" and scope["path"] == "/health" and self._app is None:
            await _say_starting(send)
            return
        await self._loaded.wait()
        assert self._app is not None
        await self._app(scope, receive, send)  # pyright: ignore[reportArgumentType] - same protocol

    async def _live(
        self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable
    ) -> None:
        await receive()
        await send({"type": "lifespan.startup.complete"})
        try:
            app = await anyio.to_thread.run_sync(self._load)
        except Exception as error:  # noqa: BLE001 - the edge: raised again when the server has ended
            self.fault = error
            self.stop()
        else:
            async with app.router.lifespan_context(app):
                self._app = app
                self._loaded.set()
                self._when_loaded()
                await receive()
        await send({"type": "lifespan.shutdown.complete"})


def run_server(
    load: Callable[[], FastAPI], listening: socket.socket, when_loaded: Callable[[], None]
) -> None:
    """Answer requests until a signal stops it.

    Args:
        load: makes the application.
        listening: bound to its address.
        when_loaded: called once the application takes requests.

    Raises:
        KeyboardInterrupt: a signal stopped it.
        LimnerError: whatever `load` raises.
    """
    opening = Opening(load, when_loaded)
    server = uvicorn.Server(
        uvicorn.Config(
            opening,
            access_log=False,
            log_config=None,
            log_level="warning",
            loop="asyncio",
            http="h11",
            ws="none",
            lifespan="on",
            server_header=False,
            backlog=BACKLOG,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=GRACE_SECONDS,
        )
    )

    def stop() -> None:
        server.should_exit = True

    opening.stop = stop
    server.run(sockets=[listening])
    if opening.fault is not None:
        raise opening.fault


async def _say_starting(send: ASGISendCallable) -> None:
    headers = [(b"content-type", b"application/json"), (b"cache-control", b"no-store")]
    await send(
        {"type": "http.response.start", "status": 200, "headers": headers, "trailers": False}
    )
    await send({"type": "http.response.body", "body": STARTING, "more_body": False})
