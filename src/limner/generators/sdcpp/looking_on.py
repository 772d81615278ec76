"""Looking on while stable-diffusion.cpp draws, as its progress callback."""

from __future__ import annotations

import os
from collections.abc import Callable

from limner.core.drawing import StepProgress

Watcher = Callable[[StepProgress], None]


class Look:
    """Looks on at one drawing: tells its steps, and ends the process before the next.

    Args:
        on_step: told after every step; ``None`` for nobody.
        is_cancelled: asked between two steps.
        num_done: pictures drawn before.
        num_images: in all.

    Attributes:
        num_steps_run: so far.
    """

    def __init__(
        self,
        on_step: Watcher | None,
        is_cancelled: Callable[[], bool],
        num_done: int,
        num_images: int,
    ) -> None:
        self._on_step, self._is_cancelled = on_step, is_cancelled
        self._num_done, self._num_images = num_done, num_images
        self.num_steps_run = 0

    def __call__(self, step: int, num_steps: int, _: float) -> None:
        """What the library calls before the first step, as 0, and after every one."""
        self.num_steps_run = step
        if step and self._on_step is not None:
            self._on_step(
                StepProgress(
                    step=step,
                    num_steps=num_steps,
                    num_images_done=self._num_done,
                    batch_size=1,
                    num_images=self._num_images,
                )
            )
        if self._is_cancelled():
            os._exit(0)  # an error raised here would be swallowed, and drawing go on
