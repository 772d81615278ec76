"""Keeping one process running: started again when it ends, later each time it ends early.

It knows nothing of what the process does. The process is given a pipe as its standard input that
ends when this process ends, however it ends, so that it can notice and end as well. Through it, and
through its standard output, both tell each other that there is news (`Tie` in local.py).
"""

from __future__ import annotations

import logging
import os
import subprocess
from collections.abc import Callable, Sequence
from contextlib import suppress
from enum import StrEnum
from threading import Event, Lock, Thread
from typing import IO

FIRST_WAIT_SECONDS = 0.5
LONGEST_WAIT_SECONDS = 30.0
SETTLED_SECONDS = 30.0  # a process that ran so long is started again at once
STOP_SECONDS = 10.0  # to end in good order; after that it is killed

_log = logging.getLogger(__name__)


class Kept(StrEnum):
    """How it is with the process."""

    RUNNING = "running"
    WAITING = "waiting"  # it ended, and is started again soon
    STOPPED = "stopped"


class Supervisor:
    """Keeps a process running from `start` to `close`.

    Args:
        command: of the process.
        read_seconds: a clock that never goes back.
        hear: called when the process has news, from a thread.
        wait_seconds: the first wait before it is started again; doubled each time it ends early.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        read_seconds: Callable[[], float],
        hear: Callable[[], None] = lambda: None,
        wait_seconds: float = FIRST_WAIT_SECONDS,
    ) -> None:
        self._command = list(command)
        self._read_seconds = read_seconds
        self._hear = hear
        self._first_wait = wait_seconds
        self._stop = Event()
        self._lock = Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._thread = Thread(target=self._keep, name="supervisor", daemon=True)
        self.num_starts = 0

    @property
    def kept(self) -> Kept:
        """How it is with the process now."""
        process = self._process
        if self._stop.is_set() or self.num_starts == 0:
            return Kept.STOPPED
        return Kept.WAITING if process is None or process.poll() is not None else Kept.RUNNING

    def start(self) -> None:
        """Start the process, from a thread that then watches over it."""
        self._thread.start()

    def ring(self) -> None:
        """Tell the process that there is news; nothing where none runs or it has not read."""
        with self._lock, suppress(OSError, ValueError):
            if self._process is not None and self._process.stdin is not None:
                self._process.stdin.write(b"\n")

    def close(self) -> None:
        """End the process in good order, or by force if it does not."""
        with self._lock:
            self._stop.set()
            process = self._process
        if process is not None and process.poll() is None:
            process.terminate()
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
        if self._thread.is_alive():
            self._thread.join()

    def _keep(self) -> None:
        wait_seconds = self._first_wait
        while True:
            process, started = self._spawn(), self._read_seconds()
            if process is not None:
                process.wait()
                assert process.stdin is not None
                with self._lock:  # nobody writes to a number that may soon be another file's
                    process.stdin.close()
            if self._stop.is_set():
                return
            if self._read_seconds() - started >= SETTLED_SECONDS:
                wait_seconds = self._first_wait
            code = None if process is None else process.returncode
            _log.warning(
                "The worker ended and is started again.",
                extra={"action": "worker_restarted", "code": code, "seconds": wait_seconds},
            )
            if self._stop.wait(wait_seconds):
                return
            wait_seconds = min(wait_seconds * 2, LONGEST_WAIT_SECONDS)

    def _spawn(self) -> subprocess.Popen[bytes] | None:
        with self._lock:  # never started after `close` looked for it
            if self._stop.is_set():
                return None
            self.num_starts += 1
            try:
                self._process = subprocess.Popen(
                    self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0
                )
            except OSError:
                _log.exception("The worker cannot be started.", extra={"action": "worker_failed"})
                self._process = None
                return None
            process = self._process
        assert process.stdin is not None
        assert process.stdout is not None
        if os.name == "posix":
            os.set_blocking(process.stdin.fileno(), False)
        Thread(target=self._listen, args=(process.stdout,), name="news", daemon=True).start()
        return process

    def _listen(self, output: IO[bytes]) -> None:
        with output:
            while output.read(64):
                self._hear()
