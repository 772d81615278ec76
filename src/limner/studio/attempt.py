"""One attempt at a job: the pictures it lacks are drawn, and what happened is said.

Whatever ends an attempt, one of four things is said of it: finished, failed, given back, or lost
and to be tried again; a process that is killed says nothing, and then an onlooker says it is lost.
A picture is written down as the job's in the transaction that stores it, so that none is drawn
twice or forgotten.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime
from threading import Event
from typing import TYPE_CHECKING, cast

from limner.core.deciding import Outcome
from limner.core.drawing import StepProgress
from limner.core.errors import JobDoubtful, LeaseLost, StorageUnavailable
from limner.core.jobs import Happening, JobError, JobState
from limner.core.recipe import ImageRecord
from limner.core.records import FileFormat
from limner.executors.local import Pulse
from limner.store.bell import NEVER
from limner.store.leases import Claim, Told, Wanted
from limner.studio.attempt_ending import ending_of
from limner.studio.deadlines import due_at, require_in_time
from limner.studio.generate import draw_ready
from limner.studio.image_file import encode_preview
from limner.studio.pace import Pace
from limner.studio.parts import Watch
from limner.studio.planning import Shot, make_ready
from limner.studio.request_document import request_of
from limner.studio.sealing import seal_image

if TYPE_CHECKING:
    import sqlalchemy as sa

    from limner.studio.parts import Parts

BEAT_SECONDS = 0.5  # so often it is told how far a job is that nobody watches
PREVIEW_SECONDS = 0.4  # between two of them where steps are slow
PREVIEWS_AT = 4  # at the quarters of the steps at any rate: the model inside is done before that
LAST_PREVIEWED_SHARE = 0.8
"""Of the steps; a later preview would show a finished picture before it is judged."""

_log = logging.getLogger(__name__)


class Attempt:
    """One attempt at a job.

    Args:
        parts: of the studio, for the job's owner.
        claim: the job.
        read_seconds: a steady clock.
        stop: set to have the job given back.
        tell_seconds: between two reports of progress.
        on_over: called before it is told that the job is over.
    """

    def __init__(
        self,
        parts: Parts,
        claim: Claim,
        *,
        read_seconds: Callable[[], float],
        stop: Event,
        tell_seconds: float,
        on_over: Callable[[], None],
    ) -> None:
        self._parts = parts
        self.claim = claim
        self._leases = parts.store.leases
        self._read_seconds = read_seconds
        self._stop = stop
        self._on_over = on_over
        self._started_seconds = read_seconds()
        self._left = [index for index in range(len(claim.shots)) if index not in claim.image_ids]
        self._recorded: set[int] = set()
        self._due: datetime | None = None
        self._wanted = Wanted(claim.lease, JobState.RUNNING, claim.previewed_until)
        self._looked = NEVER
        self._state: JobState | None = None
        self._previewed_seconds = self._started_seconds
        self._previewed_at = (0, 0)  # pictures done before, and the quarter of the steps
        self._told: Told | None = None
        self._previews: dict[int, bytes] = {}
        self._pace = Pace(claim.seconds_per_picture, read_seconds)
        self._pulse = Pulse(
            self._beat,
            on_fault=self._missed,
            every_seconds=BEAT_SECONDS,
            least_seconds=tell_seconds,
        )

    def draw(self) -> tuple[Happening, JobError | None]:
        """Draw what is left; what happened, and why it is not finished.

        Raises:
            LeaseLost: it was given to another worker; nothing is to be said of this attempt.
        """
        with self._pulse:
            return self._outcome()

    def let_go(self, happening: Happening, error: JobError | None) -> JobState:
        """Let go of the job and say how it went, unless that was said with its last seal.

        Raises:
            LeaseLost: it was given to another worker; nothing was said of this attempt.
        """
        if self._state is not None:
            return self._state
        return self._leases.end(
            self.claim,
            happening,
            self._parts.read_clock(),
            seconds=self._read_seconds() - self._started_seconds,
            num_images=len(self._recorded),
            error=error,
        )

    def _outcome(self) -> tuple[Happening, JobError | None]:
        try:
            self._draw()
        except LeaseLost:
            raise
        except Exception as error:  # noqa: BLE001 - the job loop: an honest failure
            self._state = None  # what was said with the last seal may not stand
            return ending_of(error, self.claim.job_id)
        return Happening.FINISH, None

    def _draw(self) -> None:
        parts, claim = self._parts, self.claim
        for image_id in claim.image_ids.values():
            settle_image(parts, image_id)
        if not self._left:
            return
        request = request_of(
            claim.request, parts.store.read_source, parts.settings.max_input_megapixels
        )
        self._due = due_at(request, claim.created_at)
        require_in_time(self._due, parts.read_clock())
        shots = tuple(Shot(*claim.shots[index]) for index in self._left)
        ready = make_ready(parts, request, shots)
        watch = Watch(
            on_step=self._on_step,
            is_cancelled=self._is_cancelled,
            on_stored=self._on_stored,
            on_sealing=self._on_sealing,
        )
        for image in draw_ready(parts, ready, cast(FileFormat, claim.file_format), watch):
            index = self._index_of(image.record)
            if index not in self._recorded:  # the same bytes were stored before, for another job
                now = parts.read_clock()
                self._leases.record_stored_image(claim, index, image.image_id, now)
                self._recorded.add(index)

    def _on_stored(self, connection: sa.Connection, record: ImageRecord) -> None:
        index = self._index_of(record)
        self._leases.record_image(connection, self.claim, index, record.image_id, record.created_at)
        self._recorded.add(index)

    def _on_sealing(self, connection: sa.Connection, _record: ImageRecord) -> None:
        """The job is over with the seal of its last picture: one flush, and who waits is told."""
        if len(self._recorded) == len(self._left):
            self._state = self._leases.end_within(
                connection,
                self.claim,
                Happening.FINISH,
                self._parts.read_clock(),
                seconds=self._read_seconds() - self._started_seconds,
                num_images=len(self._recorded),
            )
            self._on_over()

    def _index_of(self, record: ImageRecord) -> int:
        return self.claim.shots.index((record.recipe.prompt, record.recipe.seed))

    def _is_cancelled(self) -> bool:
        require_in_time(self._due, self._parts.read_clock())
        return self._stop.is_set() or self._wanted_now().state is not JobState.RUNNING

    def _wanted_now(self) -> Wanted:
        """Read anew only when the clock of jobs has risen: it is asked before every step."""
        bell = self._parts.store.bell
        if bell.needs_no_look(self._looked):
            return self._wanted
        self._looked = bell.now()
        if self._wanted.number != self._parts.store.jobs.number():
            self._wanted = self._leases.wanted(self.claim)
        return self._wanted

    def _on_step(self, progress: StepProgress) -> None:
        self._told = Told(progress.step, progress.num_steps, self._pace.seconds_left(progress))
        if not self._is_watched():
            return
        if progress.read_preview is not None and self._is_preview_due(progress):
            first = progress.num_images_done
            self._previews = {
                self._left[first + k]: encode_preview(image_HWC)
                for k, image_HWC in enumerate(progress.read_preview())
            }
        self._pulse.hurry()

    def _is_watched(self) -> bool:
        until = self._wanted.previewed_until
        return until is not None and until >= self._parts.read_clock()

    def _is_preview_due(self, progress: StepProgress) -> bool:
        share, now_seconds = progress.step / progress.num_steps, self._read_seconds()
        at = (progress.num_images_done, int(share * PREVIEWS_AT))
        is_awaited = now_seconds - self._previewed_seconds >= PREVIEW_SECONDS
        if share > LAST_PREVIEWED_SHARE or not (at > self._previewed_at or is_awaited):
            return False
        self._previewed_seconds, self._previewed_at = now_seconds, at
        return True

    def _beat(self) -> None:
        told, self._told = self._told, None
        previews, self._previews = self._previews, {}
        self._wanted = self._leases.beat(self.claim, self._parts.read_clock(), told, previews)

    def _missed(self, error: Exception) -> None:
        if not isinstance(error, LeaseLost):  # that is seen before the next step
            facts = {"action": "job_beat_missed", "job_id": self.claim.job_id}
            _log.warning("A beat was missed: %s", type(error).__name__, extra=facts)


def settle_image(parts: Parts, image_id: str) -> None:
    """See that an image of an earlier attempt is whole, and seal it if that was still to be done.

    Raises:
        JobDoubtful: its row, its decision or its file is not there, or has changed.
        SealFailed: it is released, and cannot be sealed.
    """
    record = parts.store.image_by_id(image_id)
    decided = parts.store.last_decision(image_id)
    if record is None or decided is None:
        raise JobDoubtful(f"The image {image_id} of this job is not stored any more.")
    try:
        content = parts.store.read_image(record)
    except StorageUnavailable as error:
        raise JobDoubtful(error.message, hint=error.hint) from error
    if decided.decision.outcome is Outcome.RELEASED:
        seal_image(parts, record, content, decided)
