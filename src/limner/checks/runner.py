"""Running checks: a subject in, a result out, whatever a check does.

A check that raises, hangs, lacks its weights or answers with no number gives an error with its
cause. An error is never a pass. What follows from a result is decided elsewhere.
"""

from __future__ import annotations

import math
import os
import sys
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from queue import SimpleQueue
from types import MappingProxyType
from typing import Generic, Protocol, TypeVar

from limner.core.errors import LimnerError
from limner.core.hashing import sha256_of_document
from limner.core.judging import (
    Cause,
    CheckCard,
    CheckNotAble,
    Finding,
    ImageSubject,
    Limits,
    Result,
    Verdict,
    verdict_of,
)
from limner.core.records import Request

TIME_LIMIT_SECONDS = 20.0  # loading the largest network on a busy core takes about one
NO_LIMITS: Mapping[str, Limits] = MappingProxyType({})

Subject = TypeVar("Subject", ImageSubject, Request)
Subject_contra = TypeVar("Subject_contra", ImageSubject, Request, contravariant=True)


class Check(Protocol[Subject_contra]):
    """`ImageCheck` or `RequestCheck`, by what it looks at."""

    @property
    def card(self) -> CheckCard:
        """What this check is."""
        ...

    def measure(self, subject: Subject_contra, /) -> Finding:
        """Look at the subject."""
        ...


def judge(
    check: Check[Subject],
    subject: Subject,
    limits: Limits | None = None,
    *,
    time_limit_seconds: float = TIME_LIMIT_SECONDS,
) -> Result:
    """What one check says of one subject; see `judge_all`.

    Args:
        check: what looks.
        subject: what it looks at.
        limits: laid to the score; those of the check's card when left out.
        time_limit_seconds: after that the caller goes on with an error.
    """
    named = NO_LIMITS if limits is None else {check.card.name: limits}
    (result,) = judge_all([check], subject, named, time_limit_seconds=time_limit_seconds)
    return result


def judge_all(
    checks: Sequence[Check[Subject]],
    subject: Subject,
    limits: Mapping[str, Limits] = NO_LIMITS,
    *,
    num_lanes: int = 1,
    time_limit_seconds: float = TIME_LIMIT_SECONDS,
) -> tuple[Result, ...]:
    """What every check says of one subject, in the order of `checks`.

    Raises nothing that a check does wrong: its result then has the verdict ERROR and its cause.

    Args:
        checks: what look, begun in this order; none waits for another's result.
        subject: what they look at.
        limits: by name of the check, where its card's are not wanted.
        num_lanes: checks that run side by side.
        time_limit_seconds: for each check, from where it begins. One that hangs is left behind in
            its lane, which does not keep the process alive, and a new lane takes its place.
    """
    lanes = _Lanes(checks, subject, limits)
    for core in _cores_of(min(num_lanes, len(checks))):
        lanes.open_one(core)
    while not lanes.have_answered_within(lanes.seconds_left(time_limit_seconds)):
        for at in lanes.overdue(time_limit_seconds):
            lanes.answer(at, _timed_out(checks[at].card, subject, time_limit_seconds))
            lanes.open_one()
    return lanes.answers


def judged_sha256(subject: ImageSubject | Request) -> str:
    """Hash of what is judged: an image's pixels, or a request's texts."""
    if isinstance(subject, ImageSubject):
        return subject.picture.pixels_sha256
    return sha256_of_document({"prompt": subject.prompt, "negative": subject.negative})


class _Lanes(Generic[Subject]):
    """Threads that take one waiting check after the other."""

    def __init__(
        self, checks: Sequence[Check[Subject]], subject: Subject, limits: Mapping[str, Limits]
    ) -> None:
        self._subject = subject
        self._num_checks = len(checks)
        self._answers: dict[int, Result] = {}
        self._have_answered = threading.Event()
        cards = [check.card for check in checks]  # one may come from a file, so it is read once
        self._waiting = deque(
            (at, check, card, limits.get(card.name, card.limits))
            for at, (check, card) in enumerate(zip(checks, cards, strict=True))
        )
        self._begun: dict[int, float] = {}
        if not checks:
            self._have_answered.set()

    @property
    def answers(self) -> tuple[Result, ...]:
        """Results, in the order of the checks; all of them have to be there."""
        return tuple(self._answers[at] for at in range(self._num_checks))

    def answer(self, at: int, result: Result) -> None:
        """Take the result of the check at this place; one that was given up may come yet."""
        self._answers.setdefault(at, result)
        if len(self._answers) == self._num_checks:
            self._have_answered.set()

    def have_answered_within(self, seconds: float) -> bool:
        """Wait until all have answered, or so long; whoever waits is woken once, not by each."""
        return self._have_answered.wait(seconds)

    def open_one(self, core: int | None = None) -> None:
        """Open a lane that stays on this core, if one is named."""
        _run_in_thread(partial(self._run, core))

    def _run(self, core: int | None) -> None:
        with _staying_on(core):
            while True:
                try:
                    at, check, card, limits = self._waiting.popleft()
                except IndexError:
                    return
                self._begun[at] = time.perf_counter()
                self.answer(at, _result(check, card, self._subject, limits))

    def seconds_left(self, limit_seconds: float) -> float:
        """Until the first check that runs is overdue."""
        now = time.perf_counter()
        begun = [one for at, one in self._begun.copy().items() if at not in self._answers]
        return max(0.0, min(begun, default=now) + limit_seconds - now)

    def overdue(self, limit_seconds: float) -> list[int]:
        """Checks that began too long ago and have not answered."""
        latest = time.perf_counter() - limit_seconds
        return [
            at
            for at, one in self._begun.copy().items()
            if at not in self._answers and one <= latest
        ]


