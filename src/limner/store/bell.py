"""A bell that is rung when jobs have changed, so that who waits looks at their rows at once.

It carries nothing, and nothing depends on it: the rows are the truth, and who waits looks at them
now and then all the same.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Event
from typing import NamedTuple

POLL_SECONDS = 0.005  # between two looks while it is quiet
TIED_POLL_SECONDS = 0.025  # with a process that rings: a look takes 3 % of a core every 5 ms


class Moment(NamedTuple):
    """When somebody looked: how often the bell had been rung by then, and the steady clock."""

    num_rung: int
    seconds: float


NEVER = Moment(-1, float("-inf"))


class Bell:
    """The bell of one process; another process may be reached by `ring_along`."""

    def __init__(self) -> None:
        self._rung = Event()
        self._along: list[Callable[[], None]] = []
        self._num_rung = 0

    def ring_along(self, ring: Callable[[], None]) -> None:
        """Have another process's bell rung whenever this process rings; it must not raise."""
        self._along.append(ring)

    def ring(self) -> None:
        """A change was committed by this process."""
        for ring in self._along:
            ring()
        self.hear()

    def hear(self) -> None:
        """Another process rang."""
        self._num_rung += 1
        self._rung.set()

    def now(self) -> Moment:
        """The moment before a look."""
        return Moment(self._num_rung, time.monotonic())

    def needs_no_look(self, last: Moment) -> bool:
        """Whether what was seen then still is: tied, not rung since, and not long ago."""
        is_recent = time.monotonic() - last.seconds < TIED_POLL_SECONDS
        return bool(self._along) and is_recent and self._num_rung == last.num_rung

    def wait(self) -> bool:
        """Wait until it is rung, or until it is time to look all the same; whether it was rung.

        What was rung since the last wait counts.
        """
        is_rung = self._rung.wait(TIED_POLL_SECONDS if self._along else POLL_SECONDS)
        self._rung.clear()
        return is_rung
