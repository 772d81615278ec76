"""The commands of ``limner jobs``: what waits, what is drawn, what became of it.

Exit codes: 0 done; 2 there is no such job, or what is asked does not fit its state.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from limner.faces.opening import opened
from limner.faces.printing import note, say, say_json

if TYPE_CHECKING:
    from limner.core.jobs import Job

app = typer.Typer(help="Look at jobs, and cancel, retry, pause or resume them.")

JobId = Annotated[str, typer.Argument(metavar="JOB", help="A job's id.")]
Owner = Annotated[str | None, typer.Option("--owner", help="Only jobs of this owner.")]
State = Annotated[
    list[str] | None, typer.Option("--state", help="Only this state; may be given several times.")
]
Before = Annotated[str | None, typer.Option("--before", help="Only jobs older than this one.")]
Limit = Annotated[int, typer.Option("--limit", help="Most jobs to list.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command("list")
def list_(
    context: typer.Context,
    owner: Owner = None,
    state: State = None,
    before: Before = None,
    limit: Limit = 50,
    as_json: Json = False,
) -> None:
    """List jobs, the newest first."""
    with opened(context) as studio:
        from limner.core.jobs import JobState
        from limner.core.limits import require_one_of

        for word in state or []:
            require_one_of("state", word, [str(one) for one in JobState])
        states = [JobState(word) for word in state or []]
        jobs = studio.jobs.list(owner=owner, states=states, before=before, limit=limit)
        for job in jobs:
            _say_job(job, as_json=as_json)
        if not jobs:
            is_narrowed = bool(state or owner or before)
            note("There is no such job." if is_narrowed else "There is no job yet.")


@app.command()
def show(context: typer.Context, job: JobId, as_json: Json = False) -> None:
    """Show one job with its pictures."""
    with opened(context) as studio:
        found = studio.jobs.get(job)
        _say_job(found, as_json=as_json)
        if as_json:
            return
        say(f"asked for: {found.request.get('prompt')}")
        for image in found.images:
            say(f"{image.index + 1:4}  {image.outcome:8}  seed {image.seed}  {image.image_id}")
        if found.progress is not None and found.progress.seconds_left is not None:
            say(f"about {found.progress.seconds_left:.0f} s left")


@app.command()
def cancel(context: typer.Context, job: JobId, as_json: Json = False) -> None:
    """Stop a job; what is drawn of it stays."""
    with opened(context) as studio:
        _say_job(studio.jobs.cancel(job), as_json=as_json)


@app.command()
def retry(context: typer.Context, job: JobId, as_json: Json = False) -> None:
    """Queue a job again that ended without all its pictures."""
    with opened(context) as studio:
        _say_job(studio.jobs.retry(job), as_json=as_json)


@app.command()
def pause(context: typer.Context, job: JobId, as_json: Json = False) -> None:
    """Keep a job from being drawn until it is resumed."""
    with opened(context) as studio:
        _say_job(studio.jobs.pause(job), as_json=as_json)


@app.command()
def resume(context: typer.Context, job: JobId, as_json: Json = False) -> None:
    """Queue a paused job again."""
    with opened(context) as studio:
        _say_job(studio.jobs.resume(job), as_json=as_json)


def _say_job(job: Job, *, as_json: bool) -> None:
    if as_json:
        from limner.studio.job_document import job_document

        say_json(job_document(job))
        return
    pictures = f"{len(job.images)} of {job.num_images}"
    say(f"{job.job_id}  {job.state:10}  {pictures}  {job.owner}  {job.created_at:%Y-%m-%d %H:%M}")
    if job.error is not None:
        note(f"      {job.error.message}")
