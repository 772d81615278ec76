"""The Draw page: a prompt becomes pictures, and the decision stands on each of them.

What was asked is a job on the server at once, so a refresh loses nothing. The page follows the
first job that is not over; the next is followed when that one ends.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response, StreamingResponse

from limner.core.access import Principal, Scope
from limner.core.errors import LimnerError
from limner.core.jobs import (
    WAITING,
    Ended,
    ImageDecided,
    JobEvent,
    JobState,
    Previewed,
    Progressed,
    StateChanged,
)
from limner.faces.http.compat.drawing import event_text, events_for, told
from limner.faces.http.native.asking import Anyone, Drawer, Given
from limner.faces.http.native.jobs import own_job
from limner.faces.http.problems import problem_of
from limner.faces.http.services import Services
from limner.faces.pages.cards import cards_of_job
from limner.faces.pages.drawing import (
    BLANK,
    fields_of,
    keep_picture,
    read_back,
    read_drawing,
    start_picture,
)
from limner.faces.pages.forms import Fields, GivenFile
from limner.faces.pages.frame import first_place, frame
from limner.faces.pages.site import render, say
from limner.studio.gallery import require_visible
from limner.studio.grid_jobs import grid_of
from limner.studio.image_file import encode_plain_png

router = APIRouter(default_response_class=Response, include_in_schema=False)

NUM_JOBS = 12  # on one page; the gallery has the rest
NUM_LOOKED_AT = 80  # a grid is many jobs
CLIENT = "page"
EXAMPLES = ("fox", "rocket", "teapot")
SIZES = ("256", "512", "1024", "512x288", "288x512")


@router.get("/")
def draw(
    request: Request,
    viewer: Anyone,
    given: Given,
    like: str = "",
    start: str = "",
    mode: str = "variations",
    prompt: str = "",
    model: str = "",
) -> Response:
    """The page; the form may come filled in with the recipe of an image, or start from one.

    What can be asked for is what the model can honour, so another model is another form. Somebody
    who may not draw goes on to where they may do something: links and the menu lead here.
    """
    if not viewer.may(Scope.GENERATE):
        return RedirectResponse(first_place(viewer), status_code=303)
    fields = _first_fields(given, viewer, like=like, start=start, mode=mode)
    fields = {**fields, "model": model or fields["model"]}
    if prompt:
        fields = {**fields, "prompt": prompt}
    return render(
        "draw.html",
        **frame(request, viewer, "/"),
        **_form(given, fields, like=like),
        **_jobs(given, viewer),
        examples=[say(f"draw.example.{name}") for name in EXAMPLES],
    )


@router.post("/draw")
def ask(request: Request, viewer: Drawer, given: Given, said: Fields) -> Response:
    """Queue what the form says; gives the list of jobs."""
    drawing = read_drawing(given.parts, viewer, said)
    given.jobs.submit(
        drawing.request,
        owner=viewer.name,
        file_format=drawing.file_format,
        client=CLIENT,
        is_previewed=True,
    )
    if "HX-Request" not in request.headers:
        return RedirectResponse("/", status_code=303)
    return render("_jobs.html", **_jobs(given, viewer))


@router.get("/draw/jobs")
def jobs(viewer: Drawer, given: Given) -> Response:
    """The list of jobs as it stands."""
    return render("_jobs.html", **_jobs(given, viewer))


@router.get("/draw/jobs/{job_id}/events")
def events(job_id: str, viewer: Drawer, given: Given) -> StreamingResponse:
    """What happens to a job, as server-sent events, from its state now to its end."""
    own_job(given, viewer, job_id)
    lines = told(events_for(given, viewer, job_id), _event_document, _fault_text)
    return StreamingResponse(lines, media_type="text/event-stream")


@router.post("/draw/jobs/{job_id}/cancel")
def cancel(job_id: str, viewer: Drawer, given: Given) -> Response:
    """Stop a job; what is stored stays."""
    own_job(given, viewer, job_id)
    given.jobs.cancel(job_id)
    return render("_jobs.html", **_jobs(given, viewer))


@router.post("/draw/jobs/{job_id}/retry")
def retry(job_id: str, viewer: Drawer, given: Given) -> Response:
    """Queue a job again that ended without all its pictures."""
    own_job(given, viewer, job_id)
    given.jobs.retry(job_id)
    return render("_jobs.html", **_jobs(given, viewer))


@router.post("/draw/read")
def read(viewer: Drawer, given: Given, file: GivenFile) -> Response:
    """What a dropped file says of itself, and ways to go on from it; nothing is kept."""
    back = read_back(given.parts, viewer, file.content, file.name)
    fields = None if back.recipe is None else json.dumps(fields_of(back.recipe))
    return render(
        "_read_back.html",
        name=file.name,
        recipe=back.recipe,
        parameters=back.parameters,
        fields=fields,
    )


@router.post("/draw/start")
def keep(viewer: Drawer, given: Given, file: GivenFile) -> Response:
    """Keep a dropped picture, and go on to a form that starts from it."""
    picture = keep_picture(given.parts, viewer, file.content, file.name)
    return Response(headers={"HX-Redirect": f"/?start={picture.pixels_sha256}"})


@router.get("/draw/start/{start}")
def show_start(start: str, viewer: Drawer, given: Given) -> Response:
    """The picture a drawing starts from, for the brush."""
    picture = start_picture(given.parts, viewer, start)
    return Response(
        encode_plain_png(picture.image_HWC),
        media_type="image/png",
        headers={"Cache-Control": "private, max-age=3600"},
    )


def _first_fields(
    given: Services, viewer: Principal, *, like: str, start: str, mode: str
) -> dict[str, str]:
    if like:
        recipe = require_visible(given.parts, viewer, like).record.recipe
        drew = recipe.generator if recipe.generator in given.parts.model_names[1:] else ""
        return {**fields_of(recipe), "model": drew}
    if not start:
        return dict(BLANK)
    named = given.parts.store.image_by_id(start)
    if named is None:
        return {**BLANK, "start": start, "mode": mode}
    seen = require_visible(given.parts, viewer, start)
    said = fields_of(seen.record.recipe)
    kept = {name: said[name] for name in ("prompt", "negative", "style")}
    return {**BLANK, **kept, "start": start, "mode": mode}


def _form(given: Services, fields: Mapping[str, str], *, like: str) -> dict[str, object]:
    return {
        "card": given.parts.generator_of(fields["model"] or None).card,
        "models": given.parts.model_names,
        "fields": fields,
        "like": like,
        "sizes": SIZES,
    }


def _jobs(given: Services, viewer: Principal) -> dict[str, object]:
    own = given.jobs.list(owner=viewer.name, limit=NUM_LOOKED_AT)
    ahead = _ahead(given) if any(one.state is JobState.QUEUED for one in own) else {}
    shown: dict[str, dict[str, object]] = {}  # by job, or by grid for all of its cells
    for job in own:
        grid_id = grid_of(job)
        if len(shown) == NUM_JOBS or grid_id in shown:
            continue
        shown[grid_id or job.job_id] = {
            "job": job,
            "grid_id": grid_id,
            "cards": [] if grid_id else cards_of_job(given.parts, job),
            "num_ahead": ahead.get(job.job_id, 0),
        }
    return {"jobs": list(shown.values())}


def _ahead(given: Services) -> dict[str, int]:
    """How many jobs were asked for before each one that waits."""
    waiting = given.jobs.list(owner=None, states=WAITING, limit=500)
    return {one.job_id: k for k, one in enumerate(reversed(waiting))}


def _fault_text(error: LimnerError) -> str:
    """Not an event called error, as a browser calls a lost connection so."""
    problem = problem_of(error)
    return event_text("fault", {"said": f"{problem.detail} {problem.hint}".strip()})


def _event_document(event: JobEvent) -> dict[str, object]:
    match event:
        case StateChanged(job=job) | Ended(job=job):
            return {"state": str(job.state)}
        case Progressed(progress=now):
            return {
                "share": now.share,
                "step": now.step,
                "num_steps": now.num_steps,
                "said": _said_of(now.step, now.num_steps, now.seconds_left),
            }
        case Previewed(index=index, content=content, media_type=media_type):
            coded = base64.b64encode(content).decode()
            return {"index": index, "url": f"data:{media_type};base64,{coded}"}
        case ImageDecided(image=image):
            return {"index": image.index}


def _said_of(step: int, num_steps: int, seconds_left: float | None) -> str:
    if seconds_left is None:
        return say("draw.step", step=step, num_steps=num_steps)
    return say(
        "draw.step_left", step=step, num_steps=num_steps, seconds=max(1, round(seconds_left))
    )
