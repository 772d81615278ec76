"""The painted generator, showing what it paints while it paints."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np

from limner.core.drawing import Drawn, Plan, StepProgress
from limner.testing import PaintedGenerator


class PreviewingPainter(PaintedGenerator):
    """Its previews are grey squares; they need only be pictures."""

    def generate(
        self,
        plan: Plan,
        seeds: Sequence[int],
        *,
        on_step: Callable[[StepProgress], None] | None = None,
        is_cancelled: Callable[[], bool] | None = None,
    ) -> Iterator[Drawn]:
        def tell(progress: StepProgress) -> None:
            if on_step is not None:
                shape = (progress.batch_size, 16, 16, 4)
                on_step(replace(progress, read_preview=lambda: np.full(shape, 128, np.uint8)))

        return super().generate(plan, seeds, on_step=tell, is_cancelled=is_cancelled)
