"""A worker's drawing and scoring of runs: one at a time, when no job is in hand.

People who wait for pictures go first: between two cases a run waits while a job is in hand. It is
drawn by a generator of its own, so that its numbers do not depend on what is drawn beside it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial
from threading import Event

from limner.core.errors import BadInput, DrawingCancelled, LeaseLost
from limner.core.jobs import Happening, JobError, JobState
from limner.core.runs import RunTask
from limner.executors.local import Presence, Pulse
from limner.store.run_jobs import RunClaim
from limner.studio.attempt_ending import ending_of
from limner.studio.eval_judging import Checks
from limner.studio.eval_report import renew_evidence
from limner.studio.eval_runs import (
    find_run,
    is_drawn_alike,
    run_now,
    score_run,
    suite_of,
)
from limner.studio.onlooking import LEASE_SECONDS, Onlooker
from limner.studio.parts import Parts
from limner.studio.run_jobs import draw_whole, measured_parts

BEAT_SECONDS = 2.0
WAIT_SECONDS = 0.2  # between two looks whether the jobs in hand are done

_log = logging.getLogger(__name__)


class RunDrawer:
    """Draws the runs that people asked for.

    Args:
        parts: of the worker's studio.
        presence: that this process lives, and which others do not.
        is_idle: whether no job is in hand.
        read_seconds: a steady clock.
        stop: set to have the run in hand given back.
        lease_seconds: how long another worker's beat may stand still.
    """

    def __init__(
        self,
        parts: Parts,
        presence: Presence,
        *,
        is_idle: Callable[[], bool],
        read_seconds: Callable[[], float],
        stop: Event,
        lease_seconds: float = LEASE_SECONDS,
    ) -> None:
        self._parts = parts
        self._presence = presence
        self._jobs = parts.store.run_jobs
        self._has_no_jobs = is_idle
        self._stop = stop
        self._in_hand: RunClaim | None = None
        self._onlooker = Onlooker(
            is_gone=presence.is_gone, read_seconds=read_seconds, lease_seconds=lease_seconds
        )

    def is_idle(self) -> bool:
        """Whether neither a job nor a run is in hand."""
        return self._in_hand is None and self._has_no_jobs()

    def take_back_lost(self) -> None:
        """Queue again what workers that are gone held."""
        for held in self._onlooker.ended(self._jobs.held()):
            state = self._jobs.lose(held)
            if state is not None:
                facts = {"action": "run_lost", "run": held.job_id, "state": str(state)}
                _log.warning("A worker is gone; its run was taken back", extra=facts)

    def take(self) -> Callable[[], None] | None:
        """The run whose turn it is, as a function that draws it; ``None`` if there is none now."""
        if not self.is_idle():
            return None
        claim = self._jobs.claim(self._presence.worker)
        if claim is None:
            return None
        self._in_hand = claim
        return partial(self._draw, claim)

    def _draw(self, claim: RunClaim) -> None:
        try:
            state = self._jobs.end(claim, *self._outcome(claim))
            facts = {"action": "run_let_go", "run": claim.run_id, "state": str(state)}
            _log.info("An attempt at a run has ended", extra=facts)
        except LeaseLost:
            facts = {"action": "run_lease_lost", "run": claim.run_id}
            _log.warning("The run was given to another worker", extra=facts)
        finally:
            self._in_hand = None

    def _outcome(self, claim: RunClaim) -> tuple[Happening, JobError | None]:
        def beat() -> None:
            self._jobs.beat(claim)

        pulse = Pulse(
            beat,
            on_fault=lambda error: _log.warning("A beat was missed: %s", type(error).__name__),
            every_seconds=BEAT_SECONDS,
            least_seconds=BEAT_SECONDS,
        )
        try:
            with pulse:
                self._do_claimed(claim)
        except LeaseLost:
            raise
        except Exception as error:  # noqa: BLE001 - the job loop: an honest failure
            return ending_of(error, claim.run_id)
        return Happening.FINISH, None

    def _do_claimed(self, claim: RunClaim) -> None:
        if claim.task is RunTask.SCORE:
            run, checks = find_run(self._parts, claim.run_id), Checks(self._parts)
            score_run(self._parts, run, checks, partial(self._go_on, claim, 0))
            renew_evidence(self._parts, run)
        else:
            self._draw_left(claim)

    def _draw_left(self, claim: RunClaim) -> None:
        run = find_run(self._parts, claim.run_id)
        parts = _alone(measured_parts(self._parts.for_requester(claim.owner), claim.model))
        checks = Checks(parts)
        if not is_drawn_alike(run, run_now(parts, suite_of(run), checks)):
            raise BadInput(
                f"The model {claim.model or 'that serves'!r}, its defaults or a "
                "check is not what it was when the run began.",
                code="run_outdated",
                hint="Ask for the run anew.",
            )
        done = {one.spot.case_id for one in parts.store.runs.pictures(run.run_id)}
        draw_whole(parts, run, checks, partial(self._go_on, claim, len(done)))

    def _go_on(self, claim: RunClaim, num_before: int, number: int, num_cases: int) -> None:
        """After a case: stop where that is wanted, and wait while a job is in hand."""
        if number <= num_before or number == num_cases:
            return  # nothing was drawn, or nothing is left
        state = self._jobs.beat(claim, has_stored=True)
        while state is JobState.RUNNING and not self._has_no_jobs() and not self._stop.is_set():
            self._stop.wait(WAIT_SECONDS)
            state = self._jobs.beat(claim)
        if self._stop.is_set() or state is not JobState.RUNNING:
            raise DrawingCancelled


def _alone(parts: Parts) -> Parts:
    """These parts with a generator that draws nothing else, where the model can be opened again."""
    open_another = parts.open_another
    if open_another is None:
        return parts
    return parts.with_generator(lambda: open_another(parts.settings.num_threads))
