"""Jobs: their records, and the one table of which state follows from what happens.

A job is a request that is kept until every picture of it is decided, whatever process dies
meanwhile. Done is never inferred: a state changes only as the table below has it, and what
the rows cannot tell is `UNKNOWN`, not a guess. This module does no input or output and reads no
clock; rows are in store/jobs.py, use cases in studio/jobs.py.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal

from limner.core.deciding import Outcome
from limner.core.errors import BadInput
from limner.core.records import FileFormat

MAX_ATTEMPTS = 3  # fruitless ones in a row, that brought no picture; then the job is parked
MAX_PRIORITY = 100
MAX_WAITING = 512  # jobs queued or drawn in all; beyond, only of those who have less than a share
MOST_WAITING = 2 * MAX_WAITING  # of whomever
MAX_WAITING_PER_OWNER = 256  # with those that the owner has paused

_JOB_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,127}")


class JobState(StrEnum):
    """Where a job stands."""

    QUEUED = "queued"
    RUNNING = "running"
    PAUSING = "pausing"
    CANCELLING = "cancelling"
    PAUSED = "paused"
    FINISHED = "finished"
    CANCELLED = "cancelled"
    FAILED = "failed"
    PARKED = "parked"
    UNKNOWN = "unknown"


OVER = frozenset(
    {
        JobState.FINISHED,
        JobState.CANCELLED,
        JobState.FAILED,
        JobState.PARKED,
        JobState.UNKNOWN,
    }
)
"""States that nothing leaves on its own; a person may `retry` all but `FINISHED`."""

LEASED = frozenset({JobState.RUNNING, JobState.PAUSING, JobState.CANCELLING})
"""States in which a worker holds the job."""

WAITING = frozenset({JobState.QUEUED}) | LEASED
"""States that take up room in the queue."""


class Happening(StrEnum):
    """What can happen to a job."""

    CLAIM = "claim"  # a worker takes it
    FINISH = "finish"  # every picture is decided and stored
    FAIL = "fail"  # it cannot be drawn as it stands
    GIVE_BACK = "give_back"  # the worker stops in good order
    LOSE = "lose"  # the worker died, or the attempt ended by a fault that may pass
    PARK = "park"  # the same, for the last time
    DOUBT = "doubt"  # the rows and the files disagree
    CANCEL = "cancel"
    PAUSE = "pause"
    RESUME = "resume"
    RETRY = "retry"


_S, _E = JobState, Happening

TRANSITIONS: Mapping[tuple[JobState, Happening], JobState] = {
    (_S.QUEUED, _E.CLAIM): _S.RUNNING,
    (_S.QUEUED, _E.CANCEL): _S.CANCELLED,
    (_S.QUEUED, _E.PAUSE): _S.PAUSED,
    (_S.QUEUED, _E.RESUME): _S.QUEUED,
    (_S.QUEUED, _E.RETRY): _S.QUEUED,
    (_S.RUNNING, _E.FINISH): _S.FINISHED,
    (_S.RUNNING, _E.FAIL): _S.FAILED,
    (_S.RUNNING, _E.GIVE_BACK): _S.QUEUED,
    (_S.RUNNING, _E.LOSE): _S.QUEUED,
    (_S.RUNNING, _E.PARK): _S.PARKED,
    (_S.RUNNING, _E.DOUBT): _S.UNKNOWN,
    (_S.RUNNING, _E.CANCEL): _S.CANCELLING,
    (_S.RUNNING, _E.PAUSE): _S.PAUSING,
    (_S.RUNNING, _E.RESUME): _S.RUNNING,
    (_S.RUNNING, _E.RETRY): _S.RUNNING,
    (_S.PAUSING, _E.FINISH): _S.FINISHED,
    (_S.PAUSING, _E.FAIL): _S.FAILED,
    (_S.PAUSING, _E.GIVE_BACK): _S.PAUSED,
    (_S.PAUSING, _E.LOSE): _S.PAUSED,
    (_S.PAUSING, _E.PARK): _S.PARKED,
    (_S.PAUSING, _E.DOUBT): _S.UNKNOWN,
    (_S.PAUSING, _E.CANCEL): _S.CANCELLING,
    (_S.PAUSING, _E.PAUSE): _S.PAUSING,
    (_S.PAUSING, _E.RESUME): _S.RUNNING,
    (_S.CANCELLING, _E.FINISH): _S.FINISHED,  # the cancel came after the last picture
    (_S.CANCELLING, _E.FAIL): _S.FAILED,
    (_S.CANCELLING, _E.GIVE_BACK): _S.CANCELLED,
    (_S.CANCELLING, _E.LOSE): _S.CANCELLED,
    (_S.CANCELLING, _E.PARK): _S.CANCELLED,
    (_S.CANCELLING, _E.DOUBT): _S.UNKNOWN,
    (_S.CANCELLING, _E.CANCEL): _S.CANCELLING,
    (_S.PAUSED, _E.RESUME): _S.QUEUED,
    (_S.PAUSED, _E.CANCEL): _S.CANCELLED,
    (_S.PAUSED, _E.PAUSE): _S.PAUSED,
    (_S.FINISHED, _E.CANCEL): _S.FINISHED,
    (_S.CANCELLED, _E.CANCEL): _S.CANCELLED,
    (_S.CANCELLED, _E.RETRY): _S.QUEUED,
    (_S.FAILED, _E.CANCEL): _S.FAILED,
    (_S.FAILED, _E.RETRY): _S.QUEUED,
    (_S.PARKED, _E.CANCEL): _S.PARKED,
    (_S.PARKED, _E.RETRY): _S.QUEUED,
    (_S.UNKNOWN, _E.CANCEL): _S.UNKNOWN,
    (_S.UNKNOWN, _E.RETRY): _S.QUEUED,
}
"""What follows from what. A pair that is not here cannot happen."""


def next_state(state: JobState, happening: Happening) -> JobState | None:
    """The state that follows; ``None`` if this cannot happen in this state."""
    return TRANSITIONS.get((state, happening))


@dataclass(frozen=True, slots=True, kw_only=True)
class JobError:
    """Why a job is not finished, or why its last attempt was not.

    Attributes:
        code: stable name for programs, as of `LimnerError`.
        message: one sentence for a person.
        hint: what to do about it; may be empty.
    """

    code: str
    message: str
    hint: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobImage:
    """A picture of a job that is stored and decided.

    Attributes:
        index: which picture of the job, from 0.
        image_id: tagged hash of the stored file.
        outcome: of the decision that holds now, so that a review shows.
        seed: it was drawn from.
    """

    index: int
    image_id: str
    outcome: Outcome
    seed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class JobProgress:
    """How far a job that is drawn has come.

    Attributes:
        step: sampler steps done for the pictures in hand.
        num_steps: steps they need; 0 before the first.
        num_images_done: pictures stored.
        num_images: pictures in all.
        seconds_left: estimated from measured times; ``None`` when nothing was measured yet.
    """

    step: int
    num_steps: int
    num_images_done: int
    num_images: int
    seconds_left: float | None

    @property
    def share(self) -> float:
        """0-1; the part of the job that is done, pictures in hand not counted by their steps."""
        return self.num_images_done / self.num_images if self.num_images else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A job as it stands.

    Attributes:
        job_id: chosen by the client, or made here.
        owner: who asked; told to reviewers as the requester.
        state: as far as it can be told; see `UNKNOWN`.
        is_over: nothing more will happen on its own.
        created_at: UTC, as all times.
        attempts: how often a worker took it.
        priority: higher first among jobs of the same owner, -100 .. 100.
        file_format: of its images.
        client: a word about what asked, such as ``openai`` or ``page``; may be empty.
        request: what was asked, as `limner.studio.request_document` writes it; seed resolved.
        num_images: pictures it will have.
        progress: ``None`` unless a worker holds it.
        images: stored so far, in the order of their index.
        error: of the last attempt; ``None`` when it went well.
    """

    job_id: str
    owner: str
    state: JobState
    is_over: bool
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    attempts: int
    priority: int
    file_format: FileFormat
    client: str
    request: Mapping[str, object]
    num_images: int
    progress: JobProgress | None
    images: tuple[JobImage, ...]
    error: JobError | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StateChanged:
    """The job is in another state than before; the first event of every watch."""

    job: Job
    kind: Literal["state"] = "state"


