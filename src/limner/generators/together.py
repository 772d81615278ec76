"""What an engine may offer beside the port: pictures of several requests in one pass.

An engine that has the methods of `Together` is given, in its process, the requests that wait at the
same time and agree (process/serving.py), and draws them in one call. One that lacks them draws one
request after another.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from limner.core.drawing import Drawn, Plan, StepProgress

# Shapes: B pictures, H height, W width, C channels (RGBA, straight alpha).


class Row(NamedTuple):
    """One picture of a pass."""

    plan: Plan
    seed: int


class PassStep(NamedTuple):
    """A step of a pass that ended.

    Attributes:
        step: 1 .. `num_steps`.
        num_steps: of the pass.
        read_preview: gives some rows as the network sees them now, BHWC, uint8, RGBA; valid only
            until the next step. ``None`` if there are no previews.
    """

    step: int
    num_steps: int
    read_preview: Callable[[slice], NDArray[np.uint8]] | None


@runtime_checkable
class Together(Protocol):
    """Draws rows of several requests in one pass."""

    @property
    def batch_size(self) -> int:
        """Most rows in a pass."""
        ...

    def kind_of(self, plan: Plan) -> Hashable | None:
        """What plans must agree in to share a pass; ``None`` where each picture is drawn alone."""
        ...

    def draw_together(
        self,
        rows: Sequence[Row],
        *,
        on_step: Callable[[PassStep], None] | None = None,
        is_cancelled: Callable[[], bool] | None = None,
    ) -> list[Drawn]:
        """One picture for every row, in their order; the plans are of one kind.

        Args:
            rows: as many as `batch_size` at most.
            on_step: told after every step.
            is_cancelled: asked before every step.

        Raises:
            DrawingCancelled: `is_cancelled` said yes.
            LimnerError: what the port's `generate` raises.
        """
        ...


def draw_in_passes(
    engine: Together,
    plan: Plan,
    seeds: Sequence[int],
    *,
    on_step: Callable[[StepProgress], None] | None = None,
    is_cancelled: Callable[[], bool] | None = None,
) -> Iterator[Drawn]:
    """The port's `generate` by passes of one request alone."""
    size = 1 if engine.kind_of(plan) is None else engine.batch_size
    for first in range(0, len(seeds), size):
        rows = [Row(plan, seed) for seed in seeds[first : first + size]]
        told = _telling(on_step, first, len(rows), len(seeds))
        yield from engine.draw_together(rows, on_step=told, is_cancelled=is_cancelled)


def progress_of(step: PassStep, rows: slice, num_images_done: int, num_images: int) -> StepProgress:
    """A step of a pass as it is told to a request that has some of its rows."""
    read = step.read_preview
    return StepProgress(
        step=step.step,
        num_steps=step.num_steps,
        num_images_done=num_images_done,
        batch_size=rows.stop - rows.start,
        num_images=num_images,
        read_preview=None if read is None else lambda: read(rows),
    )


def _telling(
    on_step: Callable[[StepProgress], None] | None, num_done: int, num_rows: int, num_images: int
) -> Callable[[PassStep], None] | None:
    if on_step is None:
        return None
    rows = slice(0, num_rows)
    return lambda step: on_step(progress_of(step, rows, num_done, num_images))
