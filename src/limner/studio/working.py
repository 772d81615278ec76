"""Drawing jobs: a worker takes some, draws the pictures they lack, and says how each went.

Jobs are drawn side by side, so that they share passes of the network and one is drawn while another
is judged and sealed.

Whatever ends an attempt, one of four things is said of it: finished, failed, given back, or lost
and to be tried again; a process that is killed says nothing, and then an onlooker says it is lost.
A picture is written down as the job's in the transaction that stores it, so that none is drawn
twice or forgotten.
"""

from __future__ import annotations

import logging
import time
import traceback
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from threading import Event, Lock
from typing import TYPE_CHECKING, cast

from limner.core.deciding import Outcome
from limner.core.errors import (
    CriteriaInvalid,
    DrawingCancelled,
    JobDoubtful,
    LeaseLost,
    LimnerError,
    StorageUnavailable,
)
from limner.core.jobs import Happening, JobError, JobState
from limner.core.records import FileFormat, ImageRecord, StepProgress
from limner.executors.local import Lanes, Presence, Pulse, work
from limner.store.leases import Claim, Held, Told
from limner.studio.criteria_file import criteria_text, source_in_force
from limner.studio.deadlines import due_at, require_in_time
from limner.studio.generate import draw_ready
from limner.studio.image_file import encode_preview
from limner.studio.parts import Watch
from limner.studio.planning import Shot, make_ready
from limner.studio.reminding import Reminder
from limner.studio.request_document import request_of
from limner.studio.review import escalate_overdue
from limner.studio.rights import enforce_expired
from limner.studio.sealing import seal_image
from limner.studio.shadowing import Shadower
from limner.studio.watch.periodic import Redrawer, Watcher

if TYPE_CHECKING:
    import sqlalchemy as sa

    from limner.studio.parts import Parts

WORKERS_FOLDER = "workers"  # of the data folder; lock files of living workers
LEASE_SECONDS = 60.0  # after which a worker whose beat stands still has lost its job
BEAT_SECONDS = 2.0
LANES = 12  # jobs drawn side by side; eight of them fill a pass, the others are judged and sealed
LANES_PER_OWNER = 9
TELL_SECONDS = 0.1  # between two reports of progress
PREVIEW_SECONDS = 0.4
TIMED_SECONDS = 60.0  # between two looks for cards that are overdue and rights that expired

_log = logging.getLogger(__name__)


@dataclass(kw_only=True, eq=False)
class Onlooker:
    """Tells which leases have ended, by a steady clock of its own: no clock is set back there.

    Attributes:
        is_gone: whether a worker's process is known to have ended.
        read_seconds: the steady clock.
        lease_seconds: how long a beat may stand still.
    """

    is_gone: Callable[[str], bool]
    read_seconds: Callable[[], float]
    lease_seconds: float = LEASE_SECONDS
    _seen: dict[tuple[str, int], tuple[int, float]] = field(
        default_factory=dict[tuple[str, int], tuple[int, float]]
    )

    def ended(self, held: list[Held]) -> list[Held]:
        """Those of all leases held now whose worker is gone."""
        now_seconds = self.read_seconds()
        before, self._seen = self._seen, {}
        ended: list[Held] = []
        for one in held:
            key = (one.job_id, one.lease)
            beat, since_seconds = before.get(key, (one.beat, now_seconds))
            if beat != one.beat:
                since_seconds = now_seconds
            self._seen[key] = (one.beat, since_seconds)
            if now_seconds - since_seconds >= self.lease_seconds or self.is_gone(one.worker):
                ended.append(one)
        return ended