# Threads that wait for something to run: a new one takes half a millisecond behind a drawing.
_idle: deque[SimpleQueue[Callable[[], None]]] = deque()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_idle.clear)


def _run_in_thread(run: Callable[[], None]) -> None:
    """Run something in a thread that is idle, or in a new one; it does not keep the process."""
    try:
        errand = _idle.pop()
    except IndexError:
        errand = SimpleQueue[Callable[[], None]]()
        target = _run_errands
        threading.Thread(target=target, args=(errand,), name="lane of checks", daemon=True).start()
    errand.put(run)


def _run_errands(errand: SimpleQueue[Callable[[], None]]) -> None:
    while True:
        errand.get()()
        _idle.append(errand)


def _cores_of(num_lanes: int) -> Sequence[int | None]:
    """The core that each lane stays on; ``None`` leaves that to the system.

    Where there are no more cores than lanes, the system at times leaves two lanes on one core for
    as long as they run, beside an idle one.
    """
    if sys.platform == "linux" and num_lanes > 1:
        cores = sorted(os.sched_getaffinity(0))
        if len(cores) == num_lanes:
            return cores
    return [None] * num_lanes


@contextmanager
def _staying_on(core: int | None) -> Generator[None]:
    if core is None or sys.platform != "linux":
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def _result(check: Check[Subject], card: CheckCard, subject: Subject, limits: Limits) -> Result:
    started = time.perf_counter()
    answer = _answer(check, subject)
    seconds = time.perf_counter() - started
    if isinstance(answer, CheckNotAble):
        return _error(card, subject, answer, seconds)
    return Result(
        check=card.name,
        version=card.version,
        verdict=verdict_of(answer.score, limits, card.better),
        judged_sha256=judged_sha256(subject),
        limits=limits,
        score=answer.score,
        probability_bad=answer.probability_bad,
        notes=answer.notes,
        details=answer.details,
        seconds=seconds,
        card_sha256=card.sha256,
    )


def _timed_out(card: CheckCard, subject: ImageSubject | Request, limit_seconds: float) -> Result:
    note = f"The check did not answer within {limit_seconds:g} seconds."
    return _error(card, subject, CheckNotAble(Cause.TIMED_OUT, note), limit_seconds)


def _answer(check: Check[Subject], subject: Subject) -> Finding | CheckNotAble:
    try:
        return _require_numbers(check.measure(subject))
    except CheckNotAble as fault:
        return fault
    except LimnerError as error:
        return CheckNotAble(Cause.RAISED, error.message)
    except Exception as error:  # noqa: BLE001  # whatever a check raises is its error, not ours
        # The exception's own text may quote the prompt, so its kind and place are told instead.
        place = traceback.extract_tb(error.__traceback__)[-1]
        kind, file = type(error).__name__, place.filename.rpartition("/")[2]
        return CheckNotAble(Cause.RAISED, f"The check raised {kind} in {file}, {place.name}.")


def _require_numbers(finding: Finding) -> Finding:
    if not math.isfinite(finding.score):
        note = f"The check's score is {finding.score!r}, which is not a finite number."
        raise CheckNotAble(Cause.RAISED, note)
    chance = finding.probability_bad
    if chance is not None and not 0.0 <= chance <= 1.0:  # also refuses NaN
        note = f"The check's probability is {chance!r}; it must be from 0 to 1."
        raise CheckNotAble(Cause.RAISED, note)
    return finding


def _error(
    card: CheckCard, subject: ImageSubject | Request, fault: CheckNotAble, seconds: float
) -> Result:
    return Result(
        check=card.name,
        version=card.version,
        verdict=Verdict.ERROR,
        judged_sha256=judged_sha256(subject),
        limits=None,
        score=None,
        cause=fault.cause,
        notes=(fault.note,),
        seconds=seconds,
    )
