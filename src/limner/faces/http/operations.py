"""For those who run the server: is it there, and how is it doing."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, Field

from limner.core.access import Principal, Scope
from limner.executors.supervisor import Kept
from limner.faces.http.access import require
from limner.faces.http.services import Services, services

PROMETHEUS_TEXT = "text/plain; version=0.0.4; charset=utf-8"

router = APIRouter(tags=["operations"])


class Health(BaseModel):
    """That the server answers."""

    status: Literal["ok"] = "ok"
    worker: Kept | None = Field(description="The worker it keeps; null if it keeps none.")


@router.head("/health", include_in_schema=False)  # probes often ask for no body
@router.get("/health")
async def health(given: Annotated[Services, Depends(services)]) -> Health:
    """Whether the server answers, and how its worker is; asks nothing of the database."""
    return Health(worker=None if given.worker is None else given.worker.kept)


@router.get("/metrics", response_class=Response)
def metrics(
    _who: Annotated[Principal, Depends(require(Scope.OPERATE))],
    given: Annotated[Services, Depends(services)],
) -> Response:
    """Metrics for Prometheus."""
    return Response(given.measures.text(), media_type=PROMETHEUS_TEXT)