class Worker:
    """Draws the jobs of one data folder.

    Args:
        parts: of a studio that nothing else draws with; every job is drawn for its owner.
        presence: that this process lives, and which others do not.
        read_seconds: a steady clock.
        stop: set to have the jobs in hand given back.
        lease_seconds: how long another worker's beat may stand still.
    """

    def __init__(
        self,
        parts: Parts,
        presence: Presence,
        *,
        read_seconds: Callable[[], float],
        stop: Event,
        lease_seconds: float = LEASE_SECONDS,
    ) -> None:
        self._parts = parts
        self._presence = presence
        self._leases = parts.store.leases
        self._read_seconds = read_seconds
        self._stop = stop
        self._criteria_text: str | None = None
        self._in_hand: list[Claim] = []
        self._lock = Lock()
        self._timed_seconds = float("-inf")
        self._onlooker = Onlooker(
            is_gone=presence.is_gone, read_seconds=read_seconds, lease_seconds=lease_seconds
        )

    def sweep(self) -> None:
        """Take back what lost workers held; once a minute, see to what time itself has changed."""
        self.take_back_lost()
        now_seconds = self._read_seconds()
        if now_seconds - self._timed_seconds >= TIMED_SECONDS:
            self._timed_seconds = now_seconds
            self._see_to_time()

    def _see_to_time(self) -> None:
        """Escalate cards that are overdue; block what rights covered that have expired."""
        num_overdue = escalate_overdue(self._parts)
        if num_overdue:
            facts = {"action": "cards_overdue", "cards": num_overdue}
            _log.info("Review cards are overdue and were escalated", extra=facts)
        num_blocked = enforce_expired(self._parts)
        if num_blocked:
            facts = {"action": "rights_expired", "images": num_blocked}
            _log.info("Rights have expired and their images were blocked", extra=facts)

    def take_back_lost(self) -> int:
        """Queue again what workers that are gone held; how many jobs that were."""
        num_lost = 0
        for held in self._onlooker.ended(self._leases.held()):
            state = self._leases.lose(held, self._parts.read_clock())
            if state is not None:
                num_lost += 1
                self._presence.forget(held.worker)
                facts = {"action": "job_lost", "job_id": held.job_id, "state": str(state)}
                _log.warning("A worker is gone; its job was taken back", extra=facts)
        return num_lost

    def draw_next(self) -> bool:
        """Take the job whose turn it is and draw it; whether there was one."""
        draw = self.take()
        if draw is None:
            return False
        draw()
        return True

    def is_idle(self) -> bool:
        """Whether no job is in hand, and none is to be given back."""
        with self._lock:
            return not self._in_hand and not self._stop.is_set()

    def take(self) -> Callable[[], None] | None:
        """Take the job whose turn it is, if there is one to be drawn now; calling it draws it.

        No owner takes every lane, so that another's job starts at once. A job whose last attempts
        brought nothing is drawn with no other beside it: it may end this process, and would be
        taken for the fault of those beside it.
        """
        with self._lock:
            in_hand = list(self._in_hand)
        if any(one.is_suspect for one in in_hand):
            return None
        counts = Counter(one.owner for one in in_hand)
        claim = self._leases.claim(
            self._presence.worker,
            self._parts.read_clock(),
            sated=[owner for owner, count in counts.items() if count >= LANES_PER_OWNER],
            has_company=bool(in_hand),
        )
        if claim is None:
            return None
        self._judge_by_criteria_in_force()
        with self._lock:
            self._in_hand.append(claim)
        parts = self._parts.for_requester(claim.owner)
        attempt = _Attempt(
            parts,
            claim,
            read_seconds=self._read_seconds,
            stop=self._stop,
            tell_seconds=TELL_SECONDS * (len(in_hand) + 1),  # so many in all, however many tell
        )
        return partial(self._draw, attempt)

    def _draw(self, attempt: _Attempt) -> None:
        claim = attempt.claim
        try:
            try:
                ended = attempt.draw()
            finally:
                with self._lock:
                    self._in_hand.remove(claim)  # before others are told that it ended
            state = attempt.let_go(*ended)
            facts = {"action": "job_let_go", "job_id": claim.job_id, "state": str(state)}
            _log.info("An attempt at a job has ended", extra=facts)
        except LeaseLost:
            facts = {"action": "job_lease_lost", "job_id": claim.job_id}
            _log.warning("The job was given to another worker", extra=facts)

    def _judge_by_criteria_in_force(self) -> None:
        """A worker lives long; criteria that were changed meanwhile hold from the next job on."""
        try:
            text = criteria_text(source_in_force(self._parts.settings))
        except CriteriaInvalid as error:
            text = error.message
        if text != self._criteria_text:
            self._parts.forget_judge()
            self._criteria_text = text


