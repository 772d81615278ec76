"""Reading the streams now and then, from a worker between two jobs."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

from limner.core.errors import LimnerError

if TYPE_CHECKING:
    from limner.studio.parts import Parts

_log = logging.getLogger(__name__)


class Watcher:
    """Reads every stream when the time set for it has passed.

    That a reading fails stops no job: it is logged, and tried again the next time.

    Args:
        parts: of the worker's studio.
        read_seconds: a steady clock.
    """

    def __init__(self, parts: Parts, *, read_seconds: Callable[[], float]) -> None:
        self._parts = parts
        self._read_seconds = read_seconds
        self._read_at = read_seconds()

    def watch_if_due(self) -> bool:
        """Read the streams if it is time; whether it was."""
        minutes = self._parts.settings.watch_minutes
        if not minutes or self._read_seconds() - self._read_at < 60 * minutes:
            return False
        from limner.studio.watch.run import watch_all

        self._read_at = self._read_seconds()
        try:
            watch_all(self._parts)
        except LimnerError as error:
            facts = {"action": "watch_failed", "code": error.code}
            _log.exception("The streams could not be read", extra=facts)
        return True
