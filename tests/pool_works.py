"""Work for processes of a pool; processes find it here by name."""

import os
import signal
import time


def open_doubler():
    return lambda task: task * 2


def open_fragile():
    """Ends its process at 3, hangs at 5."""

    def work(task):
        if task == 3:
            os.kill(os.getpid(), signal.SIGKILL)
        if task == 5:
            time.sleep(60)
        return task

    return work


def open_nothing():
    raise SystemExit(7)
