"""The Jobs page: what waits, what is drawn, what was given up and why; steered from here.

Operators see everybody's jobs, all others their own.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, NamedTuple

from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse, Response

from limner.core.access import Principal
from limner.core.errors import BadInput
from limner.core.jobs import LEASED, Happening, Job, JobImage, JobState, next_state
from limner.faces.http.native.asking import Given, Requester
from limner.faces.http.native.jobs import own_job
from limner.faces.pages.cards import stored_of
from limner.faces.pages.frame import frame
from limner.faces.pages.site import render

router = APIRouter(prefix="/jobs", include_in_schema=False)

PAGE_JOBS = 40
NUM_PICTURES = 4  # of one job, on its line
STEERING = (Happening.PAUSE, Happening.RESUME, Happening.CANCEL, Happening.RETRY)
"""What a person may do to a job, in the order of the buttons."""

Before = Annotated[str, Query(max_length=140)]
State = Annotated[str, Query(max_length=40)]


class _Line(NamedTuple):
    """A job, those of its first images that are not erased, and what may be done to it now."""

    job: Job
    images: list[JobImage]
    may: tuple[Happening, ...]


@router.get("")
def show(
    request: Request, viewer: Requester, given: Given, state: State = "", before: Before = ""
) -> Response:
    """The page."""
    around = frame(request, viewer, "/jobs")
    return render("jobs.html", **around, **_shown(given, viewer, state, before))


@router.get("/lines")
def lines(viewer: Requester, given: Given, state: State = "", before: Before = "") -> Response:
    """The jobs as they stand, as a part of the page."""
    return render("_job_lines.html", **_shown(given, viewer, state, before))


@router.post("/{job_id}/{happening}")
def steer(
    job_id: str,
    happening: str,
    request: Request,
    viewer: Requester,
    given: Given,
    state: State = "",
    before: Before = "",
) -> Response:
    """Do something to a job."""
    own_job(given, viewer, job_id)
    steers = {
        "pause": given.jobs.pause,
        "resume": given.jobs.resume,
        "cancel": given.jobs.cancel,
        "retry": given.jobs.retry,
    }
    if happening not in steers:
        raise BadInput(f"A job cannot {happening[:40]!r}; allowed are {', '.join(steers)}.")
    steers[happening](job_id)
    if "HX-Request" not in request.headers:
        return RedirectResponse("/jobs", status_code=303)
    return render("_job_lines.html", **_shown(given, viewer, state, before))


def may_be_done(job: Job) -> tuple[Happening, ...]:
    """What a person can do to a job that would change it."""
    done = {one: next_state(job.state, one) for one in STEERING}
    return tuple(one for one, state in done.items() if state not in (None, job.state))


def _shown(given: Given, viewer: Principal, state: str, before: str) -> dict[str, object]:
    known = {str(one) for one in JobState}
    if state and state not in known:
        raise BadInput(f"The state is {state!r}; allowed are {', '.join(sorted(known))}.")
    if before:
        own_job(given, viewer, before)
    jobs = given.jobs.list(
        owner=None if viewer.sees_everything else viewer.name,
        states=[JobState(state)] if state else (),
        before=before or None,
        limit=PAGE_JOBS + 1,
    )
    listed = jobs[:PAGE_JOBS]
    return {
        "lines": _lines(given, listed),
        "states": list(JobState),
        "state": state,
        "before": before,
        "after": listed[-1].job_id if len(jobs) > PAGE_JOBS else "",
        "is_moving": any(one.state in LEASED or one.state is JobState.QUEUED for one in listed),
        "sees_everything": viewer.sees_everything,
        "num_waiting": given.jobs.num_waiting(),
    }


def _lines(given: Given, listed: Sequence[Job]) -> list[_Line]:
    first = [list(job.images[:NUM_PICTURES]) for job in listed]
    stored = stored_of(given.parts, [image.image_id for images in first for image in images])
    return [
        _Line(job, [one for one in images if one.image_id in stored], may_be_done(job))
        for job, images in zip(listed, first, strict=True)
    ]
