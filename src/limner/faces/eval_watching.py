"""The progress of a run on stderr: pictures done, their rate, the time left; Ctrl-C stops it.

A run stops between two cases, so that every case is stored whole or not at all.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from threading import Event
from typing import TYPE_CHECKING

from limner.core.errors import DrawingCancelled
from limner.faces.picture_bar import picture_bar
from limner.faces.watching import stopping

if TYPE_CHECKING:
    pass

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
    with stopping(stop), picture_bar(verb, per="minute", is_quiet=is_quiet) as display:
        task = None if display is None else display.add_task(verb, total=None)

        def tell(number: int, num_cases: int) -> None:
            if display is not None and task is not None and number >= num_done:
                display.update(
                    task, total=num_cases * pictures_each, completed=number * pictures_each
                )
            if stop.is_set() and number < num_cases:
                raise DrawingCancelled

        yield tell
