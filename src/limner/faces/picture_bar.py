"""A bar on stderr for work that counts pictures: how many are done, how fast, the time left."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from rich.progress import Progress


@contextmanager
def picture_bar(
    verb: str, *, per: Literal["second", "minute"], is_quiet: bool
) -> Generator[Progress | None]:
    """The bar, or nothing where it is not wanted or stderr is no terminal.

    Args:
        verb: what is done, such as ``Looking``.
        per: what the rate is told by; a minute's is an average over the last five.
        is_quiet: no bar.
    """
    from rich.console import Console

    console = Console(stderr=True)
    if is_quiet or not console.is_terminal:
        yield None
        return
    from rich import progress

    class Rate(progress.ProgressColumn):
        def render(self, task: progress.Task) -> str:
            if not task.speed:
                return ""
            return (
                f"{task.speed:.1f} a second"
                if per == "second"
                else f"{60 * task.speed:.0f} a minute"
            )

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
        speed_estimate_period=30 if per == "second" else 300,
    ) as display:
        yield display
