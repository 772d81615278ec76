"""The jobs of a studio: submitted, followed and steered by any process on the data folder.

Nothing here draws; a worker does (studio/working.py). What is asked is checked against the
generator's card and kept whole, so that a worker can draw it whatever becomes of this process.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from limner.core.hashing import sha256_of_document
from limner.core.jobs import (
    MAX_PRIORITY,
    OVER,
    Ended,
    Happening,
    ImageDecided,
    Job,
    JobEvent,
    JobState,
    Previewed,
    Progressed,
    StateChanged,
    require_job_id,
)
from limner.core.limits import require_one_of, require_whole
from limner.core.records import FILE_FORMATS, FileFormat, Request
from limner.store.gallery import StoredGrid
from limner.store.job_records import NewJob, queued_job
from limner.store.jobs import Change
from limner.studio.job_changes import JobChanges

if TYPE_CHECKING:
    from limner.studio.parts import Parts

MAX_LISTED = 500
LOOK_AGAIN_SECONDS = 5.0  # a watched job that does not change is looked at all the same
PREVIEWED_SECONDS = 12.0  # previews are made for so long after the last look


@dataclass(kw_only=True)
class _Told:
    """What a watch has told so far."""

    job: Job
    preview_number: int = 0
    indices: set[int] = field(default_factory=set[int])


class Jobs:
    """The jobs of one data folder; reached as `studio.jobs`. Methods may be called by any thread.

    Args:
        parts: of the studio.

    Attributes:
        changes: who waits for a job waits there.
    """

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._rows = parts.store.jobs
        self.changes = JobChanges(self._rows)

    def submit(
        self,
        request: Request,
        *,
        owner: str,
        job_id: str | None = None,
        file_format: FileFormat = "png",
        priority: int = 0,
        client: str = "",
        is_awaited: bool = False,
        is_previewed: bool = False,
    ) -> Job:
        """Keep a request as a job, to be drawn when its turn comes. Loads no network.

        Args:
            request: what to draw; a seed that is left open is drawn now.
            owner: who asks; turns are taken owner by owner.
            job_id: chosen by the client; submitting the same again gives the same job.
            file_format: of the images.
            priority: higher first among the jobs of this owner, -100 .. 100.
            client: a word about what asked, such as ``openai``.
            is_awaited: nobody is told of the job before it is over, so it need not outlast a power
                cut that ends the waiting too.
            is_previewed: somebody looks from its first step on; one who looks later says so by
                `watch`, which may be too late for the first pictures.

        Raises:
            BadInput: something cannot be honoured; names the first.
            QueueFull: too many jobs wait; `retry_after_seconds` says when to ask again.
            JobConflict: there is a job with this id, and it is another one.
            StorageUnavailable: it cannot be written.
        """
        is_chosen = job_id is not None
        job_id = uuid.uuid4().hex if job_id is None else require_job_id(job_id)
        require_one_of("format", file_format, FILE_FORMATS)
        require_whole("priority", priority, -MAX_PRIORITY, MAX_PRIORITY)
        if is_chosen and self._is_there(job_id, owner, request, file_format):
            return self.get(job_id)  # whatever could not be asked anew, it was taken in
        new = self._new_job(
            request,
            owner=owner,
            job_id=job_id,
            file_format=file_format,
            priority=priority,
            client=client,
            is_previewed=is_previewed,
        )
        is_new = self._rows.add(new, is_lasting=not is_awaited)
        return queued_job(new) if is_new else self.get(job_id)

    def submit_grid(
        self,
        grid: StoredGrid,
        cells: Mapping[str, Request],
        *,
        file_format: FileFormat,
        client: str,
    ) -> None:
        """Keep a grid with a job for every cell, all of them or none.

        Args:
            grid: to keep.
            cells: what is asked of each, by the id of its job.
            file_format: of the images.
            client: a word about what asked.

        Raises:
            BadInput, QueueFull, StorageUnavailable: as `submit`, of any cell.
        """
        require_one_of("format", file_format, FILE_FORMATS)
        news = [
            self._new_job(
                request, owner=grid.owner, job_id=job_id, file_format=file_format, client=client
            )
            for job_id, request in cells.items()
        ]
        self._rows.add_grid(grid, news, self._parts.read_clock())

    def _is_there(self, job_id: str, owner: str, request: Request, file_format: FileFormat) -> bool:
        """Whether the same owner asked the same under this id before."""
        from limner.studio.planning import keep_sources

        known = self._rows.asked_of(job_id)
        if known is None or known[1] != owner:
            return False
        kept = keep_sources(self._parts, request)
        return known[0] == _asked_sha256(request, kept, file_format)

    def _new_job(
        self,
        request: Request,
        *,
        owner: str,
        job_id: str,
        file_format: FileFormat,
        priority: int = 0,
        client: str = "",
        is_previewed: bool = False,
    ) -> NewJob:
        """A job to be added; arguments and errors as `submit`."""
        from limner.studio.deadlines import require_reachable
        from limner.studio.planning import keep_sources, plan_request, require_impact
        from limner.studio.request_document import document_of

        planned = plan_request(self._parts, request)
        shots = planned.shots
        require_reachable(self._parts, request, planned)
        if request.impact is not None:
            require_impact(self._parts, request.impact)
        if request.source is not None or request.adapters:
            self._rows.require_room_for(job_id, owner)  # before files are kept for nothing
        kept, now = keep_sources(self._parts, request), self._parts.read_clock()
        resolved = replace(request, seed=shots[0].seed)
        return NewJob(
            job_id=job_id,
            owner=owner,
            priority=priority,
            file_format=file_format,
            client=client,
            asked_sha256=_asked_sha256(request, kept, file_format),
            request=document_of(resolved, *kept),
            shots=shots,
            created_at=now,
            previewed_until=now + timedelta(seconds=PREVIEWED_SECONDS) if is_previewed else None,
        )

    def get(self, job_id: str) -> Job:
        """A job as it stands.

        Raises:
            JobNotFound: there is none with this id.
        """
        return self._rows.find(job_id, self._parts.read_clock())

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
        require_whole("limit", limit, 1, MAX_LISTED)
        return self._rows.list(
            self._parts.read_clock(), owner=owner, states=states, before=before, limit=limit
        )

    def cancel(self, job_id: str) -> Job:
        """Stop a job; what is stored stays. One that is drawn stops before its next step.

        A job that is over stays as it is.

        Raises:
            JobNotFound: there is none with this id.
        """
        return self._steer(job_id, Happening.CANCEL)

    def retry(self, job_id: str) -> Job:
        """Queue a job again that ended without all its pictures; those stored are not drawn again.

        Raises:
            JobNotFound: there is none with this id.
            JobConflict: it is finished, paused, or being stopped (code ``job_state``).
            QueueFull: too many jobs wait.
        """
        return self._steer(job_id, Happening.RETRY)

    def pause(self, job_id: str) -> Job:
        """Keep a job from being drawn until `resume`; one that is drawn stops before its next step.

        Raises:
            JobNotFound: there is none with this id.
            JobConflict: it is over or being cancelled (code ``job_state``).
        """
        return self._steer(job_id, Happening.PAUSE)

    def resume(self, job_id: str) -> Job:
        """Queue a paused job again.

        Raises:
            JobNotFound: there is none with this id.
            JobConflict: it is over or being cancelled (code ``job_state``).
            QueueFull: too many jobs wait.
        """
        return self._steer(job_id, Happening.RESUME)

    def wait(self, job_id: str, *, timeout_seconds: float) -> Job:
        """Wait until a job is over; look at `is_over`, for time may have run out before.

        Args:
            job_id: of the job.
            timeout_seconds: after which the job is given as it stands.

        Raises:
            JobNotFound: there is none with this id.
        """
        self.changes.wait(job_id, lambda change: change.state in OVER, timeout_seconds)
        return self.get(job_id)

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
        change = self._rows.change_of(job_id)
        told = _Told(job=self.get(job_id))
        yield StateChanged(job=told.job)
        yield from self._news(told, told.job, with_previews=with_previews)
        quiet_since = time.monotonic()
        while not told.job.is_over:
            if with_previews:
                self._ask_for_previews(job_id)
            change = self._next_change(job_id, change, timeout_seconds)
            job = self.get(job_id)
            for event in self._news(told, job, with_previews=with_previews):
                yield event
                quiet_since = time.monotonic()
            if timeout_seconds is not None and time.monotonic() - quiet_since >= timeout_seconds:
                yield None
                quiet_since = time.monotonic()
        yield Ended(job=told.job)

    def num_waiting(self) -> int:
        """How many jobs are queued or drawn now."""
        return self._rows.num_waiting()

    def _steer(self, job_id: str, happening: Happening) -> Job:
        self._rows.steer(job_id, happening, self._parts.read_clock())
        return self.get(job_id)

    def _next_change(self, job_id: str, change: Change, timeout_seconds: float | None) -> Change:
        seconds = LOOK_AGAIN_SECONDS
        if timeout_seconds is not None:
            seconds = min(seconds, timeout_seconds)
        return self.changes.wait(job_id, lambda one: one.number > change.number, seconds)

    def _ask_for_previews(self, job_id: str) -> None:
        self._rows.watch_previews(
            job_id, self._parts.read_clock(), timedelta(seconds=PREVIEWED_SECONDS)
        )

    def _news(self, told: _Told, job: Job, *, with_previews: bool = False) -> Iterator[JobEvent]:
        """What is new in `job` against what was told; it is told now."""
        before, told.job = told.job, job
        if job.state is not before.state:
            yield StateChanged(job=job)
        if job.progress is not None and job.progress != before.progress:
            yield Progressed(progress=job.progress)
        if with_previews:
            for preview in self._rows.previews_since(job.job_id, told.preview_number):
                told.preview_number = max(told.preview_number, preview.number)
                yield Previewed(
                    index=preview.picture_index, number=preview.number, content=preview.content
                )
        for image in job.images:
            if image.index not in told.indices:
                told.indices.add(image.index)
                decided = self._parts.store.last_decision(image.image_id)
                reasons = () if decided is None else decided.decision.reasons
                yield ImageDecided(image=image, reasons=tuple(one.note for one in reasons))


def _asked_sha256(
    request: Request, kept: tuple[str | None, str | None], file_format: FileFormat
) -> str:
    """Hash of all that was asked, with the files that are kept of it."""
    from limner.studio.request_document import document_of

    return sha256_of_document({"request": document_of(request, *kept), "file_format": file_format})
