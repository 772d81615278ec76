"""The routes under ``/sdapi/v1`` that clients use; ``cmd-flags`` is none of them, and stays none.

Progress and interrupt are about the caller's own jobs that came this way; nobody sees or stops
another's.
"""

from __future__ import annotations

import base64
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from fastapi import Request as HttpRequest
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse, Response

from limner.core.access import Principal, Scope
from limner.core.errors import LimnerError
from limner.core.jobs import WAITING, Job, JobState, Previewed
from limner.core.records import Request
from limner.faces.http.access import require
from limner.faces.http.compat.bodies import body_schema, parse, read_json
from limner.faces.http.compat.deliveries import Delivery, deliver, job_path, require_some
from limner.faces.http.compat.drawing import LEFT, in_thread, wait_here
from limner.faces.http.compat.naming import (
    JOB_HEADER,
    model_names,
    require_model,
    warning_header,
)
from limner.faces.http.compat.pictures import file_of_base64
from limner.faces.http.compat.refusals import FieldRefused
from limner.faces.http.problems import answer, problem_of
from limner.faces.http.sdapi.answers import (
    drawing_document,
    model_list,
    options_document,
    progress_document,
)
from limner.faces.http.sdapi.fields import (
    DrawingFields,
    PaintingFields,
    PictureFields,
    TextFields,
    UpscaleFields,
)
from limner.faces.http.sdapi.png_info import info_document
from limner.faces.http.sdapi.requests import (
    Asked,
    painting_asked_of,
    plain_title,
    text_asked_of,
)
from limner.faces.http.sdapi.upscaling import upscaled_document, upscaler_list, upscaling_of
from limner.faces.http.services import Services, services
from limner.studio.requests import label_of

router = APIRouter(prefix="/sdapi/v1", tags=["AUTOMATIC1111"])

CLIENT = "sdapi"
PREVIEW_SECONDS = 1.0  # the longest a look at the progress waits for a picture
CHECKPOINT = "sd_model_checkpoint"

Asking = Annotated[Principal, Depends(require(Scope.GENERATE))]
Ruling = Annotated[Principal, Depends(require(Scope.ADMIN))]
Found = Annotated[Services, Depends(services)]


@router.post(
    "/txt2img", openapi_extra=body_schema(("application/json", TextFields)), response_model=None
)
async def draw_text(http: HttpRequest, asking: Asking, found: Found) -> Response:
    """Draw images from a prompt."""
    fields = parse(TextFields, await read_json(http))
    model = _checkpoint_of(fields)
    asked = await run_in_threadpool(text_asked_of, fields, found.card_of(model), names_of(found))
    return await _draw(http, found, asking, asked, model)


@router.post(
    "/img2img", openapi_extra=body_schema(("application/json", PaintingFields)), response_model=None
)
async def draw_picture(http: HttpRequest, asking: Asking, found: Found) -> Response:
    """Draw images that start from a picture, or repaint the white parts of its mask."""
    fields = parse(PaintingFields, await read_json(http))
    max_megapixels = found.settings.max_input_megapixels
    model = _checkpoint_of(fields)
    card, names = found.card_of(model), names_of(found)
    asked = await run_in_threadpool(painting_asked_of, fields, card, names, max_megapixels)
    return await _draw(http, found, asking, asked, model)


@router.get("/progress")
async def get_progress(
    asking: Asking, found: Found, skip_current_image: Annotated[bool, Query()] = False
) -> dict[str, object]:
    """How far the caller's job is that is drawn, or waits to be."""
    job = await run_in_threadpool(_job_in_hand, found, asking)
    if job is None or job.progress is None or skip_current_image:
        return progress_document(job, None)
    preview = await in_thread(lambda: _preview_of(found, job.job_id))
    return progress_document(job, preview)


@router.post("/interrupt")
def interrupt(asking: Asking, found: Found) -> dict[str, object]:
    """Stop the caller's job that is drawn, or waits to be; what is finished stays."""
    job = _job_in_hand(found, asking)
    if job is not None:
        found.jobs.cancel(job.job_id)
    return {}


@router.get("/options")
def get_options(_asking: Asking, found: Found) -> dict[str, object]:
    """The few options clients read."""
    return options_document(found.studio.card)


@router.post(
    "/options",
    openapi_extra=body_schema(),
)
async def set_options(http: HttpRequest, _ruling: Ruling, found: Found) -> dict[str, object]:
    """Choose the model; anything else must stay as it is."""
    now = options_document(found.studio.card)
    for name, value in (await read_json(http)).items():
        if name == CHECKPOINT:
            require_model(plain_title(str(value)), names_of(found), field=CHECKPOINT)
        elif name not in now or value != now[name]:
            raise FieldRefused(name[:80], value, f"{CHECKPOINT} only")
    return {}


@router.get("/sd-models")
def list_models(_asking: Asking, found: Found) -> list[dict[str, object]]:
    """The models there are."""
    return [one for name in found.parts.model_names for one in model_list(found.card_of(name))]


