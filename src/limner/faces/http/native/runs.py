"""Runs of suites over HTTP: which there are, what each measured, two compared; gains and costs.

Runs are begun on the command line: `limner eval run`.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel

from limner.faces.http.native.asking import Given, Operator
from limner.studio.eval_compare import compare_runs
from limner.studio.eval_report import report_on
from limner.studio.eval_runs import find_run, suite_of
from limner.studio.gains import gains

router = APIRouter(prefix="/api", tags=["evidence"])

RunId = Annotated[str, Path(pattern="^run-[0-9a-f]{12}$", description="Id of a run.")]
AskedRun = Annotated[str, Query(pattern="^run-[0-9a-f]{12}$", description="Id of a run.")]


class RunDocument(BaseModel):
    """A run, and how far it is."""

    run: str
    suite: str
    suite_sha256: str
    model: str
    model_sha256: str
    started_at: str
    num_pictures: int
    num_wanted: int


@router.get("/runs")
def list_runs(_asking: Operator, given: Given) -> list[RunDocument]:
    """The newest runs first."""
    runs = given.parts.store.runs
    counts = runs.num_pictures()
    return [
        RunDocument(
            run=one.run_id,
            suite=one.suite,
            suite_sha256=one.suite_sha256,
            model=one.model,
            model_sha256=one.model_sha256,
            started_at=one.started_at.isoformat(),
            num_pictures=counts.get(one.run_id, 0),
            num_wanted=suite_of(one).num_pictures,
        )
        for one in runs.newest()
    ]


@router.get("/runs/compared")
def compare(
    first: AskedRun, second: AskedRun, _asking: Operator, given: Given
) -> dict[str, object]:
    """Two runs of one suite, prompt by prompt and seed by seed; second minus first."""
    runs = find_run(given.parts, first), find_run(given.parts, second)
    return compare_runs(given.parts, *runs).to_document()


@router.get("/runs/{run_id}")
def report(run_id: RunId, _asking: Operator, given: Given) -> dict[str, object]:
    """Everything the report on a run says, without pictures."""
    return report_on(given.parts, find_run(given.parts, run_id)).to_document()


@router.get("/gains")
def count_gains(_asking: Operator, given: Given, since: date | None = None) -> dict[str, object]:
    """Revisions, time, review and errors per accepted image, by month and by project; goals."""
    begun = None if since is None else datetime.combine(since, time.min, UTC)
    return gains(given.parts, begun).to_document()
