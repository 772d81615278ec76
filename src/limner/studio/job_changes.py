"""Waiting for jobs to change: one thread asks the database for one number, for all who wait.

The number is the jobs' clock (store/jobs.py); it is asked for when the bell rings, and now and
then, for workers of others ring none here. Nobody else reads anything until it has risen, and
then only those wake whose job changed. The thread ends when nobody waits.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Condition, Lock, Thread

from limner.core.errors import LimnerError
from limner.store.jobs import Change, JobRows

FAULT_SECONDS = 0.5  # between two tries when the database does not answer

_log = logging.getLogger(__name__)


@dataclass(kw_only=True, eq=False)
class _Topic:
    """Those who wait for one job."""

    condition: Condition
    num_waiters: int = 0
    last: Change | None = None


@dataclass(eq=False)
class JobChanges:
    """Tells threads of this process when a job has changed.

    Args:
        rows: of the jobs.
    """

    rows: JobRows
    _lock: Lock = field(default_factory=Lock)
    _topics: dict[str, _Topic] = field(default_factory=dict[str, _Topic])
    _is_polling: bool = False

    def wait(
        self, job_id: str, is_awaited: Callable[[Change], bool], timeout_seconds: float
    ) -> Change:
        """Wait until the last change of a job is one that is awaited, or time runs out.

        Args:
            job_id: of the job.
            is_awaited: asked of the change there is and of every later one, under a lock.
            timeout_seconds: how long to wait.

        Returns:
            Its last change, whatever its number.

        Raises:
            JobNotFound: there is no such job.
            StorageUnavailable: the clock of jobs cannot be read.
        """
        topic = self._join(job_id)
        try:
            self._see_to_polling()
            change = self.rows.change_of(job_id)  # after joining, so that no change is missed
            if is_awaited(change):
                return change
            with self._lock:
                topic.condition.wait_for(
                    lambda: topic.last is not None and is_awaited(topic.last), timeout_seconds
                )
                return topic.last or change
        finally:
            self._leave(job_id, topic)

    def _join(self, job_id: str) -> _Topic:
        with self._lock:
            topic = self._topics.setdefault(job_id, _Topic(condition=Condition(self._lock)))
            topic.num_waiters += 1
            return topic

    def _see_to_polling(self) -> None:
        with self._lock:
            if not self._is_polling:
                seen = self.rows.number()
                Thread(target=self._poll, args=(seen,), name="job-changes", daemon=True).start()
                self._is_polling = True

    def _leave(self, job_id: str, topic: _Topic) -> None:
        with self._lock:
            topic.num_waiters -= 1
            if topic.num_waiters == 0:
                self._topics.pop(job_id, None)

    def _poll(self, seen: int) -> None:
        while True:
            self.rows.bell.wait()
            with self._lock:
                if not self._topics:
                    self._is_polling = False
                    return
            try:
                seen = self._tell_since(seen)
            except LimnerError:
                _log.exception("The clock of jobs cannot be read", extra={"action": "jobs_unread"})
                time.sleep(FAULT_SECONDS)

    def _tell_since(self, seen: int) -> int:
        number = self.rows.number()
        if number == seen:
            return seen
        changes = self.rows.changes_since(seen)
        with self._lock:
            for change in changes:
                topic = self._topics.get(change.job_id)
                if topic is not None:
                    topic.last = change
                    topic.condition.notify_all()
        return max([number, *(one.number for one in changes)])
