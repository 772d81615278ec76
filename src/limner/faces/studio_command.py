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
from limner.faces.opening import opened
from limner.faces.printing import note, say

if TYPE_CHECKING:
    from types import FrameType

    from limner.studio.studio import Studio

DEFAULT_PORT = 8484
WILDCARDS = ("", "0.0.0.0", "::")
LOOPBACK = "127.0.0.1"

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
    with opened(context) as wired:
        listening = listen(host, port)
        signal.signal(signal.SIGTERM, _interrupt)
        try:
            _serve(wired, listening, host, opens_browser=not no_browser)
        except KeyboardInterrupt:
            note("Stopped; jobs that were not finished are drawn at the next start.")


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


def _serve(wired: Studio, listening: socket.socket, host: str, *, opens_browser: bool) -> None:
    from time import monotonic

    from limner.executors.supervisor import Supervisor
    from limner.faces.http.app import make_app
    from limner.faces.http.serving import run_server
    from limner.studio.tokens import Tokens

    port = int(listening.getsockname()[1])
    link = link_of(host, port, Tokens(wired.parts).create_link(wired.parts.requester or "me").text)
    supervisor = Supervisor(worker_command(), read_seconds=monotonic)

    def when_it_answers() -> None:
        say("Limner is running. Open this link; Ctrl-C stops it.")
        say(link)
        sys.stdout.flush()
        if host in WILDCARDS and not wired.settings.hosts:
            note("Other machines reach it by a name that the setting `hosts` lists; it lists none.")
        supervisor.start()  # not before: it would slow the first answer
        if opens_browser:
            _open_browser(link)

    app = make_app(wired, hosts=() if host in WILDCARDS else (host,), worker=supervisor)
    try:
        run_server(app, listening, when_it_answers)
    finally:
        supervisor.close()
        listening.close()


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
