"""What went wrong, as a page; and, for strangers, how to sign in."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from fastapi import Request
from fastapi.responses import Response

from limner.faces.http.access import principal_of
from limner.faces.pages.frame import frame
from limner.faces.pages.site import render

if TYPE_CHECKING:
    from limner.faces.http.problems import Problem


def fault_page(request: Request, problem: Problem, request_id: str) -> Response:
    """A problem for a person who opened an address in a browser."""
    around = frame(request, principal_of(request), here="")
    response = render(
        "fault.html",
        **around,
        problem=problem,
        request_id=request_id,
        is_stranger=problem.status == HTTPStatus.UNAUTHORIZED,
    )
    response.status_code = problem.status
    return response
