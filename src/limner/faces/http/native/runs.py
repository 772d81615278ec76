"""Runs of suites over HTTP: asked for, stopped, listed, scored; what each measured; gains.

A worker draws and scores what is asked for here, when it has no job in hand.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field

from limner.core.judging import Verdict
from limner.core.limits import MAX_IMAGES
from limner.core.records import SEED_COUNT
from limner.core.runs import Run, RunJob, Spot
from limner.faces.http.native.asking import Fields, Given, Operator
from limner.studio.eval_compare import compare_runs
from limner.studio.eval_report import renew_evidence, report_on
from limner.studio.eval_runs import correct_score, find_run, suite_of
from limner.studio.gains import gains
from limner.studio.parts import Parts
from limner.studio.run_jobs import Asked, ask_run, ask_scores, cancel_run, resume_run, state_of

router = APIRouter(prefix="/api", tags=["evidence"])

RunId = Annotated[str, Path(pattern="^run-[0-9a-f]{12}$", description="Id of a run.")]
AskedRun = Annotated[str, Query(pattern="^run-[0-9a-f]{12}$", description="Id of a run.")]
Limit = Annotated[int, Query(ge=1, le=100, description="Most to list.")]


class FaultDocument(BaseModel):
    """Why a run is not finished."""

    code: str
    message: str
    hint: str


class RunDocument(BaseModel):
    """A run, and how far it is.

    `state` is that of its job where a worker draws it; else ``finished`` or ``unfinished``.
    """

    run: str
    suite: str
    suite_sha256: str
    model: str
    model_sha256: str
    started_at: str
    state: str
    num_pictures: int
    num_wanted: int
    error: FaultDocument | None

    @classmethod
    def of(cls, run: Run, num_pictures: int, job: RunJob | None) -> RunDocument:
        """The document of a run with so many pictures."""
        num_wanted = suite_of(run).num_pictures
        fault = None if job is None else job.error
        return cls(
            run=run.run_id,
            suite=run.suite,
            suite_sha256=run.suite_sha256,
            model=run.model,
            model_sha256=run.model_sha256,
            started_at=run.started_at.isoformat(),
            state=state_of(job, is_whole=num_pictures == num_wanted),
            num_pictures=num_pictures,
            num_wanted=num_wanted,
            error=None
            if fault is None
            else FaultDocument(code=fault.code, message=fault.message, hint=fault.hint),
        )


class RunPage(BaseModel):
    """Runs, the newest first; `before` leads to older ones."""

    runs: list[RunDocument]
    before: str | None


class RunFields(Fields):
    """Which suite is drawn, by which model."""

    suite: str = Field(min_length=1, max_length=80)
    model: str = Field(default="", max_length=140)
    limit: int | None = Field(default=None, ge=1, description="Only so many cases, taken evenly.")
    seeds: list[Annotated[int, Field(ge=0, lt=SEED_COUNT)]] = Field(
        default=[], max_length=MAX_IMAGES
    )


class CorrectionFields(Fields):
    """What a person says in place of a check, and why."""

    case: str = Field(max_length=80)
    seed: int = Field(ge=0, lt=SEED_COUNT)
    way: str = Field(default="", max_length=20)
    check: str = Field(max_length=80)
    verdict: Literal["pass", "fail"]
    reason: str = Field(min_length=1, max_length=500)


class CorrectionDocument(BaseModel):
    """What holds now of one picture by one check."""

    case: str
    seed: int
    way: str
    check: str
    verdict: str
    corrected_at: str


@router.get("/runs")
def list_runs(
    _asking: Operator, given: Given, before: AskedRun | None = None, limit: Limit = 100
) -> RunPage:
    """The newest runs first."""
    runs = given.parts.store.runs
    counts, jobs = runs.num_pictures(), given.parts.store.run_jobs.by_run()
    found = runs.newest(limit=limit, before=before)
    return RunPage(
        runs=[
            RunDocument.of(one, counts.get(one.run_id, 0), jobs.get(one.run_id)) for one in found
        ],
        before=found[-1].run_id if len(found) == limit else None,
    )


@router.post("/runs", status_code=202)
def ask(fields: RunFields, asking: Operator, given: Given) -> RunDocument:
    """Have a worker draw a suite; asking for the same again goes on with it where it stood."""
    asked = Asked(fields.suite, fields.model, fields.limit, fields.seeds)
    return _document(given.parts, ask_run(given.parts, asked, owner=asking.name).run_id)


@router.post("/runs/{run_id}/score", status_code=202)
def score_again(run_id: RunId, asking: Operator, given: Given) -> RunDocument:
    """Have a worker judge the stored pictures again; nothing is drawn, no score is replaced."""
    ask_scores(given.parts, find_run(given.parts, run_id), owner=asking.name)
    return _document(given.parts, run_id)


@router.post("/runs/{run_id}/corrections", status_code=201)
def put_right(
    run_id: RunId, fields: CorrectionFields, asking: Operator, given: Given
) -> CorrectionDocument:
    """Put one's word in place of a check's on one picture; the check's own stays beside it."""
    run = find_run(given.parts, run_id)
    score = correct_score(
        given.parts,
        run,
        Spot(fields.case, fields.seed, fields.way),
        fields.check,
        Verdict(fields.verdict),
        author=asking.name,
        reason=fields.reason,
    )
    renew_evidence(given.parts, run)
    return CorrectionDocument(
        case=fields.case,
        seed=fields.seed,
        way=fields.way,
        check=fields.check,
        verdict=fields.verdict,
        corrected_at=score.scored_at.isoformat(),
    )


@router.post("/runs/{run_id}/cancel")
def cancel(run_id: RunId, _asking: Operator, given: Given) -> RunDocument:
    """Stop a run after the case in hand; what is drawn stays. One that is over stays as it is."""
    return _steered(given.parts, run_id, cancel_run)


@router.post("/runs/{run_id}/resume")
def resume(run_id: RunId, _asking: Operator, given: Given) -> RunDocument:
    """Have a worker go on with a run that was stopped or failed."""
    return _steered(given.parts, run_id, resume_run)


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


@router.get("/runs/{run_id}/state")
def how_far(run_id: RunId, _asking: Operator, given: Given) -> RunDocument:
    """How far a run is, without what it measured."""
    return _document(given.parts, run_id)


@router.get("/gains")
def count_gains(_asking: Operator, given: Given, since: date | None = None) -> dict[str, object]:
    """Revisions, time, review and errors per accepted image, by month and by project; goals."""
    begun = None if since is None else datetime.combine(since, time.min, UTC)
    return gains(given.parts, begun).to_document()


def _document(parts: Parts, run_id: str) -> RunDocument:
    run, job = find_run(parts, run_id), parts.store.run_jobs.find(run_id)
    return RunDocument.of(run, len(parts.store.runs.pictures(run_id)), job)


def _steered(parts: Parts, run_id: str, steer: Callable[[Parts, str], None]) -> RunDocument:
    find_run(parts, run_id)
    steer(parts, run_id)
    return _document(parts, run_id)
