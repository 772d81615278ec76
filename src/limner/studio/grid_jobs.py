"""Grids that are drawn as jobs, one a cell, so that a grid is kept and watched like any drawing."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import uuid4

from limner.core.access import Principal
from limner.core.errors import BadInput, JobNotFound, NotFound
from limner.core.jobs import Job
from limner.core.records import FileFormat, Request
from limner.store.gallery import StoredGrid
from limner.studio.grid import parse_axis, vary_request
from limner.studio.planning import plan_request

if TYPE_CHECKING:
    from limner.studio.jobs import Jobs
    from limner.studio.parts import Parts

CLIENT = "grid"


@dataclass(frozen=True, slots=True, kw_only=True)
class GridJobs:
    """A grid as it stands.

    Attributes:
        title: the prompt it began with.
        columns, rows: what is written beside the cells; `rows` is empty without a second axis.
        cells: the job of every cell, row by row; ``None`` for one that is gone.
    """

    grid_id: str
    title: str
    columns: tuple[str, ...]
    rows: tuple[str, ...]
    cells: tuple[tuple[Job | None, ...], ...]

    @property
    def is_over(self) -> bool:
        """Whether every cell is."""
        return all(job is None or job.is_over for row in self.cells for job in row)


def submit_grid(
    parts: Parts,
    jobs: Jobs,
    viewer: Principal,
    request: Request,
    *,
    axes: Sequence[str],
    file_format: FileFormat = "png",
) -> str:
    """Queue a job for every cell of a grid; its id.

    Args:
        parts: of the studio.
        jobs: take them.
        viewer: who asks.
        request: what is the same in every cell.
        axes: one or two, as `limner.studio.grid.parse_axis` reads them: across, then down.
        file_format: of the images.

    Raises:
        BadInput: there is no axis, or a cell cannot be honoured; nothing is queued.
        QueueFull: too many jobs wait; nothing is queued.
    """
    if not axes:
        raise BadInput(
            "The grid has no axis; allowed are one or two.",
            code="axis_missing",
            hint="Choose what differs from column to column, with its values.",
        )
    x, *more = [parse_axis(one) for one in axes]
    y = next(iter(more), None)
    cells = vary_request(parts, request, x, y)
    for row in cells:
        for one in row:
            plan_request(parts, one)  # all, before any is kept
    grid_id = uuid4().hex
    asked = {
        cell_id(grid_id, down, across): one
        for down, row in enumerate(cells)
        for across, one in enumerate(row)
    }
    document = {
        "title": request.prompt,
        "columns": x.labels,
        "rows": [] if y is None else y.labels,
    }
    grid = StoredGrid(grid_id=grid_id, owner=viewer.name, document=json.dumps(document))
    jobs.submit_grid(grid, asked, file_format=file_format, client=CLIENT)
    return grid_id


def open_grid(parts: Parts, jobs: Jobs, viewer: Principal, grid_id: str) -> GridJobs:
    """A grid as it stands.

    Raises:
        NotFound: there is none, or it is somebody else's.
    """
    stored = parts.store.gallery.find_grid(grid_id)
    if stored is None or not (viewer.sees_everything or stored.owner == viewer.name):
        raise NotFound(f"There is no grid {grid_id!r} here.", code="grid_unknown")
    document = json.loads(stored.document)
    columns, rows = document["columns"], document["rows"]
    return GridJobs(
        grid_id=grid_id,
        title=document["title"],
        columns=tuple(columns),
        rows=tuple(rows),
        cells=tuple(
            tuple(_job(jobs, cell_id(grid_id, down, across)) for across in range(len(columns)))
            for down in range(len(rows) or 1)
        ),
    )


def cell_id(grid_id: str, down: int, across: int) -> str:
    """The job of a cell."""
    return f"{grid_id}-{down}-{across}"


def grid_of(job: Job) -> str | None:
    """The grid a job is a cell of; ``None`` if it is none."""
    return job.job_id.rsplit("-", 2)[0] if job.client == CLIENT else None


def _job(jobs: Jobs, job_id: str) -> Job | None:
    try:
        return jobs.get(job_id)
    except JobNotFound:
        return None
