"""The Evidence pages: runs, what each one measured, two of them compared, and their pictures.

The same facts as the report that stands alone, which can be taken along from here.
"""

from __future__ import annotations

from typing import Annotated, NamedTuple

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, Field

from limner.core.errors import BadInput
from limner.core.runs import Run
from limner.evals.measuring import weakest_slices
from limner.evals.suite import Suite
from limner.faces.http.native.asking import Given, Operator
from limner.faces.http.native.runs import RunId
from limner.faces.pages.frame import frame
from limner.faces.pages.site import render
from limner.faces.report import plots, telling
from limner.faces.report.page import NUM_WEAKEST
from limner.faces.report.writing import SUFFIXES, report_text
from limner.studio.eval_compare import compare_runs
from limner.studio.eval_pictures import ACCEPTED, Wanted, find_shown
from limner.studio.eval_report import report_on
from limner.studio.eval_runs import find_run, suite_of
from limner.studio.gains import gains

router = APIRouter(prefix="/evidence", include_in_schema=False)

PAGE_PICTURES = 48
MEDIA_TYPES = {".html": "text/html", ".md": "text/markdown", ".json": "application/json"}

Name = Annotated[str, Query(max_length=80)]


class _Asked(BaseModel):
    """Which pictures of a run are asked for; see `Wanted`."""

    check: str = Field(default="", max_length=80)
    said: str = Field(default="", max_length=10)
    group: str = Field(default="", max_length=80)
    value: str = Field(default="", max_length=200)
    case: str = Field(default="", max_length=80)
    skip: int = Field(default=0, ge=0, lt=2**31)

    def to_wanted(self) -> Wanted:
        """What is looked for."""
        return Wanted(
            check=self.check,
            is_passed={"passed": True, "failed": False}.get(self.said),
            group=(self.group, self.value) if self.group else None,
            case_id=self.case,
        )


class _Line(NamedTuple):
    """A run in the list; `num` of its `num_wanted` pictures are there."""

    run: Run
    suite: Suite
    num: int

    @property
    def is_whole(self) -> bool:
        """It is at its end."""
        return self.num == self.suite.num_pictures


@router.get("")
def show(request: Request, viewer: Operator, given: Given) -> Response:
    """Every run, the newest first, by suite."""
    runs = given.parts.store.runs
    counts = runs.num_pictures()
    by_suite: dict[str, list[_Line]] = {}
    for one in runs.newest():
        line = _Line(one, suite_of(one), counts.get(one.run_id, 0))
        by_suite.setdefault(one.suite, []).append(line)
    around = frame(request, viewer, "/evidence")
    return render(
        "evidence.html", **around, by_suite=by_suite, gains=gains(given.parts), tell=telling
    )


@router.get("/compare")
def compare(
    request: Request, viewer: Operator, given: Given, first: Name = "", second: Name = ""
) -> Response:
    """Two runs of one suite, prompt by prompt and seed by seed."""
    if not first or not second or first == second:
        raise BadInput("Two different runs of one suite are needed to compare.")
    runs = find_run(given.parts, first), find_run(given.parts, second)
    compared = compare_runs(given.parts, *runs)
    return render(
        "evidence_compare.html",
        **frame(request, viewer, "/evidence"),
        compared=compared,
        suite=suite_of(runs[0]),
        reach=telling.reach_of(compared),
        plots=plots,
        tell=telling,
    )


@router.get("/{run_id}")
def show_run(run_id: RunId, request: Request, viewer: Operator, given: Given) -> Response:
    """What one run measured."""
    report = report_on(given.parts, find_run(given.parts, run_id))
    costs = telling.costs(report)
    return render(
        "evidence_run.html",
        **frame(request, viewer, "/evidence"),
        report=report,
        run=report.run,
        suite=report.suite,
        weakest=weakest_slices(report.metrics, NUM_WEAKEST),
        costs=costs,
        most=telling.most_of(costs),
        suffixes=SUFFIXES,
        plots=plots,
        tell=telling,
    )


@router.get("/{run_id}/pictures")
def pictures(
    run_id: RunId,
    request: Request,
    viewer: Operator,
    given: Given,
    asked: Annotated[_Asked, Query()],
) -> Response:
    """The pictures behind a number."""
    run = find_run(given.parts, run_id)
    suite, wanted = suite_of(run), asked.to_wanted()
    found = find_shown(given.parts, suite, run_id, wanted, skip=asked.skip, limit=PAGE_PICTURES)
    return render(
        "evidence_pictures.html",
        **frame(request, viewer, "/evidence"),
        run=run,
        wanted=wanted,
        checks=(ACCEPTED, *suite.checks),
        said=asked.said,
        found=found,
        skip=asked.skip,
        page_pictures=PAGE_PICTURES,
    )


@router.get("/{run_id}/report{suffix}")
def download(run_id: RunId, suffix: str, _viewer: Operator, given: Given) -> Response:
    """The report that stands alone, as a file to keep."""
    if suffix not in SUFFIXES:
        raise BadInput(f"The report ends in {suffix[:20]!r}; allowed are {', '.join(SUFFIXES)}.")
    report = report_on(given.parts, find_run(given.parts, run_id))
    headers = {"Content-Disposition": f'attachment; filename="report-{run_id}{suffix}"'}
    text = report_text(given.parts, report, suffix)
    return Response(text, media_type=MEDIA_TYPES[suffix], headers=headers)
