"""What ``limner look`` prints: the progress of a run, and what it came to."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Event
from typing import TYPE_CHECKING

from limner.faces.picture_bar import picture_bar
from limner.faces.printing import note, say, say_json
from limner.faces.watching import stopping

if TYPE_CHECKING:
    from limner.studio.look.run import Told

PASSED_OVER = "not_a_picture"


@dataclass(slots=True, kw_only=True)
class Counts:
    """What a run came to so far."""

    released: int = 0
    held: int = 0
    refused: int = 0
    num_faults: int = 0
    num_passed_over: int = 0
    num_known: int = 0
    num_asked: int = 0

    def add(self, told: Told) -> None:
        """Count one item."""
        if told.fault is not None:
            self.num_passed_over += told.fault.code == PASSED_OVER
            self.num_faults += told.fault.code != PASSED_OVER
        self.released += told.outcome == "released"
        self.held += told.outcome == "held"
        self.refused += told.outcome == "refused"
        self.num_known += told.is_known
        self.num_asked += told.num_asked

    @property
    def num(self) -> int:
        """Items in all."""
        return self.num_pictures + self.num_faults + self.num_passed_over

    @property
    def num_pictures(self) -> int:
        """Items that could be looked at."""
        return self.released + self.held + self.refused


def say_counts(counts: Counts, run_id: str, *, as_json: bool) -> None:
    """What a run came to, in a few lines."""
    if as_json:
        say_json(
            {
                "run": run_id,
                "released": counts.released,
                "held": counts.held,
                "refused": counts.refused,
                "known": counts.num_known,
                "faults": counts.num_faults,
                "passed_over": counts.num_passed_over,
                "asked": counts.num_asked,
            }
        )
        return
    say(
        f"{_counted(counts.num_pictures, 'picture')}: {counts.released:,} released, "
        f"{counts.held:,} held, {counts.refused:,} refused."
    )
    if counts.num_known:
        were = "was" if counts.num_known == 1 else "were"
        say(f"{counts.num_known:,} of them {were} looked at before and not again.")
    if counts.num_faults:
        say(f"{_counted(counts.num_faults, 'file')} could not be looked at; each is named above.")
    if counts.num_passed_over:
        say(f"{_counted(counts.num_passed_over, 'file')} held no picture.")
    if counts.num_asked:
        cards = "1 card asks" if counts.num_asked == 1 else f"{counts.num_asked:,} cards ask"
        say(f"{cards} people whether a label fits; `look teach --reviewed` learns their answers.")
    if counts.held or counts.num_asked:
        note("`limner review next` shows the first card that waits.")
    note(f"`limner look report {run_id}` writes what was found, with pictures.")


def _counted(num: int, what: str) -> str:
    return f"1 {what}" if num == 1 else f"{num:,} {what}s"


@contextmanager
def watching_look(num_items: int, *, is_quiet: bool) -> Generator[Callable[[Counts], None]]:
    """What to tell about every item; Ctrl-C ends what is yielded with KeyboardInterrupt.

    Args:
        num_items: about how many there are.
        is_quiet: no bar. There is none either when stderr is no terminal.
    """
    stop = Event()
    with stopping(stop), picture_bar("Looking", per="second", is_quiet=is_quiet) as display:
        task = None if display is None else display.add_task("Looking", total=num_items)

        def tell(counts: Counts) -> None:
            if display is not None and task is not None:
                total = max(num_items, counts.num)
                display.update(task, total=total, completed=counts.num)
            if stop.is_set():
                raise KeyboardInterrupt

        yield tell


def pause(is_to_go_on: Callable[[Counts], None], counts: Counts) -> None:
    """Wait before a watched folder is looked at again; Ctrl-C ends it as it ends a look."""
    from limner.studio.look.arriving import WAIT_SECONDS

    until = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < until:
        is_to_go_on(counts)
        time.sleep(0.1)
