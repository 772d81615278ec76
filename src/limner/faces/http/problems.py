"""From what went wrong to what HTTP answers: one table of statuses, and the shape of the body.

Under ``/v1`` the body has OpenAI's shape, everywhere else it is problem+json (RFC 9457). What
nobody foresaw is answered without its words: they may hold what a person wrote.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException

from limner.core.errors import (
    BadInput,
    BodyTooLarge,
    CriteriaInvalid,
    DeadlineMissed,
    DrawingCancelled,
    GeneratorUnavailable,
    ImageHeld,
    ImageRefused,
    ImageUnreadable,
    JobConflict,
    JobNotFound,
    KeyRefused,
    LedgerBroken,
    LimnerError,
    ModelPaused,
    NotAllowed,
    NotFound,
    QueueFull,
    RequestRefused,
    SealFailed,
    StageRefused,
    StorageUnavailable,
    TokenMissing,
    TooManyRequests,
    without_folders,
)

PROBLEM_JSON = "application/problem+json"
MAX_SHOWN_CHARACTERS = 200  # of a value that was wrong
MAX_FAULTS = 50  # that are told of one request
RETRY_AFTER_SECONDS = 2  # where nothing better is known

_BY_CODE: Mapping[str, int] = {
    "card_unknown": 404,
    "image_unknown": 404,
    "model_not_found": 404,
    "recipe_missing": 404,
    "request_malformed": 400,
    "review_closed": 409,
    "review_held_by_other": 409,
    "review_lease_over": 409,
    "review_not_claimed": 409,
    "review_own_image": 403,
    "review_same_person": 409,
    "not_answered": 409,
}
_BY_KIND: tuple[tuple[type[LimnerError], int], ...] = (
    (TokenMissing, 401),
    (NotAllowed, 403),
    (BodyTooLarge, 413),
    (NotFound, 404),
    (JobNotFound, 404),
    (JobConflict, 409),
    (QueueFull, 429),
    (TooManyRequests, 429),
    (ImageHeld, 403),
    (ImageRefused, 403),
    (RequestRefused, 400),
    (ImageUnreadable, 422),
    (StageRefused, 409),
    (CriteriaInvalid, 500),  # the install's own files, not what was sent
    (KeyRefused, 500),
    (LedgerBroken, 500),
    (SealFailed, 500),
    (GeneratorUnavailable, 503),
    (ModelPaused, 503),
    (DrawingCancelled, 409),
    (DeadlineMissed, 504),
    (BadInput, 422),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One answer that is no success.

    Attributes:
        status: of HTTP.
        code: stable name for programs.
        detail: one sentence for a person.
        hint: what to do about it.
        is_retryable: the same request may work later.
        retry_after_seconds: when; ``None`` where waiting does not help.
        faults: what is wrong with each field, by its path.
    """

    status: int
    code: str
    detail: str
    hint: str = ""
    is_retryable: bool = False
    retry_after_seconds: float | None = None
    faults: Sequence[Mapping[str, str]] = field(default=())


def status_of(error: LimnerError) -> int:
    """The HTTP status of one of our errors; the one table."""
    if isinstance(error, StorageUnavailable):
        is_full = "full" in error.message or "No space" in error.message
        return 507 if is_full else 503
    found = _BY_CODE.get(error.code)
    if found is not None:
        return found
    return next((status for kind, status in _BY_KIND if isinstance(error, kind)), 500)


def problem_of(error: LimnerError) -> Problem:
    """One of our errors as an answer."""
    status = status_of(error)
    wait = getattr(error, "retry_after_seconds", None)
    if wait is None and (error.retryable or status in (429, 503)):
        wait = RETRY_AFTER_SECONDS
    return Problem(
        status=status,
        code=error.code,
        detail=error.message if status < 500 else without_folders(error.message),
        hint=error.hint,
        is_retryable=error.retryable,
        retry_after_seconds=wait,
        faults=getattr(error, "faults", ()),
    )


def problem_of_status(status: int, detail: str = "") -> Problem:
    """An answer of the framework's own, such as 404 or 405."""
    known = HTTPStatus(status)
    why = f" ({detail.rstrip('.')})" if detail else ""
    sentences = {
        400: f"The body cannot be read as what its Content-Type says it is{why}.",
        404: "There is nothing under this address.",
        405: "This address does not take that method.",
        413: "The request is larger than is taken here.",
    }
    return Problem(
        status=status,
        code=known.name.lower(),
        detail=sentences.get(status, detail or f"{known.phrase}."),
    )


def problem_of_fields(error: RequestValidationError) -> Problem:
    """Fields that are missing, unknown or not allowed, each by its path."""
    found = error.errors()[:MAX_FAULTS]
    faults = [_fault(one) for one in found]
    is_unparsed = any(one.get("type") in ("json_invalid", "model_attributes_type") for one in found)
    named = "; ".join(_named(one) for one in faults[:3])
    return Problem(
        status=400 if is_unparsed else 422,
        code="request_malformed" if is_unparsed else "field_invalid",
        detail=f"The request cannot be honoured: {named}.",
        hint="/openapi.json says what every field may hold.",
        faults=faults,
    )


UNFORESEEN = Problem(
    status=500,
    code="internal_error",
    detail="Something went wrong here that should not have.",
    hint="The log has it under the request id.",
)


