"""A worker: takes jobs whose turn it is, side by side, and takes back what others have lost.

Jobs are drawn side by side, so that they share passes of the network and one is drawn while another
is judged and sealed. What is done with one job is in attempt.py.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from threading import Event, Lock
from typing import TYPE_CHECKING

from limner.core.errors import CriteriaInvalid, LeaseLost
from limner.executors.local import Lanes, Presence, work
from limner.store.leases import Claim
from limner.studio.attempt import Attempt
from limner.studio.criteria_file import criteria_text, source_in_force
from limner.studio.onlooking import LEASE_SECONDS, Onlooker
from limner.studio.reminding import Reminder
from limner.studio.review import escalate_overdue
from limner.studio.rights import enforce_expired
from limner.studio.run_drawing import RunDrawer
from limner.studio.shadowing import Shadower
from limner.studio.watch.periodic import Redrawer, Watcher

if TYPE_CHECKING:
    from limner.studio.parts import Parts

WORKERS_FOLDER = "workers"  # of the data folder; lock files of living workers
LANES = 24  # jobs drawn side by side; 16 fill two passes, the others are judged and sealed
LANES_PER_OWNER = 18
TELL_SECONDS = 0.1  # between two reports of progress
TELL_PREVIEWED_SECONDS = 0.02  # where somebody looks, for a picture takes little longer
TIMED_SECONDS = 60.0  # between two looks for cards that are overdue and rights that expired

_log = logging.getLogger(__name__)


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
        tell_seconds = TELL_SECONDS if claim.previewed_until is None else TELL_PREVIEWED_SECONDS
        attempt = Attempt(
            parts,
            claim,
            read_seconds=self._read_seconds,
            stop=self._stop,
            tell_seconds=tell_seconds * (len(in_hand) + 1),  # so many in all, however many tell
            on_over=partial(self._put_down, claim),
        )
        return partial(self._draw, attempt)

    def _draw(self, attempt: Attempt) -> None:
        claim = attempt.claim
        try:
            try:
                ended = attempt.draw()
            finally:
                self._put_down(claim)
            state = attempt.let_go(*ended)
            facts = {"action": "job_let_go", "job_id": claim.job_id, "state": str(state)}
            _log.info("An attempt at a job has ended", extra=facts)
        except LeaseLost:
            facts = {"action": "job_lease_lost", "job_id": claim.job_id}
            _log.warning("The job was given to another worker", extra=facts)

    def _put_down(self, claim: Claim) -> None:
        """Free the lane of a job, before it is told that it is over: who is told may want it."""
        with self._lock:
            self._in_hand = [one for one in self._in_hand if one is not claim]

    def _judge_by_criteria_in_force(self) -> None:
        """A worker lives long; criteria that were changed meanwhile hold from the next job on."""
        try:
            text = criteria_text(source_in_force(self._parts.settings))
        except CriteriaInvalid as error:
            text = error.message
        if text != self._criteria_text:
            self._parts.forget_judge()
            self._criteria_text = text


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
        runs = RunDrawer(
            parts, presence, is_idle=worker.is_idle, read_seconds=read_seconds, stop=stop
        )
        runs.take_back_lost()  # before the files that tell who is gone are removed
        worker.take_back_lost()
        presence.forget_gone()
        shadower = Shadower(parts, is_idle=runs.is_idle, read_seconds=read_seconds)
        redrawer = Redrawer(parts, is_idle=runs.is_idle, read_seconds=read_seconds)
        reminder = Reminder(parts, read_seconds)
        watcher = Watcher(parts, read_seconds=read_seconds)

        def sweep() -> None:
            runs.take_back_lost()
            worker.sweep()
            watcher.watch_if_due()
            if not is_once:
                reminder.remind_if_due()

        def take() -> Callable[[], None] | None:
            asked = worker.take() or runs.take()
            return asked if asked or is_once else shadower.take() or redrawer.take()

        with Lanes(take, num_lanes=LANES) as lanes:
            work(
                lambda: lanes.draw_next() or (is_once and lanes.end_next()),
                sweep=sweep,
                read_number=parts.store.jobs.number,
                wait_for_news=parts.store.bell.wait,
                read_seconds=read_seconds,
                stop=stop,
                is_once=is_once,
            )
        is_clean = True
    finally:
        presence.close(is_clean=is_clean)
