"""The images of a job that is over: those that leave, with their files, and those that do not.

A face that knows no answer for a held image still has to say so. Nothing that is held or refused
has bytes here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from limner.core.deciding import Outcome
from limner.core.errors import (
    BadInput,
    CriteriaInvalid,
    DeadlineMissed,
    EngineFailed,
    EngineLost,
    GeneratorUnavailable,
    ImageHeld,
    KeyRefused,
    LedgerBroken,
    LimnerError,
    ModelPaused,
    NotFound,
    PictureBroken,
    RequestRefused,
    SealFailed,
    StorageUnavailable,
)
from limner.core.jobs import Job, JobError, JobState
from limner.studio.image import Image
from limner.studio.parts import Parts
from limner.studio.stored_image import open_image

_OUR_FAULTS = frozenset(
    one.code
    for one in (
        LimnerError,
        CriteriaInvalid,
        EngineFailed,
        EngineLost,
        KeyRefused,
        LedgerBroken,
        PictureBroken,
        SealFailed,
    )
)
"""Codes of jobs that failed whatever was asked."""
_AS_THEY_ARE: Mapping[str, type[LimnerError]] = {
    one.code: one
    for one in (
        RequestRefused,
        StorageUnavailable,
        GeneratorUnavailable,
        ModelPaused,
        DeadlineMissed,
    )
}
"""Errors that HTTP answers with a status of their own, also where a worker met them."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Delivery:
    """What became of a job's pictures.

    Attributes:
        job: that is over.
        images: all that are stored, by their index; those that were erased are not there.
    """

    job: Job
    images: Mapping[int, Image]

    @property
    def released(self) -> tuple[Image, ...]:
        """Those that leave."""
        return tuple(one for one in self.images.values() if one.outcome is Outcome.RELEASED)

    @property
    def kept(self) -> tuple[tuple[int, Image], ...]:
        """Index and image of those that do not leave."""
        return tuple(
            (index, image)
            for index, image in self.images.items()
            if image.outcome is not Outcome.RELEASED
        )

    def kept_document(self) -> list[dict[str, object]]:
        """What an answer says of every image that is not in it."""
        return [
            {
                "index": index,
                "seed": image.seed,
                "outcome": str(image.outcome),
                "reasons": [one.note for one in image.decided.decision.reasons],
            }
            for index, image in self.kept
        ]


def job_path(job: Job) -> str:
    """Where a job is found in the native interface."""
    return f"/api/jobs/{job.job_id}"


def deliver(parts: Parts, job: Job) -> Delivery:
    """Open every image of a job that is not erased; the job goes on naming those that are.

    Raises:
        LimnerError: a file cannot be read or sealed.
    """
    there = [one for one in job.images if parts.store.image_by_id(one.image_id) is not None]
    return Delivery(job=job, images={one.index: open_image(parts, one.image_id) for one in there})


def require_some(delivery: Delivery) -> None:
    """Raise what a caller has to be told when no image of a job leaves.

    Raises:
        ImageHeld: at least one waits for a person.
        RequestRefused: every one was refused by the criteria.
        NotFound: every one was erased.
        LimnerError: the job was not finished.
    """
    job = delivery.job
    if job.state is not JobState.FINISHED:
        raise unfinished_error(job)
    if delivery.released:
        return
    where = f"The job is {job_path(job)}."
    if not delivery.images:
        raise NotFound("Every image of this job was erased.", code="image_unknown", hint=where)
    held = [image for _, image in delivery.kept if image.outcome is Outcome.HELD]
    if held:
        raise ImageHeld(held[0].kept_back.message, hint=where)
    raise RequestRefused(delivery.kept[0][1].kept_back.message, hint=where)


def unfinished_error(job: Job) -> LimnerError:
    """Why a job that is over has not brought all its pictures, as an error."""
    found = job.error or JobError(
        code=f"job_{job.state}", message=f"The job was ended as {job.state}."
    )
    hint = f"{found.hint} The job is {job_path(job)}.".strip()
    if found.code in _AS_THEY_ARE:
        return _AS_THEY_ARE[found.code](found.message, hint=hint)
    ours = job.state not in (JobState.FAILED, JobState.CANCELLED) or found.code in _OUR_FAULTS
    kind = LimnerError if ours else BadInput
    return kind(found.message, code=found.code, hint=hint)
