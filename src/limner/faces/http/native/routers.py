"""Every router of the native API."""

from __future__ import annotations

from limner.faces.http.native import (
    criteria,
    enlarging,
    images,
    jobs,
    ledger,
    models,
    registry,
    reviews,
    rights,
    runs,
    sessions,
    studies,
    tokens,
    verifying,
)

ROUTERS = (
    sessions.router,
    jobs.router,
    enlarging.router,
    images.router,
    reviews.router,
    verifying.router,
    ledger.router,
    rights.router,
    models.router,
    registry.router,
    runs.router,
    studies.router,
    criteria.router,
    tokens.router,
)
