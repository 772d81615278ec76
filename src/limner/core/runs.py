"""The records of a run: which suite was drawn by which model, what came of it, what checks said.

A run never changes: pictures and scores are added, and of several scores about one picture by one
check the last one holds, a person's before a check's. This module draws and judges nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

from limner.core.jobs import JobError, JobState
from limner.core.judging import Verdict

RUN_FORMAT = "limner.run/1"
PROBABILITY_BAD = "probability_bad"


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One execution of a suite, and everything its numbers depend on, by hash.

    Attributes:
        run_id: ``run-`` and 12 hex digits.
        suite: name; `suite_sha256` of all it says.
        model: ``name@version``; `model_sha256` as the registry has it.
        checks_sha256: of every check's card; see `core.evidence.checks_sha256`.
        criteria_sha256: of the criteria in force when it began; empty where there were none.
        started_at: UTC, before its first picture.
        document: JSON; the suite, the model, the checks' cards and the versions, whole.
    """

    run_id: str
    suite: str
    suite_sha256: str
    model: str
    model_sha256: str
    checks_sha256: str
    criteria_sha256: str
    started_at: datetime
    document: Mapping[str, Any]


class RunTask(StrEnum):
    """What a worker is to do with a run."""

    DRAW = "draw"
    SCORE = "score"  # its stored pictures again


@dataclass(frozen=True, slots=True, kw_only=True)
class RunJob:
    """What a worker is to do with a run, and how that stands; states follow as those of any job.

    Attributes:
        task: what is to be done.
        owner: who asked for the run.
        model: that draws, by the name it was asked for with.
        asked_at: UTC.
        attempts: how often a worker took it.
        error: of the last attempt; ``None`` when it went well.
    """

    run_id: str
    task: RunTask
    owner: str
    model: str
    state: JobState
    asked_at: datetime
    attempts: int
    error: JobError | None


class Spot(NamedTuple):
    """Which picture of a run: its case, its seed, and how it was drawn again (empty: first)."""

    case_id: str
    seed: int
    way: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunPicture:
    """What came of one picture.

    Attributes:
        image_id: of the stored image; ``None`` when there is none.
        fault: code of the error that came instead; empty when there is an image.
        seconds: wall time of drawing it; 0 when there is none.
        drawn_at: UTC.
    """

    spot: Spot
    image_id: str | None
    fault: str
    seconds: float
    drawn_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RunScore:
    """What one check, or a person in its place, said of one picture.

    Attributes:
        card_sha256: of the check's card.
        score: in the check's own unit; ``None`` where there is none.
        cause: of an error, as in `core.judging.Cause`; empty otherwise.
        scored_at: UTC.
        details: numbers behind the score, by name; `PROBABILITY_BAD` of a check that is calibrated.
        author: who changed it; empty for the check itself, and where the name was erased.
        reason: why it was changed; empty for the check itself.
    """

    spot: Spot
    check: str
    card_sha256: str
    verdict: Verdict
    score: float | None
    cause: str
    scored_at: datetime
    details: Mapping[str, float | str] = field(default_factory=dict[str, float | str])
    author: str = ""
    reason: str = ""

    @property
    def is_correction(self) -> bool:
        """Whether a person said so; still known when the name was erased."""
        return bool(self.reason)

    @property
    def probability_bad(self) -> float | None:
        """Calibrated probability, 0-1, that the check's answer is "no"."""
        found = self.details.get(PROBABILITY_BAD)
        return None if found is None else float(found)

    @property
    def said(self) -> tuple[object, ...]:
        """What must come out the same when the same picture is scored again."""
        return (self.spot, self.check, self.card_sha256, self.verdict, self.score, self.cause)
