"""Processes that work through a stream of tasks; one that dies takes no more than its task along.

The stream is never held: each process has two tasks, one in hand and one waiting. A process that
dies or hangs is replaced, and the task it had in hand is answered by a `Loss`. It knows nothing of
what the tasks are.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from queue import SimpleQueue
from threading import Thread
from typing import Generic, NamedTuple, TypeVar, cast

Task = TypeVar("Task")
Answer = TypeVar("Answer")

WAITING = 2  # tasks a process has at once, so that it never waits for the next
POLL_SECONDS = 0.5
MOST_LOST_STARTS = 3  # of processes that end before they have answered anything


class Loss(NamedTuple):
    """Why a task has no answer, in words that follow "the process that had it"."""

    why: str


class PoolBroken(Exception):
    """Processes end before they answer anything; the note says what the last one ended with."""


def num_cores() -> int:
    """Cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Pool(Generic[Task, Answer]):
    """A few processes.

    Args:
        open_work: called in each process once, gives what answers a task; can be pickled.
        num_processes: at least 1.
        limit_seconds: for one task; after that its process is ended.
    """

    def __init__(
        self,
        open_work: Callable[[], Callable[[Task], Answer]],
        *,
        num_processes: int,
        limit_seconds: float,
    ) -> None:
        self._open_work = open_work
        self._num_processes = num_processes
        self._limit_seconds = limit_seconds
        self._lost_starts = 0

    def run(self, tasks: Iterable[Task]) -> Generator[tuple[Task, Answer | Loss]]:
        """Answers in the order in which they are ready; closing the iterator ends the processes.

        Raises:
            PoolBroken: no process can be started.
        """
        left = iter(tasks)
        again: deque[Task] = deque()  # tasks that waited in a process that died
        hands = [_Hand[Task, Answer](self._open_work) for _ in range(self._num_processes)]
        is_over = False
        try:
            while True:
                for hand in hands:
                    while len(hand.tasks) < WAITING and (again or not is_over):
                        try:
                            hand.give(again.popleft() if again else next(left))
                        except StopIteration:
                            is_over = True
                if is_over and not again and not any(hand.tasks for hand in hands):
                    return
                busy = {hand.connection: hand for hand in hands if hand.tasks}
                for ready in wait(list(busy), POLL_SECONDS):
                    hand = busy[cast(Connection, ready)]
                    yield from self._take(hands, hand, again)
                yield from self._end_slow(hands, again)
        finally:
            for hand in hands:
                hand.close()

    def _take(
        self,
        hands: list[_Hand[Task, Answer]],
        hand: _Hand[Task, Answer],
        again: deque[Task],
    ) -> Iterator[tuple[Task, Answer | Loss]]:
        try:
            answer = cast(Answer, hand.connection.recv())
        except (EOFError, OSError):
            why = hand.ending()
            yield from self._replace(hands, hand, again, Loss(f"ended ({why})"))
            return
        self._lost_starts, hand.has_answered = 0, True
        yield hand.done(), answer

    def _end_slow(
        self, hands: list[_Hand[Task, Answer]], again: deque[Task]
    ) -> Iterator[tuple[Task, Answer | Loss]]:
        for hand in list(hands):
            if hand.tasks and hand.seconds > self._limit_seconds:
                loss = Loss(f"gave no answer within {self._limit_seconds:g} seconds")
                yield from self._replace(hands, hand, again, loss)

    def _replace(
        self,
        hands: list[_Hand[Task, Answer]],
        hand: _Hand[Task, Answer],
        again: deque[Task],
        loss: Loss,
    ) -> Iterator[tuple[Task, Answer | Loss]]:
        hand.close()
        task = hand.done()
        again.extend(hand.tasks)
        self._lost_starts += not hand.has_answered
        if self._lost_starts >= MOST_LOST_STARTS:
            raise PoolBroken(loss.why)
        hands[hands.index(hand)] = _Hand(self._open_work)
        yield task, loss


class _Hand(Generic[Task, Answer]):
    """One process, with the tasks it has."""

    def __init__(self, open_work: Callable[[], Callable[[Task], Answer]]) -> None:
        context = multiprocessing.get_context("spawn")  # threads and networks survive no fork
        self.connection, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, open_work), daemon=True)
        with _without_interrupts():
            self._process.start()
        theirs.close()
        self.tasks: deque[Task] = deque()
        self.has_answered = False
        self._began = time.monotonic()

    @property
    def seconds(self) -> float:
        """How long the task in hand has been there."""
        return time.monotonic() - self._began

    def give(self, task: Task) -> None:
        """Hand over a task; one that a dead process cannot take is found lost when it is asked."""
        if not self.tasks:
            self._began = time.monotonic()
        self.tasks.append(task)
        with suppress(OSError):
            self.connection.send(task)

    def done(self) -> Task:
        """The task in hand, which is in hand no longer."""
        self._began = time.monotonic()
        return self.tasks.popleft()

    def ending(self) -> str:
        """What the process ended with."""
        self._process.join(POLL_SECONDS)
        code = self._process.exitcode
        if code is not None and code < 0:
            return f"signal {signal.Signals(-code).name}"
        return "without a word" if code is None else f"exit code {code}"

    def close(self) -> None:
        """End the process."""
        self.connection.close()
        self._process.kill()
        self._process.join()


@contextmanager
def _without_interrupts() -> Generator[None]:
    """Ctrl-C reaches every process of a terminal; one that is started in here does not hear it."""
    resource_tracker.ensure_running()  # or it is started in here, and lets them through again
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _serve(connection: Connection, open_work: Callable[[], Callable[[Task], Answer]]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # who started it decides when it ends
    waiting: SimpleQueue[tuple[Task] | None] = SimpleQueue()
    Thread(target=_receive, args=(connection, waiting), daemon=True).start()
    work = open_work()
    while (given := waiting.get()) is not None:
        connection.send(work(given[0]))


def _receive(connection: Connection, waiting: SimpleQueue[tuple[Task] | None]) -> None:
    """Take tasks in at once: were both sides to wait with a large message, neither would go on."""
    while True:
        try:
            waiting.put((cast(Task, connection.recv()),))
        except (EOFError, OSError):  # who started it is gone
            waiting.put(None)
            return
