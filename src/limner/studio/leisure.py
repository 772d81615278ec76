"""Whether a worker has had nothing to do for long enough to do what nobody waits for."""

from __future__ import annotations

from collections.abc import Callable

IDLE_SECONDS = 20.0  # without a job


class Leisure:
    """Tells when something may be looked for between two jobs.

    Args:
        is_idle: whether no job is in hand.
        read_seconds: a steady clock.
        look_seconds: between two looks for what is due.
    """

    def __init__(
        self, is_idle: Callable[[], bool], read_seconds: Callable[[], float], look_seconds: float
    ) -> None:
        self.is_idle = is_idle
        self._read_seconds = read_seconds
        self._look_seconds = look_seconds
        self._busy_seconds = self._looked_seconds = read_seconds()

    def is_time(self) -> bool:
        """Whether to look now; if so, the next look is `look_seconds` away."""
        now = self._read_seconds()
        if not self.is_idle():
            self._busy_seconds = now
        is_early = now - self._busy_seconds < IDLE_SECONDS
        if is_early or now - self._looked_seconds < self._look_seconds:
            return False
        self._looked_seconds = now
        return True

    def look_again(self) -> None:
        """Let the next look follow at once."""
        self._looked_seconds = float("-inf")