@dataclass(frozen=True, slots=True, kw_only=True)
class Progressed:
    """Drawing went on."""

    progress: JobProgress
    kind: Literal["progress"] = "progress"


@dataclass(frozen=True, slots=True, kw_only=True)
class Previewed:
    """A picture as the network sees it now; not judged, not marked, not kept.

    Attributes:
        index: of the picture in the job, from 0.
        number: rises by one with each preview of the job.
        content: bytes of a WebP file.
    """

    index: int
    number: int
    content: bytes
    media_type: Literal["image/webp"] = "image/webp"
    kind: Literal["preview"] = "preview"


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageDecided:
    """A picture is stored and decided.

    Attributes:
        image: of the job.
        reasons: one sentence each; empty for a release.
    """

    image: JobImage
    reasons: tuple[str, ...]
    kind: Literal["image"] = "image"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """The job is over; the last event of a watch."""

    job: Job
    kind: Literal["end"] = "end"


JobEvent = StateChanged | Progressed | Previewed | ImageDecided | Ended


def require_job_id(job_id: str) -> str:
    """The id, if a client may choose it.

    Raises:
        BadInput: empty, too long, or other characters.
    """
    if _JOB_ID.fullmatch(job_id) is None:
        raise BadInput(
            f"The job id is {job_id[:140]!r}; allowed are 1 to 128 letters, digits, '.', '_', ':' "
            "and '-', beginning with a letter or digit.",
            code="job_id_invalid",
        )
    return job_id
