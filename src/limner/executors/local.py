"""Work on this machine: a loop that draws, a pulse beside it, a lock that says it lives, signals.

It knows nothing of jobs; what is drawn and what the pulse says is given to it.
"""

from __future__ import annotations

import os
import signal
import sys
import uuid
from collections.abc import Callable, Generator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event, Thread
from types import FrameType

from filelock import FileLock, Timeout

SWEEP_SECONDS = 1.0  # between two looks for workers that are gone


class Presence:
    """That a worker lives, as a lock on a file: the system lets go of it when the process ends.

    It tells at once of a worker killed on this data folder; of others it tells nothing.

    Args:
        folder: where the lock files of all workers are.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self.worker = f"worker-{uuid.uuid4().hex[:12]}"
        self._lock = FileLock(self._path_of(self.worker))
        self._lock.acquire(blocking=False)

    def is_gone(self, worker: str) -> bool:
        """Whether this worker's process is known to have ended."""
        path = self._path_of(worker)
        if worker == self.worker or not path.exists():
            return False
        try:
            with FileLock(path, blocking=False):
                return True
        except Timeout:
            return False

    def forget(self, worker: str) -> None:
        """Remove the file of a worker that is gone."""
        self._path_of(worker).unlink(missing_ok=True)

    def forget_gone(self) -> None:
        """Remove the files of all workers that are gone."""
        for path in self._folder.glob("*.lock"):
            if self.is_gone(path.stem):
                self.forget(path.stem)

    def close(self, *, is_clean: bool = True) -> None:
        """End; in good order nothing is left to be taken back, and no file to tell of it."""
        self._lock.release()
        if is_clean:
            self.forget(self.worker)

    def _path_of(self, worker: str) -> Path:
        return self._folder / f"{worker}.lock"


class Pulse:
    """Calls a function from a thread of its own, at intervals and soon after `hurry`.

    Args:
        send: called from the thread; what it raises ends nothing and goes to `on_fault`.
        on_fault: told of it.
        every_seconds: between two calls when nothing hurries.
        least_seconds: between two calls at any rate.
    """

    def __init__(
        self,
        send: Callable[[], None],
        *,
        on_fault: Callable[[Exception], None],
        every_seconds: float,
        least_seconds: float,
    ) -> None:
        self._send = send
        self._on_fault = on_fault
        self._every_seconds = every_seconds
        self._least_seconds = least_seconds
        self._due = Event()
        self._is_over = Event()
        self._thread = Thread(target=self._run, name="pulse", daemon=True)

    def hurry(self) -> None:
        """There is news to send."""
        self._due.set()

    def __enter__(self) -> Pulse:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._due.set()
        self._thread.join()

    def _run(self) -> None:
        while True:
            self._due.wait(self._every_seconds)
            self._due.clear()
            if self._is_over.is_set():
                return
            try:
                self._send()
            except Exception as error:  # noqa: BLE001 - a missed beat must not end the beating
                self._on_fault(error)
            self._is_over.wait(self._least_seconds)


class Lanes:
    """Runs what is taken, several at once, each in a thread of its own.

    Args:
        take: takes what is next, if anything is, as a function that draws it.
        num_lanes: most at once.
    """

    def __init__(self, take: Callable[[], Callable[[], None] | None], *, num_lanes: int) -> None:
        self._take = take
        self._num_lanes = num_lanes
        self._pool = ThreadPoolExecutor(num_lanes, thread_name_prefix="lane")
        self._running: set[Future[None]] = set()

    def draw_next(self) -> bool:
        """Start what is next, or wait a while for a lane; false when nothing is next.

        Raises:
            Exception: what ended a lane.
        """
        self._let_end(0)
        if len(self._running) >= self._num_lanes:
            self._let_end(SWEEP_SECONDS)
            return True
        draw = self._take()
        if draw is None:
            return False
        self._running.add(self._pool.submit(draw))
        return True

    def end_next(self) -> bool:
        """Wait a while for a lane that runs to end; false when none runs."""
        if not self._running:
            return False
        self._let_end(SWEEP_SECONDS)
        return True

    def __enter__(self) -> Lanes:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown()
        self._let_end(0)

    def _let_end(self, seconds: float) -> None:
        if not self._running:
            return
        done, self._running = wait(self._running, seconds, FIRST_COMPLETED)
        for one in done:
            one.result()


def work(
    draw_next: Callable[[], bool],
    *,
    sweep: Callable[[], object],
    read_number: Callable[[], int],
    wait_for_news: Callable[[], object],
    read_seconds: Callable[[], float],
    stop: Event,
    is_once: bool,
) -> None:
    """Draw until told to stop.

    Args:
        draw_next: draws what is next, if anything is; says whether it was.
        sweep: takes back what workers that are gone have left.
        read_number: rises when there may be something to draw.
        wait_for_news: waits until it may have risen, but not for long.
        read_seconds: a steady clock.
        stop: set to end after what is in hand is let go of.
        is_once: end when nothing waits.
    """
    swept_at = float("-inf")
    while not stop.is_set():
        if read_seconds() - swept_at >= SWEEP_SECONDS:
            sweep()
            swept_at = read_seconds()
        number = read_number()
        if draw_next():
            continue
        if is_once:
            return
        until = read_seconds() + SWEEP_SECONDS
        while read_number() == number and read_seconds() < until and not stop.is_set():
            wait_for_news()


@contextmanager
def stopping_on_signals(stop: Event) -> Generator[None]:
    """The first SIGTERM or Ctrl-C sets `stop`; a second Ctrl-C interrupts."""

    def ask_to_stop(number: int, _frame: FrameType | None) -> None:
        if stop.is_set() and number == signal.SIGINT:
            raise KeyboardInterrupt
        stop.set()

    before = {one: signal.signal(one, ask_to_stop) for one in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class Tie:
    """What binds this process to the one that keeps it running (supervisor.py), by two pipes.

    The other end of standard input is held by that process, so it ends with it, even if it is
    killed. Whatever comes through either pipe says that there is news, and no more.

    Args:
        hear: called when the other process has news.
        stop: set when it is gone.
    """

    def __init__(self, hear: Callable[[], None], stop: Event) -> None:
        self._hear = hear
        self._stop = stop
        self._output = os.dup(sys.stdout.fileno())  # not inherited: it ends with this process
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
        if os.name == "posix":
            os.set_blocking(self._output, False)
        Thread(target=self._read_to_end, name="parent", daemon=True).start()

    def ring(self) -> None:
        """Tell the other process that there is news; nothing where it is gone or has not read."""
        with suppress(OSError):
            os.write(self._output, b"\n")

    def _read_to_end(self) -> None:
        while os.read(sys.stdin.fileno(), 64):  # not by its buffer: exiting would wait for its lock
            self._hear()
        self._stop.set()