@router.get("/samplers")
def list_samplers(_asking: Asking, found: Found) -> list[dict[str, object]]:
    """The samplers of the model."""
    return [{"name": one, "aliases": [one], "options": {}} for one in found.studio.card.samplers]


@router.get("/schedulers")
def list_schedulers(_asking: Asking) -> list[dict[str, object]]:
    """The one schedule: the model's own."""
    return [
        {
            "name": "automatic",
            "label": "Automatic",
            "aliases": None,
            "default_rho": -1,
            "need_inner_model": False,
        }
    ]


@router.get("/upscalers")
def list_upscalers(_asking: Asking, found: Found) -> list[dict[str, object]]:
    """Ways to enlarge a picture that is finished."""
    return upscaler_list(found.parts)


@router.get("/latent-upscale-modes")
def list_latent_upscale_modes(_asking: Asking) -> list[dict[str, object]]:
    """None: pictures are not enlarged while they are drawn."""
    return []


@router.get("/sd-vae")
def list_vaes(_asking: Asking) -> list[dict[str, object]]:
    """None: the model has its own."""
    return []


@router.post("/png-info", openapi_extra=body_schema(("application/json", PictureFields)))
async def read_png_info(http: HttpRequest, _asking: Asking, found: Found) -> dict[str, object]:
    """What a picture file says of how it was made."""
    fields = parse(PictureFields, await read_json(http))

    def read() -> dict[str, object]:
        file = file_of_base64(fields.image, "image", found.settings.max_input_megapixels)
        return info_document(file.texts)

    return await run_in_threadpool(read)


@router.post(
    "/extra-single-image",
    openapi_extra=body_schema(("application/json", UpscaleFields)),
    response_model=None,
)
async def upscale(http: HttpRequest, asking: Asking, found: Found) -> Response:
    """Enlarge a picture twice or four times."""
    fields = parse(UpscaleFields, await read_json(http))

    def read() -> Request:
        file = file_of_base64(fields.image, "image", found.settings.max_input_megapixels)
        return upscaling_of(fields, file.picture, found.parts)

    request = await run_in_threadpool(read)
    return await _deliver(http, found, asking, request, upscaled_document)


def names_of(found: Services) -> tuple[str, ...]:
    """Every name a model may be called by."""
    own, *further = found.parts.model_names
    return model_names(own, (*further, *found.settings.model_names))


def _checkpoint_of(fields: DrawingFields) -> str | None:
    asked = (fields.override_settings or {}).get(CHECKPOINT)
    return None if asked is None else plain_title(str(asked))


async def _draw(
    http: HttpRequest, found: Services, asking: Principal, asked: Asked, model: str | None
) -> Response:
    request = replace(asked.request, label=label_of(found.settings), model=found.model_of(model))
    return await _deliver(
        http,
        found,
        asking,
        request,
        lambda delivery: drawing_document(asked, delivery),
        job_id=asked.job_id,
        warnings=asked.warnings,
    )


async def _deliver(
    http: HttpRequest,
    found: Services,
    asking: Principal,
    request: Request,
    document_of: Callable[[Delivery], dict[str, object]],
    *,
    job_id: str | None = None,
    warnings: Sequence[str] = (),
) -> Response:
    """Have a request drawn and wait for it here; what leaves is answered as a document."""
    job = await run_in_threadpool(
        found.jobs.submit, request, owner=asking.name, job_id=job_id, client=CLIENT
    )
    headers = {JOB_HEADER: job_path(job), **warning_header(warnings)}

    def answer_to(over: Job) -> Response:
        return _answer(http, found, document_of, over)

    response = await wait_here(http, found.jobs, job.job_id, answer_to)
    if response is None:
        return Response(status_code=LEFT)
    response.headers.update(headers)
    return response


def _answer(
    http: HttpRequest,
    found: Services,
    document_of: Callable[[Delivery], dict[str, object]],
    job: Job,
) -> Response:
    try:
        delivery = deliver(found.parts, job)
        if job.state is not JobState.CANCELLED or not delivery.released:
            require_some(delivery)  # one that was interrupted brings what is finished
        return JSONResponse(document_of(delivery))
    except LimnerError as error:  # answered here, so that the headers go with it
        request_id = str(http.state.request_id)
        return answer(problem_of(error), path=http.url.path, request_id=request_id)


def _job_in_hand(found: Services, asking: Principal) -> Job | None:
    """The caller's oldest job that came this way and is not over; one that is drawn first."""
    listed = found.jobs.list(owner=asking.name, states=WAITING, limit=500)
    mine = [one for one in reversed(listed) if one.client == CLIENT]
    mine.sort(key=lambda one: one.state is JobState.QUEUED)
    return mine[0] if mine else None


def _preview_of(found: Services, job_id: str) -> str | None:
    until = time.monotonic() + PREVIEW_SECONDS
    watched = found.jobs.watch(job_id, with_previews=True, timeout_seconds=PREVIEW_SECONDS)
    for event in watched:
        if isinstance(event, Previewed):
            return base64.b64encode(event.content).decode("ascii")
        if time.monotonic() >= until:
            break
    return None