def answer(problem: Problem, *, path: str, request_id: str) -> Response:
    """A problem in the shape that callers of `path` read."""
    headers = _retry_after(problem)
    if problem.status == HTTPStatus.UNAUTHORIZED:
        is_basic = path.startswith("/sdapi/")
        headers["WWW-Authenticate"] = 'Basic realm="Limner"' if is_basic else "Bearer"
    if path.startswith("/v1/"):
        body = {"error": openai_error(problem)}
        status = HTTPStatus.BAD_REQUEST if problem.status == 422 else problem.status
        return JSONResponse(body, status_code=status, headers=headers)
    return JSONResponse(
        problem_document(problem, request_id),
        status_code=problem.status,
        headers=headers,
        media_type=PROBLEM_JSON,
    )


def _retry_after(problem: Problem) -> dict[str, str]:
    if problem.retry_after_seconds is None:
        return {}
    return {"Retry-After": str(max(1, math.ceil(problem.retry_after_seconds)))}


def install_problems(app: FastAPI) -> None:
    """Have every error that a route raises answered by this module."""

    async def ours(request: Request, error: Exception) -> Response:
        assert isinstance(error, LimnerError)
        return respond(request, problem_of(error))

    async def theirs(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        ours_behind = error.__cause__
        if isinstance(ours_behind, LimnerError):
            return respond(request, problem_of(ours_behind))
        response = respond(request, problem_of_status(error.status_code, str(error.detail)))
        response.headers.update(error.headers or {})
        return response

    async def fields(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        return respond(request, problem_of_fields(error))

    app.add_exception_handler(LimnerError, ours)
    app.add_exception_handler(HTTPException, theirs)
    app.add_exception_handler(RequestValidationError, fields)


def respond(request: Request, problem: Problem) -> Response:
    """A problem as a page where a person looks at the answer, else as `answer`."""
    request_id = str(getattr(request.state, "request_id", ""))
    if _is_page(request):
        from limner.faces.pages.faults import fault_page

        page = fault_page(request, problem, request_id)
        page.headers.update(_retry_after(problem))
        return page
    return answer(problem, path=request.url.path, request_id=request_id)


def _is_page(request: Request) -> bool:
    """Whether a person looks at the answer: a browser opened the address or sent a form."""
    is_for_programs = request.url.path.startswith(("/api/", "/v1/", "/sdapi/"))
    is_part = "HX-Request" in request.headers
    return not is_for_programs and not is_part and "text/html" in request.headers.get("accept", "")


def problem_document(problem: Problem, request_id: str) -> dict[str, object]:
    """A problem as problem+json tells one."""
    body: dict[str, object] = {
        "type": "about:blank",
        "title": HTTPStatus(problem.status).phrase,
        "status": problem.status,
        "detail": problem.detail,
        "code": problem.code,
        "hint": problem.hint,
        "retryable": problem.is_retryable,
        "request_id": request_id,
    }
    if problem.faults:
        body["errors"] = list(problem.faults)
    return body


def openai_error(problem: Problem) -> dict[str, object]:
    """A problem as OpenAI's interface tells one."""
    kinds = {401: "authentication_error", 403: "permission_error", 404: "not_found_error"}
    kinds |= {429: "rate_limit_error"}
    usual = "server_error" if problem.status >= 500 else "invalid_request_error"
    sentence = f"{problem.detail} {problem.hint}".strip()
    return {
        "message": sentence,
        "type": kinds.get(problem.status, usual),
        "param": problem.faults[0]["field"] if problem.faults else _param_of(problem.code),
        "code": problem.code,
    }


def _named(fault: Mapping[str, str]) -> str:
    """One fault of a field in words: the field, its value, what is allowed."""
    said = fault["fault"][:1].lower() + fault["fault"][1:]
    return f"{fault['field']} is {fault['value']}, {said}" if fault["value"] else said


def _fault(error: Mapping[str, Any]) -> dict[str, str]:
    where = [str(one) for one in error.get("loc", ())]
    field_name = ".".join(where[1:] if where and where[0] in _PLACES else where)
    match error.get("type"):
        case "json_invalid":
            return {
                "field": "body",
                "fault": f"The body is not JSON: {error['ctx']['error']}",
                "value": "",
            }
        case "missing":
            name = _printable(field_name or "body")
            return {"field": name, "fault": f"{name} is missing", "value": ""}
        case "extra_forbidden":
            name = _printable(field_name)
            return {"field": name, "fault": f"{name} is no field here", "value": ""}
        case _:
            shown = repr(error.get("input"))
    if len(shown) > MAX_SHOWN_CHARACTERS:
        shown = f"{shown[:MAX_SHOWN_CHARACTERS]}…"
    return {
        "field": _printable(field_name or "body"),
        "fault": str(error.get("msg", "not allowed")),
        "value": _printable(shown),
    }


def _param_of(code: str) -> str | None:
    """The field of OpenAI's interface that a fault of ours is about, told from its code."""
    param = _PARAMS.get(code)
    for fault in _FAULTS:
        name = code.removesuffix(fault)
        if name != code and name in _FIELDS:
            param = _FIELDS[name]
    return param


_FAULTS = ("_empty", "_not_honoured", "_not_text", "_out_of_range", "_too_long", "_unknown")
_FIELDS = {
    name: name
    for name in (
        "background", "guidance", "negative_prompt", "prompt", "sampler", "seed", "size", "steps",
        "strength", "style",
    )
} | {"number_of_pictures": "n"}  # fmt: skip
_PARAMS = {
    "mask_size_differs": "mask",
    "prompt_template_invalid": "prompt",
    "size_not_allowed": "size",
    "wildcard_unknown": "prompt",
}
_PLACES = ("body", "query", "path", "header", "cookie")


def _printable(text: str) -> str:
    return "".join(one if one.isprintable() else "\N{REPLACEMENT CHARACTER}" for one in text)
