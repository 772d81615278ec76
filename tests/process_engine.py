"""The painted generator behind a form, for processes: options say what goes wrong."""

import os
import signal
import time

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
