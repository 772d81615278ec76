"""The same as `pool`, on a Ray cluster by Ray Data; what it gives no answer to is done here.

Ray starts a worker that died anew and tries its tasks again. A task that no worker outlives would
end the run, so blocks that fail are left out, and their tasks go, each by itself, to a pool on this
machine, which tells which one it is. Every machine of the cluster has to see the files and the
data folder under the same paths.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as TooSlow
from dataclasses import dataclass
from importlib import import_module
from itertools import islice
from typing import Any, Generic, TypeVar, cast

from limner.core.errors import LimnerError
from limner.executors.pool import Loss, Pool

Task = TypeVar("Task")
Answer = TypeVar("Answer")

MOST_AT_ONCE = 4096  # tasks that are handed over together; members of archives are held meanwhile
NUM_TRIES = 2  # after the first, of tasks whose worker died


class RayMissing(LimnerError):
    """Ray is not installed, or there is no cluster that can be reached."""

    code = "ray_missing"


class RayPool(Generic[Task, Answer]):
    """Workers on a cluster; arguments as those of `Pool`, and 0 processes take all its cores.

    Raises:
        RayMissing: says what to do.
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
        self._ray, self._data = _connect()

    def run(self, tasks: Iterable[Task]) -> Generator[tuple[Task, Answer | Loss]]:
        """Answers as they come; those of tasks that killed their workers last."""
        left = iter(tasks)
        while group := list(islice(left, MOST_AT_ONCE)):
            answered: set[int] = set()
            for number, answer in self._answers(group):
                answered.add(number)
                yield group[number], answer
            unanswered = [one for number, one in enumerate(group) if number not in answered]
            if unanswered:
                here: Pool[Task, Answer] = Pool(
                    self._open_work, num_processes=1, limit_seconds=self._limit_seconds
                )
                yield from here.run(unanswered)

    def _answers(self, group: list[Task]) -> Generator[tuple[int, Answer | Loss]]:
        num = self._num_processes or int(self._ray.cluster_resources().get("CPU", 1))
        rows = [{"number": number, "task": _Whole(task)} for number, task in enumerate(group)]
        # A block a task: what fails with one takes no other along.
        worked = self._data.from_items(rows, override_num_blocks=len(rows)).map(
            _Work,
            fn_constructor_args=(self._open_work, self._limit_seconds),
            compute=self._data.ActorPoolStrategy(size=num),
            max_restarts=-1,
            max_task_retries=NUM_TRIES,
        )
        for row in worked.iter_rows():
            yield int(row["number"]), row["answer"].value


@dataclass(frozen=True, slots=True)
class _Whole:
    """Something in a cell of a table, which Arrow would take apart if it were a tuple."""

    value: Any


class _Work:
    """What a worker of the cluster has: the work, opened once, and how long a task may take."""

    def __init__(self, open_work: Callable[[], Callable[[Any], Any]], limit_seconds: float) -> None:
        self._work = open_work()
        self._limit_seconds = limit_seconds
        self._hands = ThreadPoolExecutor(1)

    def __call__(self, row: dict[str, Any]) -> dict[str, Any]:
        try:
            answer = self._hands.submit(self._work, row["task"].value).result(self._limit_seconds)
        except TooSlow:
            self._hands = ThreadPoolExecutor(1)  # the other one is left to itself
            answer = Loss(f"gave no answer within {self._limit_seconds:g} seconds")
        return {"number": row["number"], "answer": _Whole(answer)}


def _connect() -> tuple[Any, Any]:
    """Ray and its Data, with a cluster: the one RAY_ADDRESS names, or one on this machine."""
    try:
        ray, data = cast(Any, import_module("ray")), cast(Any, import_module("ray.data"))
    except ImportError as error:
        raise RayMissing(
            "Ray is not installed.", hint="Install it with `pip install 'limner[ray]'`."
        ) from error
    if not ray.is_initialized():
        try:
            ray.init(log_to_driver=False, include_dashboard=False, logging_level="ERROR")
        except (ConnectionError, RuntimeError, ValueError) as error:
            raise RayMissing(
                f"No Ray cluster can be reached or started: {error}",
                hint="RAY_ADDRESS names one; without it, one is started on this machine.",
            ) from error
    context = data.DataContext.get_current()
    context.max_errored_blocks = -1
    context.enable_progress_bars = False
    logging.getLogger("ray.data").setLevel(logging.ERROR)  # it tells of every run
    return ray, data
