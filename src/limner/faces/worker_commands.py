"""The command ``limner worker``: draws the jobs of the data folder until it is told to stop.

Exit codes: 0 stopped in good order, also by a signal; 2 the data folder cannot be used.
"""

from __future__ import annotations

from typing import Annotated

import typer

from limner.faces.opening import opened
from limner.faces.printing import note

Tied = Annotated[
    bool,
    typer.Option("--tied", hidden=True, help="End when standard input does: its parent is gone."),
]
Once = Annotated[bool, typer.Option("--once", help="End when no job waits.")]


def worker(context: typer.Context, once: Once = False, tied: Tied = False) -> None:
    """Draw jobs as they come; several workers may run at once."""
    with opened(context) as studio:
        from threading import Event

        from limner.executors.local import Tie, stopping_on_signals
        from limner.studio.working import run_worker

        stop = Event()
        if tied:
            bell = studio.parts.store.bell
            bell.ring_along(Tie(bell.hear, stop).ring)
        with stopping_on_signals(stop):
            note("Waiting for jobs; Ctrl-C stops and gives back what is in hand.")
            run_worker(studio.parts, stop=stop, is_once=once)
