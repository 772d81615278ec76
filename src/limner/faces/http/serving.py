"""Running the application on a socket, by uvicorn. Addresses are never logged: they hold tokens."""

from __future__ import annotations

import socket
from collections.abc import Callable

import uvicorn
from fastapi import FastAPI

KEEP_ALIVE_SECONDS = 30
GRACE_SECONDS = 3  # for answers that are under way; streams end by then
BACKLOG = 512


def run_server(app: FastAPI, listening: socket.socket, when_it_answers: Callable[[], None]) -> None:
    """Answer requests until a signal stops it.

    Args:
        app: the application.
        listening: bound to its address.
        when_it_answers: called once, when requests are taken.

    Raises:
        KeyboardInterrupt: a signal stopped it.
    """
    config = uvicorn.Config(
        app,
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
    _Server(config, when_it_answers).run(sockets=[listening])


class _Server(uvicorn.Server):
    """A server that says when it answers."""

    def __init__(self, config: uvicorn.Config, when_it_answers: Callable[[], None]) -> None:
        super().__init__(config)
        self._when_it_answers = when_it_answers

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to listen."""
        await super().startup(sockets)
        if self.started:
            self._when_it_answers()
