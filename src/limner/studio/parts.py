"""What every use case is given: the wired parts, and the ways to watch and stop it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

import numpy as np

from limner.core.ports import Generator, Recognizer
from limner.core.records import StepProgress
from limner.core.settings import Settings
from limner.store.repository import Store


class Parts:
    """The parts a studio is made of; generator and store open on first use.

    Args:
        settings: read once.
        open_generator: called at most once.
        open_store: called at most once.
        read_clock: the time now, in UTC.
        rng: where seeds come from that nobody asked for.
        version: of Limner.
        open_recognizer: called at most once; ``None`` reads no marks and compares no looks.
    """

    def __init__(
        self,
        *,
        settings: Settings,
        open_generator: Callable[[], Generator],
        open_store: Callable[[], Store],
        read_clock: Callable[[], datetime],
        rng: np.random.Generator,
        version: str,
        open_recognizer: Callable[[], Recognizer] | None = None,
    ) -> None:
        self.settings = settings
        self.read_clock = read_clock
        self.rng = rng
        self.version = version
        self._open_generator = open_generator
        self._open_store = open_store
        self._open_recognizer = open_recognizer

    @cached_property
    def generator(self) -> Generator:
        """The generator; its network loads when it first draws."""
        return self._open_generator()

    @cached_property
    def store(self) -> Store:
        """The store of the data folder."""
        return self._open_store()

    @cached_property
    def recognizer(self) -> Recognizer | None:
        """Tells which stored image a picture is."""
        return None if self._open_recognizer is None else self._open_recognizer()

    def close(self) -> None:
        """Close the store, if it was opened."""
        if "store" in self.__dict__:
            self.store.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """How a caller follows drawing and stops it.

    Attributes:
        on_start: told the number of pictures before the first is drawn.
        on_step: told after every step.
        is_cancelled: asked before every step.
    """

    on_start: Callable[[int], None] | None = None
    on_step: Callable[[StepProgress], None] | None = None
    is_cancelled: Callable[[], bool] | None = None


UNWATCHED = Watch()
