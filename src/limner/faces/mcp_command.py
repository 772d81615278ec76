"""The command ``limner mcp``: an MCP server over standard input and output, for one agent.

Exit codes: 0 the agent ended the connection; 2 the extra is not installed, or a bad name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from limner.core.errors import BadInput
from limner.core.settings import MAX_NAME_CHARACTERS
from limner.faces.opening import opened

if TYPE_CHECKING:
    from limner.executors.supervisor import Supervisor
    from limner.store.bell import Bell

NAMELESS = "agent"  # where the system has no name for the user

Name = Annotated[str, typer.Option("--name", help="Owner of the jobs; your user name if left out.")]


def mcp(context: typer.Context, name: Name = "") -> None:
    """Serve one agent: tools to draw, to look after a job, and to verify a file."""
    with opened(context) as studio:
        _require_extra()
        from limner.faces.mcp.desk import Desk
        from limner.faces.mcp.server import make_server

        worker = _Worker(studio.parts.store.bell)
        desk = Desk(
            studio=studio,
            owner=_owner(name, studio.parts.requester),
            start_worker=worker.start,
        )
        try:
            make_server(desk, studio.parts.version).run("stdio")
        finally:
            worker.close()


class _Worker:
    """A worker that is started when the first job is asked for, and ends with this process."""

    def __init__(self, bell: Bell) -> None:
        self._bell = bell
        self._supervisor: Supervisor | None = None

    def start(self) -> None:
        """See that a worker runs."""
        if self._supervisor is not None:
            return
        from time import monotonic

        from limner.executors.supervisor import Supervisor
        from limner.faces.studio_command import worker_command

        self._supervisor = Supervisor(
            worker_command(), read_seconds=monotonic, hear=self._bell.hear
        )
        self._bell.ring_along(self._supervisor.ring)
        self._supervisor.start()

    def close(self) -> None:
        """End it in good order."""
        if self._supervisor is not None:
            self._supervisor.close()


def _owner(name: str, requester: str) -> str:
    if len(name) > MAX_NAME_CHARACTERS or not name.isprintable():
        raise BadInput(
            f"The name is {name[:100]!r}; allowed are up to {MAX_NAME_CHARACTERS} characters."
        )
    return name.strip() or requester or NAMELESS


def _require_extra() -> None:
    from importlib.util import find_spec

    if find_spec("mcp") is None:
        raise BadInput(
            "The MCP server needs an extra that is not installed.",
            code="extra_missing",
            hint="Install it with: pip install 'limner[mcp]'",
        )