class _Attempt:
    """One attempt at a job.

    Args:
        parts: of the studio, for the job's owner.
        claim: the job.
        read_seconds: a steady clock.
        stop: set to have the job given back.
        tell_seconds: between two reports of progress.
    """

    def __init__(
        self,
        parts: Parts,
        claim: Claim,
        *,
        read_seconds: Callable[[], float],
        stop: Event,
        tell_seconds: float,
    ) -> None:
        self._parts = parts
        self.claim = claim
        self._leases = parts.store.leases
        self._read_seconds = read_seconds
        self._stop = stop
        self._started_seconds = read_seconds()
        self._left = [index for index in range(len(claim.shots)) if index not in claim.image_ids]
        self._recorded: set[int] = set()
        self._due: datetime | None = None
        self._previewed_until: datetime | None = None
        self._previewed_seconds = float("-inf")
        self._told: Told | None = None
        self._previews: dict[int, bytes] = {}
        self._pace = _Pace(claim.seconds_per_picture, read_seconds)
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
        """Let go of the job and say how it went.

        Raises:
            LeaseLost: it was given to another worker; nothing was said of this attempt.
        """
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
        except DrawingCancelled:
            return Happening.GIVE_BACK, None
        except JobDoubtful as error:
            return Happening.DOUBT, _job_error(error)
        except LimnerError as error:
            return Happening.LOSE if error.retryable else Happening.FAIL, _job_error(error)
        except Exception as error:  # noqa: BLE001 - the job loop: an honest failure
            return Happening.LOSE, self._unforeseen(error)
        return Happening.FINISH, None

    def _unforeseen(self, error: Exception) -> JobError:
        """Names the kind of the error and its place; its words may hold a prompt."""
        place = traceback.extract_tb(error.__traceback__)[-1]
        facts = {"action": "job_attempt_broken", "job_id": self.claim.job_id}
        told = (type(error).__name__, place.filename, place.lineno)
        _log.warning("An attempt broke: %s in %s, line %s", *told, extra=facts)
        message = f"Drawing ended by a fault nobody foresaw: {type(error).__name__}."
        return JobError(code="internal", message=message)

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
            is_in_step=True,
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

    def _index_of(self, record: ImageRecord) -> int:
        return self.claim.shots.index((record.recipe.prompt, record.recipe.seed))

    def _is_cancelled(self) -> bool:
        wanted = self._leases.wanted(self.claim)
        require_in_time(self._due, self._parts.read_clock())
        self._previewed_until = wanted.previewed_until
        return self._stop.is_set() or wanted.state is not JobState.RUNNING

    def _on_step(self, progress: StepProgress) -> None:
        self._told = Told(progress.step, progress.num_steps, self._pace.seconds_left(progress))
        if progress.read_preview is not None and self._is_preview_due():
            first = progress.num_images_done
            self._previews = {
                self._left[first + k]: encode_preview(image_HWC)
                for k, image_HWC in enumerate(progress.read_preview())
            }
        self._pulse.hurry()

    def _is_preview_due(self) -> bool:
        until, now_seconds = self._previewed_until, self._read_seconds()
        if until is None or until < self._parts.read_clock():
            return False
        if now_seconds - self._previewed_seconds < PREVIEW_SECONDS:
            return False
        self._previewed_seconds = now_seconds
        return True

    def _beat(self) -> None:
        told, self._told = self._told, None
        previews, self._previews = self._previews, {}
        self._leases.beat(self.claim, self._parts.read_clock(), told, previews)

    def _missed(self, error: Exception) -> None:
        if not isinstance(error, LeaseLost):  # that is seen before the next step
            facts = {"action": "job_beat_missed", "job_id": self.claim.job_id}
            _log.warning("A beat was missed: %s", type(error).__name__, extra=facts)


class _Pace:
    """Estimates how long drawing still takes, from the steps of this attempt as soon as it can."""

    def __init__(
        self, seconds_per_picture: float | None, read_seconds: Callable[[], float]
    ) -> None:
        self._seconds_per_picture = seconds_per_picture
        self._read_seconds = read_seconds
        self._last: tuple[int, float] | None = None

    def seconds_left(self, progress: StepProgress) -> float | None:
        """Estimated from the last two steps; before the second, from earlier attempts."""
        now_seconds = self._read_seconds()
        if self._last is not None and progress.step == self._last[0] + 1:
            step_seconds = now_seconds - self._last[1]
            self._seconds_per_picture = step_seconds * progress.num_steps / progress.batch_size
        self._last = (progress.step, now_seconds)
        if self._seconds_per_picture is None:
            return None
        done = progress.num_images_done + progress.batch_size * progress.step / progress.num_steps
        return round(max(0.0, progress.num_images - done) * self._seconds_per_picture, 2)


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


def _job_error(error: LimnerError) -> JobError:
    return JobError(code=error.code, message=error.message, hint=error.hint)


def run_worker(
    parts: Parts,
    *,
    stop: Event,
    is_once: bool = False,
    read_seconds: Callable[[], float] = time.monotonic,
) -> None:
    """Draw jobs until told to stop.

    Args:
        parts: of a studio that nothing else draws with.
        stop: set to give back what is in hand and end.
        is_once: end when no job waits.
        read_seconds: a steady clock.
    """
    from limner.generators.kept import KeptPictures

    presence = Presence(parts.settings.home / WORKERS_FOLDER)
    is_clean = False
    try:
        parts = parts.with_wrapped(KeptPictures)
        worker = Worker(parts, presence, read_seconds=read_seconds, stop=stop)
        worker.take_back_lost()
        presence.forget_gone()
        shadower = Shadower(parts, is_idle=worker.is_idle, read_seconds=read_seconds)
        redrawer = Redrawer(parts, is_idle=worker.is_idle, read_seconds=read_seconds)
        reminder = Reminder(parts, read_seconds)
        watcher = Watcher(parts, read_seconds=read_seconds)

        def sweep() -> None:
            worker.sweep()
            watcher.watch_if_due()
            if not is_once:
                reminder.remind_if_due()

        def take() -> Callable[[], None] | None:
            asked = worker.take()
            return asked if asked or is_once else shadower.take() or redrawer.take()

        with Lanes(take, num_lanes=LANES) as lanes:
            work(
                lambda: lanes.draw_next() or (is_once and lanes.end_next()),
                sweep=sweep,
                read_number=parts.store.jobs.number,
                read_seconds=read_seconds,
                stop=stop,
                is_once=is_once,
            )
        is_clean = True
    finally:
        presence.close(is_clean=is_clean)
