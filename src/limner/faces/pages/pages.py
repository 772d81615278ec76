"""Every page there is, put into an application."""

from __future__ import annotations

from fastapi import APIRouter, FastAPI
from fastapi.responses import Response
from fastapi.staticfiles import StaticFiles
from starlette.types import Scope

from limner.faces.pages import (
    criteria_page,
    draw_page,
    edge_cases_page,
    evidence_page,
    gallery_page,
    grid_page,
    image_page,
    jobs_page,
    ledger_page,
    models_page,
    review_page,
    rights_page,
    settings_page,
    studies_page,
    theme,
    tour_page,
    verify_page,
    version_page,
    watch_page,
)
from limner.faces.pages.site import STATIC

ROUTERS: tuple[APIRouter, ...] = (
    draw_page.router,
    grid_page.router,
    gallery_page.router,
    image_page.router,
    jobs_page.router,
    review_page.router,
    watch_page.router,
    edge_cases_page.router,
    verify_page.router,
    criteria_page.router,
    ledger_page.router,
    rights_page.router,
    studies_page.router,  # before the runs, whose address would take its own
    evidence_page.router,
    models_page.router,
    version_page.router,
    settings_page.router,
    theme.router,
    tour_page.router,
)

KEPT = "public, max-age=31536000, immutable"


class _Static(StaticFiles):
    """Files whose address changes with their content."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """The file; kept by the browser for good where the address names its content."""
        response = await super().get_response(path, scope)
        if b"v=" in scope.get("query_string", b""):
            response.headers["Cache-Control"] = KEPT
        return response


def add_pages(app: FastAPI) -> None:
    """Include the routers of all pages and their static files."""
    for router in ROUTERS:
        app.include_router(router)
    app.mount("/static", _Static(directory=STATIC), name="static")
    app.state.places = frozenset(
        getattr(route, "path", "") for router in ROUTERS for route in router.routes
    )
