"""The routes under ``/v1``: images, their files, and the names of the model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi import Request as HttpRequest
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse, Response

from limner.core.access import Principal, Scope
from limner.core.errors import LimnerError, NotFound
from limner.core.jobs import Job
from limner.faces.http.access import require
from limner.faces.http.compat.bodies import body_schema, parse, read_json
from limner.faces.http.compat.deliveries import deliver, job_path, require_some
from limner.faces.http.compat.drawing import LEFT, JobStream, wait_here
from limner.faces.http.compat.naming import (
    JOB_HEADER,
    model_names,
    require_model,
    warning_header,
)
from limner.faces.http.openai.answers import Kind, response_document
from limner.faces.http.openai.edits import read_edit
from limner.faces.http.openai.fields import EditFields, GenerationFields
from limner.faces.http.openai.requests import Asked, asked_of, edit_asked_of
from limner.faces.http.openai.streaming import stream_events
from limner.faces.http.problems import answer, problem_of
from limner.faces.http.services import Services, services
from limner.studio.image import Image
from limner.studio.image_links import read_link, sign_link
from limner.studio.requests import label_of
from limner.studio.sealing import MEDIA_TYPES
from limner.studio.stored_image import open_image

router = APIRouter(prefix="/v1", tags=["OpenAI"])

FILES = "/images/files"
CLIENT = "openai"

Asking = Annotated[Principal, Depends(require(Scope.GENERATE))]
Found = Annotated[Services, Depends(services)]


@router.post(
    "/images/generations",
    openapi_extra=body_schema(("application/json", GenerationFields)),
    response_model=None,
)
async def generate_images(http: HttpRequest, asking: Asking, found: Found) -> Response:
    """Draw images from a prompt."""
    fields = parse(GenerationFields, await read_json(http))

    def read() -> Asked:
        return asked_of(fields, found.card_of(fields.model), names_of(found))

    return await _draw(http, found, asking, read, "image_generation", fields.model)


@router.post(
    "/images/edits",
    openapi_extra=body_schema(
        ("multipart/form-data", EditFields),
        ("application/json", EditFields),
        image=True,
        mask=False,
    ),
    response_model=None,
)
async def edit_images(http: HttpRequest, asking: Asking, found: Found) -> Response:
    """Draw images that start from a picture, or repaint the transparent parts of its mask."""
    sent = await read_edit(http)

    def read() -> Asked:
        pictures = sent.pictures(found.settings.max_input_megapixels)
        card = found.card_of(sent.fields.model)
        return edit_asked_of(sent.fields, pictures, card, names_of(found))

    return await _draw(http, found, asking, read, "image_edit", sent.fields.model)


@router.get(FILES + "/{name}", response_class=Response)
def get_image_file(name: str, found: Found) -> Response:
    """The file of an image, for an hour after it was drawn; needs no token."""
    text, _, suffix = name.partition(".")
    image = open_image(found.parts, read_link(found.settings.home, text, found.clock()).image_id)
    file_format = image.record.file_format
    if suffix and suffix != file_format:
        raise NotFound(f"The image under this address is a {file_format} file.")
    return Response(image.content, media_type=MEDIA_TYPES[file_format])


@router.get("/models")
def list_models(_asking: Asking, found: Found) -> dict[str, object]:
    """Every name a model may be called by."""
    return {"object": "list", "data": [model_document(one) for one in names_of(found)]}


@router.get("/models/{model}")
def get_model(model: str, _asking: Asking, found: Found) -> dict[str, object]:
    """One name of the model."""
    return model_document(require_model(model, names_of(found)))


def names_of(found: Services) -> tuple[str, ...]:
    """Every name a model may be called by."""
    own, *further = found.parts.model_names
    return model_names(own, (*further, *found.settings.model_names))


def model_document(name: str) -> dict[str, object]:
    """A model as OpenAI describes one; when ours was made is not known here."""
    return {"id": name, "object": "model", "created": 0, "owned_by": "limner"}


async def _draw(
    http: HttpRequest,
    found: Services,
    asking: Principal,
    read: Callable[[], Asked],
    kind: Kind,
    model: str | None,
) -> Response:
    def submit() -> tuple[Asked, Job]:
        asked = read()
        label, version = label_of(found.settings), found.model_of(model)
        request = replace(asked.request, label=label, model=version)
        job = found.jobs.submit(
            request,
            owner=asking.name,
            file_format=asked.file_format,
            client=CLIENT,
            is_awaited=not asked.is_stream,
            is_previewed=asked.is_stream and asked.num_partials > 0,
        )
        return asked, job

    asked, job = await run_in_threadpool(submit)
    headers = {JOB_HEADER: job_path(job), **warning_header(asked.warnings)}
    if asked.is_stream:
        events = stream_events(found, asking, job, asked, kind)
        return JobStream(events, found.jobs, job.job_id, headers)

    def answer_to(over: Job) -> Response:
        return _answer(http, found, asked, over)

    response = await wait_here(http, found.jobs, job.job_id, answer_to)
    if response is None:
        return Response(status_code=LEFT)
    response.headers.update(headers)
    return response


def _answer(http: HttpRequest, found: Services, asked: Asked, job: Job) -> Response:
    try:
        delivery = deliver(found.parts, job)
        require_some(delivery)
        linked = delivery.released if asked.response_format == "url" else ()
        urls = {one.image_id: _url_of(http, found, one) for one in linked}
        return JSONResponse(response_document(asked, delivery, urls))
    except LimnerError as error:  # answered here, so that the headers go with it
        request_id = str(http.state.request_id)
        return answer(problem_of(error), path=http.url.path, request_id=request_id)


def _url_of(http: HttpRequest, found: Services, image: Image) -> str:
    link = sign_link(found.settings.home, image.image_id, found.clock())
    return f"{http.base_url}v1{FILES}/{link}.{image.record.file_format}"
