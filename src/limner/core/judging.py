"""The records of judging: what a check looks at, what it answers, and what every check is.

A check gives a result, never a decision: what follows from a result is said by criteria
(criteria.py) and worked out in one place (deciding.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from limner.core.hashing import sha256_of_document
from limner.core.records import Picture, Request

# Shapes: H height, W width, C channels (RGBA, straight alpha).


class Verdict(StrEnum):
    """What a check says. Only PASS is a pass."""

    PASS = "pass"
    FAIL = "fail"
    UNSURE = "unsure"
    ERROR = "error"


class Cause(StrEnum):
    """Why a check could not judge; the states of an error."""

    RAISED = "raised"
    TIMED_OUT = "timed_out"
    WEIGHTS_ABSENT = "weights_absent"
    NOT_APPLICABLE = "not_applicable"


class Better(StrEnum):
    """Which end of a check's score is the good one."""

    HIGHER = "higher"
    LOWER = "lower"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Where a score passes and where it fails; between the two it is unsure.

    Attributes:
        pass_at: a score as good as this passes.
        fail_at: a score as bad as this fails. Equal to `pass_at` there is no unsure band, and the
            score itself passes.
    """

    pass_at: float
    fail_at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckCard:
    """What a check is; known without loading its network.

    Attributes:
        name: stable name that criteria use, such as ``prompt-fit``.
        version: changes whenever the same input may get another score.
        question: what it asks, as one sentence that a person can answer too; "yes" is good.
        better: which end of its score is good.
        limits: used where criteria name none.
        ingredients: tagged SHA-256 of every file that decides the score, by file name.
        is_calibrated: it gives a calibrated probability, which costs can act on.
    """

    name: str
    version: str
    question: str
    better: Better
    limits: Limits
    ingredients: Mapping[str, str] = field(default_factory=dict[str, str])
    is_calibrated: bool = False

    @property
    def sha256(self) -> str:
        """Tagged hash of everything that decides what a score means."""
        return sha256_of_document(
            {
                "name": self.name,
                "version": self.version,
                "question": self.question,
                "better": str(self.better),
                "ingredients": dict(self.ingredients),
            }
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What a check measured, before limits are laid to it.

    Attributes:
        score: finite, in the check's own unit.
        probability_bad: calibrated probability, 0-1, that the answer to the check's question is
            "no"; ``None`` where the check is not calibrated.
        notes: facts a person should read, each one sentence; never the prompt itself.
        details: numbers behind the score, by name.
    """

    score: float
    probability_bad: float | None = None
    notes: tuple[str, ...] = ()
    details: Mapping[str, float | str] = field(default_factory=dict[str, float | str])


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What one check said of one thing.

    Attributes:
        check: name of the check's card; `version` is of the same card.
        judged_sha256: tagged hash of the pixels (image checks) or of the request's text (request
            checks) that were judged.
        limits: those laid to the score; ``None`` when there is no score.
        score, probability_bad: as in `Finding`; ``None`` on an error.
        cause: why there is no score; ``None`` unless the verdict is ERROR.
        seconds: wall time of the check.
        card_sha256: of the check's card; ``None`` on results from before it was kept.
    """

    check: str
    version: str
    verdict: Verdict
    judged_sha256: str
    limits: Limits | None
    score: float | None
    probability_bad: float | None = None
    cause: Cause | None = None
    notes: tuple[str, ...] = ()
    details: Mapping[str, float | str] = field(default_factory=dict[str, float | str])
    seconds: float = 0.0
    card_sha256: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ImageSubject:
    """An image to be judged: exactly the pixels that would leave.

    Attributes:
        picture: the decoded pixels and their hash.
        prompt: what it was drawn from; ``None`` for an incoming image.
        style: that was asked for by name, if one was.
        is_finite: no value was NaN or infinite before rounding to uint8.
        expected_size: width and height it must have; ``None`` where none was asked.
    """

    picture: Picture
    prompt: str | None = None
    style: str | None = None
    is_finite: bool = True
    expected_size: tuple[int, int] | None = None

    @property
    def image_HWC(self) -> NDArray[np.uint8]:
        """The pixels: uint8, RGBA, straight alpha."""
        return self.picture.image_HWC


class CheckNotAble(Exception):
    """Raised by a check that cannot judge this subject; becomes a result with verdict ERROR.

    Args:
        cause: which kind of error.
        note: one sentence for a person: what is missing and what to do.
    """

    def __init__(self, cause: Cause, note: str) -> None:
        self.cause = cause
        self.note = note
        super().__init__(note)


class ImageCheck(Protocol):
    """Looks at an image."""

    @property
    def card(self) -> CheckCard:
        """What this check is; must not load its network."""
        ...

    def measure(self, subject: ImageSubject, /) -> Finding:
        """Look at the subject.

        Raises:
            CheckNotAble: it cannot be judged, and why. Anything else raised is an error as well.
        """
        ...


@runtime_checkable
class ReadsPrompt(Protocol):
    """An image check that reads the prompt as well, and may be told it before the picture."""

    def read(self, prompt: str, /) -> None:
        """Read a prompt, so that measuring need not; errors as in `ImageCheck.measure`."""
        ...


@runtime_checkable
class SharesView(Protocol):
    """An image check that sees a picture through a view that others see it through too."""

    @property
    def view(self) -> object:
        """The view. Whoever sees a picture first makes it; the others wait for that."""
        ...


class RequestCheck(Protocol):
    """Looks at a request before anything is drawn."""

    @property
    def card(self) -> CheckCard:
        """What this check is."""
        ...

    def measure(self, request: Request, /) -> Finding:
        """Look at the request; errors as in `ImageCheck.measure`."""
        ...


def verdict_of(score: float, limits: Limits, better: Better) -> Verdict:
    """The verdict on a score: pass as good as `pass_at`, fail as bad as `fail_at`, else unsure.

    A score that is not a finite number is an error.
    """
    if not np.isfinite(score):
        return Verdict.ERROR
    sign = 1.0 if better is Better.HIGHER else -1.0
    if sign * score >= sign * limits.pass_at:
        return Verdict.PASS
    return Verdict.FAIL if sign * score <= sign * limits.fail_at else Verdict.UNSURE
