"""The progress of a run on stderr: pictures done, their rate, the time left; Ctrl-C stops it.

A run stops between two cases, so that every case is stored whole or not at all.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from threading import Event
from typing import TYPE_CHECKING

from limner.core.errors import DrawingCancelled
from limner.faces.watching import stopping

if TYPE_CHECKING:
    from rich.progress import Progress

OnCase = Callable[[int, int], None]


@contextmanager
def watching_run(
    verb: str, *, pictures_each: int, num_done: int, is_quiet: bool
) -> Generator[OnCase]:
    """What to tell about every case.

    Args:
        verb: what is done, such as ``Drawing``.
        pictures_each: pictures of one case.
        num_done: cases that were done before.
        is_quiet: no bar. There is none either when stderr is not a terminal.

    Raises:
        DrawingCancelled: from what is yielded, after Ctrl-C; a second one stops the program.
    """
    stop = Event()
    with stopping(stop), _bar(verb, is_quiet=is_quiet) as display:
        task = None if display is None else display.add_task(verb, total=None)

        def tell(number: int, num_cases: int) -> None:
            if display is not None and task is not None and number >= num_done:
                display.update(
                    task, total=num_cases * pictures_each, completed=number * pictures_each
                )
            if stop.is_set() and number < num_cases:
                raise DrawingCancelled

        yield tell


@contextmanager
def _bar(verb: str, *, is_quiet: bool) -> Generator[Progress | None]:
    from rich.console import Console

    console = Console(stderr=True)
    if is_quiet or not console.is_terminal:
        yield None
        return
    from rich import progress

    class Rate(progress.ProgressColumn):
        """Pictures a minute, once two cases are done."""

        def render(self, task: progress.Task) -> str:
            return "" if not task.speed else f"{60 * task.speed:.0f} a minute"

    with progress.Progress(
        progress.TextColumn(verb),
        progress.BarColumn(),
        progress.MofNCompleteColumn(),
        progress.TextColumn("pictures"),
        Rate(),
        progress.TimeRemainingColumn(),
        progress.TextColumn("left"),
        console=console,
        transient=True,
        speed_estimate_period=300,
    ) as display:
        yield display
