"""Runs that a worker draws: asked for by name, steered, and drawn whole with their evidence.

A person at a browser or a program asks; the run is begun at once, so its hashes are those of then,
and it is drawn when a worker has no job in hand (run_drawing.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from limner.core.errors import BadInput, JobConflict
from limner.core.jobs import OVER, WAITING, Happening, JobState
from limner.core.runs import Run, RunJob, RunTask
from limner.evals.suite import PART, part_of
from limner.studio.eval_judging import Checks
from limner.studio.eval_report import Report, keep_evidence, report_on
from limner.studio.eval_runs import OnCase, begin_run, draw_run, suite_of, unfinished_run
from limner.studio.gate_use import suite_names, suite_source
from limner.studio.parts import Parts
from limner.studio.suite_file import read_suite

UNFINISHED = "unfinished"


class Asked(NamedTuple):
    """What a run is asked for with.

    Attributes:
        suite: name of one that is shipped, or of a file of the data folder's ``suites``.
        model: alias, version or name on the shelf; empty for what serves by default.
        num_cases: how many of its cases, taken evenly; ``None`` for all.
        seeds: in place of the suite's; empty leaves them.
    """

    suite: str
    model: str = ""
    num_cases: int | None = None
    seeds: Sequence[int] = ()


def ask_run(parts: Parts, asked: Asked, *, owner: str) -> Run:
    """Begin a run, or go on with the same that was stopped, and have a worker draw it.

    Args:
        parts: of the studio.
        asked: which suite, by which model.
        owner: who asks.

    Raises:
        BadInput: there is no such suite or model, or nothing would be left to draw.
        SuiteInvalid: the suite's file is not allowed; says where.
    """
    names = suite_names(parts)
    if asked.suite not in names:
        raise BadInput(
            f"There is no suite {asked.suite[:80]!r}; there are {', '.join(names)}.",
            code="suite_unknown",
        )
    suite = part_of(
        read_suite(suite_source(parts, asked.suite)),
        num_cases=asked.num_cases,
        seeds=asked.seeds,
    )
    measured = measured_parts(parts.for_requester(owner), asked.model)
    checks, jobs = Checks(measured), parts.store.run_jobs
    found = unfinished_run(measured, suite, checks)
    job = None if found is None else jobs.find(found.run_id)
    now = parts.read_clock()
    if found is not None and job is not None and job.task is RunTask.DRAW:
        if job.state not in WAITING:
            jobs.steer(found.run_id, Happening.RETRY)
        return found
    if found is not None and job is not None and job.state in OVER:  # it was scored since
        jobs.add(found.run_id, RunTask.DRAW, owner=owner, model=asked.model, now=now)
        return found
    run = begin_run(measured, suite, checks)
    jobs.add(run.run_id, RunTask.DRAW, owner=owner, model=asked.model, now=now)
    return run


def ask_scores(parts: Parts, run: Run, *, owner: str) -> None:
    """Have a worker judge the stored pictures of a run again; see `eval_runs.score_run`.

    Raises:
        BadInput: it has no pictures yet.
        JobConflict: a worker has the run, or is to have it.
    """
    if not parts.store.runs.pictures(run.run_id):
        raise BadInput(f"The run {run.run_id} has no pictures to judge again.", code="run_empty")
    parts.store.run_jobs.add(run.run_id, RunTask.SCORE, owner=owner, now=parts.read_clock())


def cancel_run(parts: Parts, run_id: str) -> None:
    """Stop a run after the case in hand; what is drawn stays. One that is over stays as it is.

    Raises:
        NotFound: no worker was asked to draw it.
    """
    parts.store.run_jobs.steer(run_id, Happening.CANCEL)


def resume_run(parts: Parts, run_id: str) -> None:
    """Have a worker go on with a run that was stopped or failed.

    Raises:
        NotFound: no worker was asked to draw it.
        JobConflict: it is finished, or being stopped.
    """
    parts.store.run_jobs.steer(run_id, Happening.RETRY)


def require_free(parts: Parts, run: Run) -> None:
    """Refuse to draw here what a worker draws.

    Raises:
        JobConflict: a worker has the run, or is to draw it.
    """
    job = parts.store.run_jobs.find(run.run_id)
    if job is not None and job.state in WAITING:
        raise JobConflict(
            f"A worker is drawing the run {run.run_id}, or is to draw it.",
            code="job_state",
            hint="Wait for it, or cancel it on the page Evidence first.",
        )


def state_of(job: RunJob | None, *, is_whole: bool) -> str:
    """A run's state in a word: its job's, where a worker was asked, else by its pictures.

    That all there was has been scored says nothing of what there is not.
    """
    is_scored = job is not None and (job.task, job.state) == (RunTask.SCORE, JobState.FINISHED)
    if job is not None and not is_scored:
        return str(job.state)
    return str(JobState.FINISHED) if is_whole else UNFINISHED


def measured_parts(parts: Parts, model: str) -> Parts:
    """These parts with the one model that a run is of, whatever its stage.

    Raises:
        BadInput: there is none of this name.
    """
    if parts.measure_with is not None:
        return parts.measure_with(parts, model or None)
    generator = parts.generator_of(model or None)
    return parts.with_generator(lambda: generator)


def draw_whole(parts: Parts, run: Run, checks: Checks, on_case: OnCase | None = None) -> Report:
    """Draw what a run still lacks, keep the evidence of a whole suite, and report on it.

    Args:
        parts: with the run's model.
        run: from `begin_run` or `unfinished_run`.
        checks: that judge.
        on_case: told cases done and cases in all; what it raises stops the run.
    """
    draw_run(parts, run, checks, on_case)
    report = report_on(parts, run)
    if not suite_of(run).name.endswith(PART):
        keep_evidence(parts, report)
    return report
