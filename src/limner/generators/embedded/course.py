"""A course: pictures of one request on their way, always in the same passes of the network.

It is a state between two passes: what its sampler asks next, and which steps are not told yet.
This module runs nothing; who answers is in passes.py.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from limner.generators.embedded.networks import Caption, Floats
from limner.generators.embedded.sampler import Canvas, Question, Walk, guided

# Shapes: P pictures, R rows, C channels, H height, W width.


@dataclass(frozen=True, eq=False, kw_only=True)
class Way:
    """What a course is to go.

    Attributes:
        walk: of the sampler, not started; for P pictures.
        num_steps: that the walk takes.
        num_pictures: P.
        caption: of one picture: one row, and where there is guidance a second without caption.
        guidance: of every picture.
        hold: lays what is known into an estimate; ``None`` where nothing is.
        is_alone: shares no pass, so that nothing about it depends on company.
    """

    walk: Walk
    num_steps: int
    num_pictures: int
    caption: Caption
    guidance: float
    hold: Callable[[Canvas], Canvas] | None = None
    is_alone: bool = False


class Course:
    """How far pictures of one request are.

    Args:
        way: what it is to go.
        joined_seconds: now, by a steady clock.

    Attributes:
        caption: of its rows.
        shape: height and width of its canvases.
        fault: that ended it.
        num_forwards: passes it was in so far.
        most_together: most pictures in any of them, its own included.
        seconds: wall time of these passes, each divided by the pictures in it.
    """

    def __init__(self, way: Way, joined_seconds: float) -> None:
        self.way = way
        self.joined_seconds = joined_seconds
        self.caption = Caption(*(np.repeat(part, way.num_pictures, 0) for part in way.caption))
        self.fault: Exception | None = None
        self.num_forwards = 0
        self.most_together = 0
        self.seconds = 0.0
        self._question: Question | None = next(way.walk)
        self.shape = self._question.noisy_BCHW.shape[-2:]
        self._untold: deque[Canvas] = deque()
        self._num_ended = 0

    @property
    def num_rows(self) -> int:
        """Rows it has in a pass, R."""
        return len(self.caption.pooled)

    @property
    def num_cells(self) -> int:
        """Cells of the canvases of its rows; the work of a pass grows with them."""
        return self.num_rows * int(np.prod(self.shape))

    @property
    def num_row_steps_left(self) -> int:
        """Steps it still has to go, times its rows."""
        return (self.way.num_steps - self._num_ended) * self.num_rows

    @property
    def num_untold(self) -> int:
        """Steps that ended and were not taken yet."""
        return len(self._untold)

    @property
    def is_over(self) -> bool:
        """Whether nothing is left to be asked."""
        return self._question is None

    def rows(self) -> tuple[Floats, Floats]:
        """Noisy canvases `[R, C, H, W]` and times `[R]` of its next question."""
        assert self._question is not None
        noisy_PCHW, at, _ = self._question
        times_R = np.full(self.num_rows, at, np.float32)
        return np.concatenate([noisy_PCHW] * self._num_parts), times_R

    def answer(self, clean_RCHW: Floats) -> None:
        """Take the network's answer, and find the next question."""
        assert self._question is not None
        clean_PCHW: Canvas = clean_RCHW
        if self._num_parts == 2:
            given, free = np.split(clean_RCHW, 2)
            clean_PCHW = guided(given, free, self.way.guidance)
        if self.way.hold is not None:
            clean_PCHW = self.way.hold(clean_PCHW)
        self.num_forwards += 1
        if self._question.ends_step:
            self._untold.append(clean_PCHW)
            self._num_ended += 1
        try:
            self._question = self.way.walk.send(clean_PCHW)
        except StopIteration:
            self._question = None

    def take_step(self) -> Canvas:
        """The estimate `[P, C, H, W]` after the oldest step that was not taken yet."""
        return self._untold.popleft()

    @property
    def _num_parts(self) -> int:
        return len(self.way.caption.pooled)
