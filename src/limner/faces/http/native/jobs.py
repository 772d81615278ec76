"""Jobs: asking for images, following and steering how they are drawn."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Annotated, assert_never

from fastapi import APIRouter, Query, Request, Response, status
from fastapi.responses import StreamingResponse

from limner.core.access import Principal
from limner.core.errors import JobNotFound, LimnerError
from limner.core.jobs import (
    Ended,
    ImageDecided,
    Job,
    JobEvent,
    JobState,
    Previewed,
    Progressed,
    StateChanged,
)
from limner.faces.http.compat.drawing import event_text, events_for, told
from limner.faces.http.native.asking import Drawer, Given, Requester
from limner.faces.http.native.image_fields import ImageLinks
from limner.faces.http.native.job_fields import JobDocument, JobFields, JobPage
from limner.faces.http.problems import problem_document, problem_of
from limner.faces.http.services import Services

router = APIRouter(prefix="/api/jobs", tags=["jobs"])

PAGE_JOBS = 50
EVENT_STREAM = "text/event-stream"


@router.post("", status_code=status.HTTP_202_ACCEPTED)
def submit_job(fields: JobFields, asking: Drawer, given: Given, response: Response) -> JobDocument:
    """Ask for images; look at `poll_url`, or listen at `events_url`, until the job is over.

    With a `job_id` of one's own, asking again for the same gives the same job.
    """
    job = given.jobs.submit(
        fields.request(given.parts, asking),
        owner=asking.name,
        job_id=fields.job_id,
        file_format=fields.file_format,
        priority=fields.priority,
        client="api",
    )
    document = JobDocument.of(job)
    response.headers["Location"] = document.poll_url
    return document


@router.get("")
def list_jobs(
    asking: Requester,
    given: Given,
    state: Annotated[list[JobState] | None, Query()] = None,
    before: Annotated[str | None, Query(max_length=140)] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = PAGE_JOBS,
) -> JobPage:
    """One's own jobs, the newest first; operators see everybody's."""
    if before is not None:
        own_job(given, asking, before)
    owner = None if asking.sees_everything else asking.name
    jobs = given.jobs.list(owner=owner, states=state or (), before=before, limit=limit)
    last = jobs[-1].job_id if len(jobs) == limit else None
    return JobPage(jobs=[JobDocument.of(one) for one in jobs], before=last)


@router.get("/{job_id}")
def get_job(job_id: str, asking: Requester, given: Given) -> JobDocument:
    """A job as it stands."""
    return JobDocument.of(own_job(given, asking, job_id))


@router.post("/{job_id}/cancel")
def cancel_job(job_id: str, asking: Requester, given: Given) -> JobDocument:
    """Stop a job; what is stored stays. One that is over stays as it is."""
    return _steered(given, asking, job_id, given.jobs.cancel)


@router.post("/{job_id}/retry")
def retry_job(job_id: str, asking: Requester, given: Given) -> JobDocument:
    """Queue a job again that ended without all its images."""
    return _steered(given, asking, job_id, given.jobs.retry)


@router.post("/{job_id}/pause")
def pause_job(job_id: str, asking: Requester, given: Given) -> JobDocument:
    """Keep a job from being drawn."""
    return _steered(given, asking, job_id, given.jobs.pause)


@router.post("/{job_id}/resume")
def resume_job(job_id: str, asking: Requester, given: Given) -> JobDocument:
    """Queue a paused job again."""
    return _steered(given, asking, job_id, given.jobs.resume)


@router.get(
    "/{job_id}/events",
    response_class=StreamingResponse,
    responses={200: {"content": {EVENT_STREAM: {"schema": {"type": "string"}}}}},
)
def watch_job(
    job_id: str, request: Request, asking: Requester, given: Given, previews: bool = False
) -> StreamingResponse:
    """What happens to a job, as server-sent events: state, progress, preview, image, end.

    Leaving does not stop the job; listening again begins with its present state. A fault, such as
    a token that was revoked, is the last event: error, with what an answer would say.
    """
    own_job(given, asking, job_id)
    events = events_for(given, asking, job_id, with_previews=previews)

    def fault_of(error: LimnerError) -> str:
        return event_text("error", problem_document(problem_of(error), request.state.request_id))

    return StreamingResponse(
        told(events, _event_document, fault_of),
        media_type=EVENT_STREAM,
        headers={"X-Accel-Buffering": "no"},
    )


def own_job(given: Services, asking: Principal, job_id: str) -> Job:
    """A job, if this person may see it.

    Raises:
        JobNotFound: there is none, or it is somebody else's; which of the two is not told.
    """
    try:
        job = given.jobs.get(job_id)
    except JobNotFound:
        job = None
    if job is None or not (asking.sees_everything or job.owner == asking.name):
        raise JobNotFound(f"There is no job {job_id[:140]!r} here, or it is not yours.")
    return job


def _steered(
    given: Services, asking: Principal, job_id: str, steer: Callable[[str], Job]
) -> JobDocument:
    own_job(given, asking, job_id)
    return JobDocument.of(steer(job_id))


def _event_document(event: JobEvent) -> dict[str, object]:
    match event:
        case StateChanged(job=job) | Ended(job=job):
            return JobDocument.of(job).model_dump(mode="json")
        case Progressed(progress=progress):
            return {
                "step": progress.step,
                "num_steps": progress.num_steps,
                "num_images_done": progress.num_images_done,
                "num_images": progress.num_images,
                "seconds_left": progress.seconds_left,
            }
        case Previewed():
            content = base64.b64encode(event.content).decode()
            return {
                "index": event.index,
                "number": event.number,
                "url": f"data:{event.media_type};base64,{content}",
            }
        case ImageDecided(image=image, reasons=reasons):
            return {
                "index": image.index,
                "image_id": image.image_id,
                "outcome": str(image.outcome),
                "seed": image.seed,
                "reasons": list(reasons),
                "links": ImageLinks.of(image.image_id).model_dump(),
            }
        case _:
            assert_never(event)
