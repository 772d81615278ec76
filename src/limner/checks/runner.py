"""Running checks: a subject in, a result out, whatever a check does.

A check that raises, hangs, lacks its weights or answers with no number gives an error with its
cause. An error is never a pass. What follows from a result is decided elsewhere.
"""

from __future__ import annotations

import math
import threading
import time
import traceback
from collections.abc import Mapping, Sequence
from queue import Empty, SimpleQueue
from types import MappingProxyType
from typing import Protocol, TypeVar

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
    """What one check says of one subject; raises nothing that the check does wrong.

    Args:
        check: what looks.
        subject: what it looks at.
        limits: laid to the score; those of the check's card when left out.
        time_limit_seconds: after that the caller goes on with an error. The check runs in a
            thread that is not waited for any longer, and that does not keep the process alive.

    Returns:
        A result with verdict ERROR and its cause where the check could not judge.
    """
    limits = check.card.limits if limits is None else limits
    started = time.perf_counter()
    try:
        finding = _require_numbers(_measure_in_time(check, subject, time_limit_seconds))
    except CheckNotAble as fault:
        return _error(check.card, subject, fault, time.perf_counter() - started)
    return Result(
        check=check.card.name,
        version=check.card.version,
        verdict=verdict_of(finding.score, limits, check.card.better),
        judged_sha256=judged_sha256(subject),
        limits=limits,
        score=finding.score,
        probability_bad=finding.probability_bad,
        notes=finding.notes,
        details=finding.details,
        seconds=time.perf_counter() - started,
        card_sha256=check.card.sha256,
    )


def judge_all(
    checks: Sequence[Check[Subject]],
    subject: Subject,
    limits: Mapping[str, Limits] = NO_LIMITS,
    *,
    time_limit_seconds: float = TIME_LIMIT_SECONDS,
) -> tuple[Result, ...]:
    """What every check says of one subject, in the order of `checks`.

    One after the other: their networks use every core as it is, and running checks side by side
    measured slower (docs/log.md, "Checks").

    Args:
        checks: what look; none waits for another's result.
        subject: what they look at.
        limits: by name of the check, where its card's are not wanted.
        time_limit_seconds: for each check.
    """
    return tuple(
        judge(check, subject, limits.get(check.card.name), time_limit_seconds=time_limit_seconds)
        for check in checks
    )


def judged_sha256(subject: ImageSubject | Request) -> str:
    """Hash of what is judged: an image's pixels, or a request's texts."""
    if isinstance(subject, ImageSubject):
        return subject.picture.pixels_sha256
    return sha256_of_document({"prompt": subject.prompt, "negative": subject.negative})


def _measure_in_time(check: Check[Subject], subject: Subject, limit_seconds: float) -> Finding:
    answers: SimpleQueue[Finding | CheckNotAble] = SimpleQueue()
    name = f"check {check.card.name}"
    threading.Thread(
        target=lambda: answers.put(_answer(check, subject)), name=name, daemon=True
    ).start()
    try:
        answer = answers.get(timeout=limit_seconds)
    except Empty:
        note = f"The check did not answer within {limit_seconds:g} seconds."
        raise CheckNotAble(Cause.TIMED_OUT, note) from None
    if isinstance(answer, CheckNotAble):
        raise answer
    return answer


def _answer(check: Check[Subject], subject: Subject) -> Finding | CheckNotAble:
    try:
        return check.measure(subject)
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
