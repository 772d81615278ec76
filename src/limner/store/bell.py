"""A bell that is rung when jobs have changed, so that who waits looks at their rows at once.

It carries nothing, and nothing depends on it: the rows are the truth, and who waits looks at them
now and then all the same.
"""

from __future__ import annotations

from collections.abc import Callable
from threading import Event


class Bell:
    """The bell of one process; another process may be reached by `ring_along`."""

    def __init__(self) -> None:
        self._rung = Event()
        self._along: list[Callable[[], None]] = []

    def ring_along(self, ring: Callable[[], None]) -> None:
        """Have another process's bell rung whenever this process rings; it must not raise."""
        self._along.append(ring)

    def ring(self) -> None:
        """A change was committed by this process."""
        for ring in self._along:
            ring()
        self._rung.set()

    def hear(self) -> None:
        """Another process rang."""
        self._rung.set()

    def wait(self, seconds: float) -> None:
        """Wait until it is rung, or so long; what was rung since the last wait counts."""
        self._rung.wait(seconds)
        self._rung.clear()
