"""The jobs of a studio: submitted, followed and steered by any process on the data folder.

Nothing here draws; a worker does (studio/working.py). What is asked is checked against the
generator's card and kept whole, so that a worker can draw it whatever becomes of this process.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING

from limner.core.jobs import Job, JobEvent, JobState
from limner.core.records import FileFormat, Request

if TYPE_CHECKING:
    from limner.studio.parts import Parts


class Jobs:
    """The jobs of one data folder; reached as `studio.jobs`. Methods may be called by any thread.

    Args:
        parts: of the studio.
    """

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def submit(
        self,
        request: Request,
        *,
        owner: str,
        job_id: str | None = None,
        file_format: FileFormat = "png",
        priority: int = 0,
        client: str = "",
    ) -> Job:
        """Keep a request as a job, to be drawn when its turn comes. Loads no network.

        Args:
            request: what to draw; a seed that is left open is drawn now.
            owner: who asks; turns are taken owner by owner.
            job_id: chosen by the client; submitting the same again gives the same job.
            file_format: of the images.
            priority: higher first among the jobs of this owner, -100 .. 100.
            client: a word about what asked, such as ``openai``.

        Raises:
            BadInput: something cannot be honoured; names the first.
            QueueFull: too many jobs wait; `retry_after_seconds` says when to ask again.
            JobConflict: there is a job with this id, and it is another one.
            StorageUnavailable: it cannot be written.
        """
        raise NotImplementedError

    def get(self, job_id: str) -> Job:
        """A job as it stands.

        Raises:
            JobNotFound: there is none with this id.
        """
        raise NotImplementedError

    def list(
        self,
        *,
        owner: str | None,
        states: Collection[JobState] = (),
        before: str | None = None,
        limit: int = 50,
    ) -> list[Job]:
        """Jobs, the newest first.

        Args:
            owner: whose; ``None`` for everybody's.
            states: only these; empty for all.
            before: only jobs older than the one with this id.
            limit: most to give, 1-500.

        Raises:
            BadInput: the limit is out of range.
            JobNotFound: there is no job `before`.
        """
        raise NotImplementedError

    def cancel(self, job_id: str) -> Job:
        """Stop a job; what is stored stays. One that is drawn stops before its next step.

        A job that is over stays as it is.

        Raises:
            JobNotFound: there is none with this id.
        """
        raise NotImplementedError

    def retry(self, job_id: str) -> Job:
        """Queue a job again that ended without all its pictures; those stored are not drawn again.

        Raises:
            JobNotFound: there is none with this id.
            JobConflict: it is finished, paused, or being cancelled (code ``job_state``).
        """
        raise NotImplementedError

    def pause(self, job_id: str) -> Job:
        """Keep a job from being drawn until `resume`; one that is drawn stops before its next step.

        Raises:
            JobNotFound: there is none with this id.
            JobConflict: it is over or being cancelled (code ``job_state``).
        """
        raise NotImplementedError

    def resume(self, job_id: str) -> Job:
        """Queue a paused job again.

        Raises:
            JobNotFound: there is none with this id.
            JobConflict: it is over or being cancelled (code ``job_state``).
        """
        raise NotImplementedError

    def wait(self, job_id: str, *, timeout_seconds: float) -> Job:
        """Wait until a job is over; look at `is_over`, for time may have run out before.

        Args:
            job_id: of the job.
            timeout_seconds: after which the job is given as it stands.

        Raises:
            JobNotFound: there is none with this id.
        """
        raise NotImplementedError

    def watch(
        self, job_id: str, *, with_previews: bool = False, timeout_seconds: float | None = None
    ) -> Iterator[JobEvent | None]:
        """What happens to a job, from its present state to its end.

        Args:
            job_id: of the job.
            with_previews: have the worker make previews while somebody watches.
            timeout_seconds: ``None`` is yielded when so long nothing happened, so that a caller
                can see whether its client is still there; left out, it waits.

        Raises:
            JobNotFound: there is none with this id; raised by the first `next`.
        """
        raise NotImplementedError

    def num_waiting(self) -> int:
        """How many jobs are queued or drawn now."""
        raise NotImplementedError
