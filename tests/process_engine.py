"""The painted generator behind a form, for processes: options say what goes wrong."""

import os
import signal
import time

import numpy as np

from limner.core.errors import DrawingCancelled
from limner.generators.together import PassStep
from limner.testing import PaintedGenerator


class FaultyPainter(PaintedGenerator):
    """Does at its second step what the option 'fault' says."""

    fault = ""

    def generate(self, plan, seeds, *, on_step=None, is_cancelled=None):
        def faulty_step(progress):
            if progress.step == 2:
                self.go_wrong()
            if on_step is not None:
                on_step(progress)
            if self.fault == "no stop" and is_cancelled is not None and is_cancelled():
                os._exit(0)  # as a library that cannot be stopped has to

        os.write(1, b"what a library prints")
        yield from super().generate(plan, seeds, on_step=faulty_step, is_cancelled=is_cancelled)

    def go_wrong(self):
        if self.fault == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        elif self.fault == "memory":
            self.hoard = [bytearray(50_000_000) for _ in range(100)]
        elif self.fault == "raise":
            raise KeyError("a secret prompt")
        elif self.fault == "hang":
            time.sleep(3600)


def open_painted(form):
    painter = FaultyPainter(
        card=form.card, seconds_per_step=form.number("seconds_per_step", 0, 0, 10)
    )
    painter.fault = form.text("fault")
    if painter.fault == "slow start":
        time.sleep(3600)
    return painter


UNPAINTABLE = 999


class SharedPainter(PaintedGenerator):
    """Paints rows of several requests in one pass; one seed cannot be painted.

    A pass of more rows than the option 'most' says runs out of memory.
    """

    most = 64

    def kind_of(self, plan):
        return None if plan.sketch.is_deterministic else (plan.sketch.steps, plan.sketch.canvas)

    def draw_together(self, rows, *, on_step=None, is_cancelled=None):
        if len(rows) > self.most:
            raise MemoryError
        images = [self._drawn(row.plan, row.seed, 1).image_HWC for row in rows]
        num_steps = rows[0].plan.sketch.steps
        for step in range(1, num_steps + 1):
            if is_cancelled is not None and is_cancelled():
                raise DrawingCancelled()
            time.sleep(self.seconds_per_step)
            if on_step is not None:
                on_step(PassStep(step, num_steps, lambda rows: np.stack(images[rows])))
        if any(row.seed == UNPAINTABLE for row in rows):
            raise KeyError("a secret prompt")
        return [self._drawn(row.plan, row.seed, len(rows)) for row in rows]


def open_shared(form):
    painter = SharedPainter(
        card=form.card, seconds_per_step=form.number("seconds_per_step", 0, 0, 10)
    )
    painter.most = int(form.number("most", 64, 1, 64))
    return painter
