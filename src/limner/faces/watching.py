"""A progress bar with a live estimate on stderr, and Ctrl-C that stops between two steps."""

from __future__ import annotations

import signal
from collections.abc import Generator
from contextlib import contextmanager
from threading import Event, Timer
from types import FrameType

from limner.core.drawing import StepProgress
from limner.studio.parts import Watch

SHOWN_AFTER_SECONDS = 1.0


@contextmanager
def watching(*, is_quiet: bool, num_rounds: int = 1) -> Generator[Watch]:
    """A watch to draw under.

    Args:
        is_quiet: no bar. There is none either when stderr is not a terminal.
        num_rounds: how many times drawing will start, for batches and grids.
    """
    stop = Event()
    with stopping(stop), _bar(is_quiet=is_quiet, num_rounds=num_rounds) as bar:
        yield Watch(on_start=bar.start_round, on_step=bar.step, is_cancelled=stop.is_set)


@contextmanager
def stopping(stop: Event) -> Generator[None]:
    """The first Ctrl-C asks drawing to stop; a second one stops the program."""

    def ask_to_stop(number: int, frame: FrameType | None) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()

    before = signal.signal(signal.SIGINT, ask_to_stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


class _Bar:
    """Counts the share of work done; shows nothing by itself."""

    def __init__(self, num_rounds: int) -> None:
        self.num_rounds = num_rounds
        self.num_started = 0
        self.share = 0.0

    def start_round(self, num_images: int) -> None:
        self.num_started += 1
        self.show((self.num_started - 1) / self.num_rounds)

    def step(self, progress: StepProgress) -> None:
        in_hand = progress.batch_size * progress.step / progress.num_steps
        share = (progress.num_images_done + in_hand) / progress.num_images
        self.show((self.num_started - 1 + share) / self.num_rounds)

    def show(self, share: float) -> None:
        self.share = share


@contextmanager
def _bar(*, is_quiet: bool, num_rounds: int) -> Generator[_Bar]:
    from rich.console import Console

    console = Console(stderr=True)
    if is_quiet or not console.is_terminal:
        yield _Bar(num_rounds)
        return
    from rich import progress as rich_progress

    display = rich_progress.Progress(
        rich_progress.TextColumn("Drawing"),
        rich_progress.BarColumn(),
        rich_progress.TaskProgressColumn(),
        rich_progress.TimeElapsedColumn(),
        rich_progress.TextColumn("left"),
        rich_progress.TimeRemainingColumn(),
        console=console,
        transient=True,
    )
    task = display.add_task("drawing", total=1.0)

    class ShownBar(_Bar):
        def show(self, share: float) -> None:
            display.update(task, completed=share)

    timer = Timer(SHOWN_AFTER_SECONDS, display.start)
    timer.daemon = True
    timer.start()
    try:
        yield ShownBar(num_rounds)
    finally:
        timer.cancel()
        timer.join()
        display.stop()
