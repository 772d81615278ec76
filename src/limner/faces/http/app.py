"""The application: every router behind one door. It opens no socket and starts no worker."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Collection
from contextlib import asynccontextmanager
from time import monotonic

import anyio.to_thread
from fastapi import FastAPI

from limner.executors.supervisor import Supervisor
from limner.faces.http import operations
from limner.faces.http.door import Door, Edge
from limner.faces.http.measures import Measures
from limner.faces.http.native.routers import ROUTERS
from limner.faces.http.openai import router as openai_router
from limner.faces.http.problems import install_problems
from limner.faces.http.rates import Rates
from limner.faces.http.sdapi import router as sdapi_router
from limner.faces.http.services import Services
from limner.faces.pages.pages import add_pages
from limner.studio.studio import Studio
from limner.studio.tokens import Tokens

NUM_THREADS = 64  # for work that is short; who waits for a job does it in threads of its own


def make_app(
    studio: Studio, *, hosts: Collection[str] = (), worker: Supervisor | None = None
) -> FastAPI:
    """The studio over HTTP.

    Args:
        studio: stays open as long as the application is used.
        hosts: names this server answers to besides loopback and those of the settings.
        worker: the worker this server keeps running; ``None`` if others run.
    """
    services = Services(
        studio=studio,
        tokens=Tokens(studio.parts),
        rates=Rates(read_seconds=monotonic),
        measures=Measures(studio.parts),
        worker=worker,
    )
    app = FastAPI(
        title="Limner",
        version=studio.parts.version,
        summary="Draws images, judges every one, and says where each comes from.",
        docs_url=None,  # these pages would load their scripts from elsewhere
        redoc_url=None,
        lifespan=_lifespan,
    )
    app.state.services = services
    install_problems(app)
    for compatible in (openai_router.router, sdapi_router.router):
        app.include_router(compatible)
    for router in (operations.router, *ROUTERS):
        app.include_router(router)
    add_pages(app)
    app.add_middleware(Door, services=services, hosts={*hosts, *studio.settings.hosts})
    app.add_middleware(Edge, services=services)  # added last, it is outermost
    return app


@asynccontextmanager
async def _lifespan(_app: FastAPI) -> AsyncGenerator[None]:
    anyio.to_thread.current_default_thread_limiter().total_tokens = NUM_THREADS
    yield
