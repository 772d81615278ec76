"""How long drawing still takes."""

from __future__ import annotations

from collections.abc import Callable

from limner.core.drawing import StepProgress


class Pace:
    """Estimates how long drawing still takes, from the steps of this attempt as soon as it can.

    Args:
        seconds_per_picture: as measured before; ``None`` if nothing was.
        read_seconds: a steady clock.
    """

    def __init__(
        self, seconds_per_picture: float | None, read_seconds: Callable[[], float]
    ) -> None:
        self._seconds_per_picture = seconds_per_picture
        self._read_seconds = read_seconds
        self._last: tuple[int, float] | None = None

    def seconds_left(self, progress: StepProgress) -> float | None:
        """Estimated from the last two steps; before the second, from earlier attempts."""
        now_seconds = self._read_seconds()
        if self._last is not None and progress.step == self._last[0] + 1:
            step_seconds = now_seconds - self._last[1]
            self._seconds_per_picture = step_seconds * progress.num_steps / progress.batch_size
        self._last = (progress.step, now_seconds)
        if self._seconds_per_picture is None:
            return None
        done = progress.num_images_done + progress.batch_size * progress.step / progress.num_steps
        return round(max(0.0, progress.num_images - done) * self._seconds_per_picture, 2)
