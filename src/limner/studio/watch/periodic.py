"""Reading streams and drawing canaries now and then, from a worker between two jobs."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

from limner.core.errors import DrawingCancelled, LimnerError
from limner.studio.leisure import Leisure

if TYPE_CHECKING:
    from limner.studio.parts import Parts

LOOK_SECONDS = 60.0  # between two looks for what is due

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
        except Exception as error:  # noqa: BLE001 - no reading ends a worker
            facts = {"action": "watch_broken"}
            _log.warning("Reading the streams broke: %s", type(error).__name__, extra=facts)
        return True


class Redrawer:
    """Draws canary sets that are due, whenever nothing else is to be done.

    It stops before the next prompt when a job comes, and goes on later with what is left.

    Args:
        parts: of the worker's studio.
        is_idle: whether no job is in hand.
        read_seconds: a steady clock.
    """

    def __init__(
        self, parts: Parts, *, is_idle: Callable[[], bool], read_seconds: Callable[[], float]
    ) -> None:
        self._parts = parts
        self._leisure = Leisure(is_idle, read_seconds, LOOK_SECONDS)
        self._is_drawing = False

    def take(self) -> Callable[[], None] | None:
        """What is due as a function that draws it; ``None`` while there is anything to do."""
        is_time = self._leisure.is_time()
        if not is_time or self._is_drawing or not self._parts.settings.canary_hours:
            return None
        self._is_drawing = True
        return self._draw

    def _draw(self) -> None:
        from limner.studio.watch.canaries import due_canaries, redraw_canaries

        try:
            due = due_canaries(self._parts)
            if due is not None:
                redraw_canaries(self._parts, due, self._go_on)
        except DrawingCancelled:
            pass  # a job came
        except LimnerError as error:
            facts = {"action": "canaries_failed", "code": error.code}
            _log.exception("Canaries could not be drawn", extra=facts)
        except Exception as error:  # noqa: BLE001 - no canary ends a worker
            facts = {"action": "canaries_broken"}
            _log.warning("Canaries broke: %s", type(error).__name__, extra=facts)
        finally:
            self._is_drawing = False

    def _go_on(self, _num_done: int, _num_all: int) -> None:
        if not self._leisure.is_idle():
            raise DrawingCancelled
