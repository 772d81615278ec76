"""Running checks: a subject in, a result out, whatever a check does.

A check that raises, hangs, lacks its weights or answers with no number gives an error with its
cause. An error is never a pass. What follows from a result is decided elsewhere.
"""

from __future__ import annotations

import math
import threading
import time
import traceback
from collections import deque
from collections.abc import Container, Mapping, Sequence
from queue import Empty, SimpleQueue
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
    for _ in range(min(num_lanes, len(checks))):
        lanes.open_one()
    results: dict[int, Result] = {}
    while len(results) < len(checks):
        try:
            at, result = lanes.answers.get(timeout=lanes.seconds_left(results, time_limit_seconds))
            results.setdefault(at, result)  # one that was given up may answer yet
        except Empty:
            for at in lanes.overdue(results, time_limit_seconds):
                results[at] = _timed_out(checks[at].card, subject, time_limit_seconds)
                lanes.open_one()
    return tuple(results[at] for at in range(len(checks)))


def judged_sha256(subject: ImageSubject | Request) -> str:
    """Hash of what is judged: an image's pixels, or a request's texts."""
    if isinstance(subject, ImageSubject):
        return subject.picture.pixels_sha256
    return sha256_of_document({"prompt": subject.prompt, "negative": subject.negative})


class _Lanes(Generic[Subject]):
    """Threads that take one waiting check after the other.

    Attributes:
        answers: places of checks, each with its result.
    """

    def __init__(
        self, checks: Sequence[Check[Subject]], subject: Subject, limits: Mapping[str, Limits]
    ) -> None:
        self.answers: SimpleQueue[tuple[int, Result]] = SimpleQueue()
        self._subject = subject
        cards = [check.card for check in checks]  # one may come from a file, so it is read once
        self._waiting = deque(
            (at, check, card, limits.get(card.name, card.limits))
            for at, (check, card) in enumerate(zip(checks, cards, strict=True))
        )
        self._begun: dict[int, float] = {}

    def open_one(self) -> None:
        threading.Thread(target=self._run, name="lane of checks", daemon=True).start()

    def _run(self) -> None:
        while True:
            try:
                at, check, card, limits = self._waiting.popleft()
            except IndexError:
                return
            self._begun[at] = time.perf_counter()
            self.answers.put((at, _result(check, card, self._subject, limits)))

    def seconds_left(self, answered: Container[int], limit_seconds: float) -> float:
        """Until the first check that runs is overdue."""
        now = time.perf_counter()
        begun = [one for at, one in self._begun.copy().items() if at not in answered]
        return max(0.0, min(begun, default=now) + limit_seconds - now)

    def overdue(self, answered: Container[int], limit_seconds: float) -> list[int]:
        """Checks that began too long ago and have not answered."""
        latest = time.perf_counter() - limit_seconds
        return [
            at for at, one in self._begun.copy().items() if at not in answered and one <= latest
        ]


def _result(
    check: Check[Subject], card: CheckCard, subject: Subject, limits: Limits
) -> Result:
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
