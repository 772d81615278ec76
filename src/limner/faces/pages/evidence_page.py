"""The Evidence pages: runs, what each one measured, two of them compared, and their pictures.

The same facts as the report that stands alone, which can be taken along from here.
"""

from __future__ import annotations

from typing import Annotated, Literal, NamedTuple

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, Field

from limner.core.errors import BadInput
from limner.core.jobs import WAITING, Happening, JobState, next_state
from limner.core.runs import Run, RunJob
from limner.evals.measuring import weakest_slices
from limner.evals.suite import Suite
from limner.faces.http.native.asking import Given, Operator
from limner.faces.http.native.runs import RunId
from limner.faces.http.services import Services
from limner.faces.pages.forms import Fields, gone_on, is_number
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
from limner.studio.gate_use import suite_names
from limner.studio.parts import Parts
from limner.studio.registry import overview
from limner.studio.run_jobs import Asked, ask_run, ask_scores, cancel_run, resume_run

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


class _Steered(NamedTuple):
    """A run that a worker is to draw and has not finished; `may` be done to it what is named."""

    run: Run
    job: RunJob
    num: int
    num_wanted: int
    may: tuple[str, ...]


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
    parts = given.parts
    return render(
        "evidence.html",
        **frame(request, viewer, "/evidence"),
        **_steered(given),
        by_suite=by_suite,
        suites=suite_names(parts),
        models=_models(parts),
        gains=gains(parts),
        tell=telling,
    )


@router.post("")
def ask(request: Request, viewer: Operator, given: Given, said: Fields) -> Response:
    """Have a worker draw a suite."""
    limit = said.get("limit", "").strip()
    if limit and not is_number(limit):
        raise BadInput(f"The number of prompts is {limit[:20]!r}; allowed is 1 or more, or none.")
    asked = Asked(said.get("suite", ""), said.get("model", ""), int(limit) if limit else None)
    ask_run(given.parts, asked, owner=viewer.name)
    return gone_on(request, "/evidence")


@router.get("/lines")
def lines(_viewer: Operator, given: Given) -> Response:
    """The runs that workers are to draw, as they stand, as a part of the page.

    It is asked for while one moves; when all are drawn, the page is read anew with its table.
    """
    steered = _steered(given)
    response = render("_run_lines.html", **steered)
    if not steered["steered"]:
        response.headers["HX-Refresh"] = "true"
    return response


@router.post("/{run_id}/score")
def score_again(run_id: RunId, request: Request, viewer: Operator, given: Given) -> Response:
    """Have a worker judge the stored pictures of a run again."""
    ask_scores(given.parts, find_run(given.parts, run_id), owner=viewer.name)
    return gone_on(request, "/evidence")


@router.post("/{run_id}/{happening}")
def steer(
    run_id: RunId,
    happening: Literal["cancel", "resume"],
    request: Request,
    _viewer: Operator,
    given: Given,
) -> Response:
    """Stop a run, or have it go on."""
    steers = {"cancel": cancel_run, "resume": resume_run}
    find_run(given.parts, run_id)
    steers[happening](given.parts, run_id)
    if "HX-Request" not in request.headers:
        return gone_on(request, "/evidence")
    return render("_run_lines.html", **_steered(given))


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


def _steered(given: Services) -> dict[str, object]:
    """The runs that workers are to draw and have not finished."""
    runs, counts = given.parts.store.runs, given.parts.store.runs.num_pictures()
    found: list[_Steered] = []
    for run_id, job in given.parts.store.run_jobs.by_run().items():
        run = None if job.state is JobState.FINISHED else runs.find(run_id)
        if run is not None:
            num_wanted = suite_of(run).num_pictures
            found.append(_Steered(run, job, counts.get(run_id, 0), num_wanted, _may(job.state)))
    return {"steered": found, "is_moving": any(one.job.state in WAITING for one in found)}


def _may(state: JobState) -> tuple[str, ...]:
    """What a person can do to a run that would change it."""
    asked = (("cancel", Happening.CANCEL), ("resume", Happening.RETRY))
    return tuple(name for name, one in asked if next_state(state, one) not in (None, state))


def _models(parts: Parts) -> list[str]:
    """Every model a run may be of: versions of the registry, then names of the shelf."""
    labels = [one.version.label for one in overview(parts).states]
    default = parts.shipped.card.name
    return list(dict.fromkeys((*labels, *(one for one in parts.model_names if one != default))))
