"""The command ``limner studio``: the server and its worker, and the link to open.

One process answers HTTP and draws nothing; it keeps a worker process running, which draws. They
share only the data folder. Exit codes: 0 stopped in good order; 2 the address cannot be used.
"""

from __future__ import annotations

import signal
import socket
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from limner.core.errors import BadInput
from limner.faces.opening import open_studio, saying_errors
from limner.faces.printing import note, say

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    from fastapi import FastAPI

    from limner.executors.supervisor import Supervisor
    from limner.studio.studio import Studio

DEFAULT_PORT = 8484
WILDCARDS = ("", "0.0.0.0", "::")
LOOPBACK = "127.0.0.1"
NAMELESS = "owner"  # where the system has no name for the user

Host = Annotated[str, typer.Option("--host", help="Address to listen at.")]
Port = Annotated[int, typer.Option("--port", min=0, max=65535, help="Port; 0 takes a free one.")]
NoBrowser = Annotated[bool, typer.Option("--no-browser", help="Do not open the browser.")]


def studio(
    context: typer.Context,
    host: Host = LOOPBACK,
    port: Port = DEFAULT_PORT,
    no_browser: NoBrowser = False,
) -> None:
    """Serve pages and programs, and draw what they ask for, until Ctrl-C."""
    with saying_errors():
        listening = listen(host, port)
        signal.signal(signal.SIGTERM, _interrupt)
        server = _Server(context.obj or open_studio, listening, host, opens_browser=not no_browser)
        try:
            server.run()
        except KeyboardInterrupt:
            note("Stopped; jobs that were not finished are drawn at the next start.")
        finally:
            server.close()


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens.

    Raises:
        BadInput: the address is not one of this machine, or is taken.
    """
    try:
        family, kind, protocol, _name, address = socket.getaddrinfo(
            host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listening = socket.socket(family, kind, protocol)
        if sys.platform != "win32":
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise BadInput(
            f"The address {host!r} with port {port} cannot be used: {reason}.",
            code="address_unusable",
            hint="Choose another with --port; 0 takes a free one.",
        ) from error
    return listening


def link_of(host: str, port: int, token: str) -> str:
    """The address a person opens; loopback where the server listens at every address."""
    shown = LOOPBACK if host in WILDCARDS else host
    return f"http://{f'[{shown}]' if ':' in shown else shown}:{port}/?token={token}"


class _Server:
    """What `limner studio` holds while it runs: the socket, the studio, the worker.

    The socket answers first; the studio is opened behind it, and the worker started last, so that
    neither slows the first answer.
    """

    def __init__(
        self,
        open_wired: Callable[[], Studio],
        listening: socket.socket,
        host: str,
        *,
        opens_browser: bool,
    ) -> None:
        self._open_wired = open_wired
        self._listening = listening
        self._host = host
        self._opens_browser = opens_browser
        self._wired: Studio | None = None
        self._worker: Supervisor | None = None

    def run(self) -> None:
        from limner.faces.http.serving import run_server

        run_server(self._load, self._listening, self._when_loaded)

    def close(self) -> None:
        """End the worker, then let go of the data folder."""
        if self._worker is not None:
            self._worker.close()
        if self._wired is not None:
            self._wired.close()
        self._listening.close()

    def _load(self) -> FastAPI:
        from time import monotonic

        from limner.executors.supervisor import Supervisor
        from limner.faces.http.app import make_app

        self._wired = self._open_wired()
        bell = self._wired.parts.store.bell
        self._worker = Supervisor(worker_command(), read_seconds=monotonic, hear=bell.hear)
        bell.ring_along(self._worker.ring)
        hosts = () if self._host in WILDCARDS else (self._host,)
        return make_app(self._wired, hosts=hosts, worker=self._worker)

    def _when_loaded(self) -> None:
        from limner.studio.tokens import Tokens

        assert self._wired is not None
        assert self._worker is not None
        parts, port = self._wired.parts, int(self._listening.getsockname()[1])
        name = parts.settings.reviewer or parts.requester or NAMELESS
        token = Tokens(parts).create_link(name).text
        link = link_of(self._host, port, token)
        say("Limner is running. Open this link; Ctrl-C stops it.")
        say(link)
        sys.stdout.flush()
        if self._host in WILDCARDS and not parts.settings.hosts:
            note("Other machines reach it by a name that the setting `hosts` lists; it lists none.")
        self._worker.start()
        if self._opens_browser:
            _open_browser(link)


def worker_command() -> list[str]:
    """How to start the worker: as this program was started, with another command."""
    num_arguments = len(sys.argv) - 1
    program = sys.orig_argv[1 : len(sys.orig_argv) - num_arguments]
    return [sys.executable, *program, "worker", "--tied"]


def _open_browser(link: str) -> None:
    import webbrowser
    from threading import Thread

    Thread(target=webbrowser.open, args=(link,), daemon=True).start()


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
