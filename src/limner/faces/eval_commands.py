"""`limner eval`: run suites, score, compare, and report what was measured.

Exit codes: 0 done; 2 something asked cannot be honoured; 130 stopped, and what is done is kept.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from limner.core.errors import BadInput, DrawingCancelled
from limner.faces import options
from limner.faces.eval_people_commands import Json, RunId, add_people_commands
from limner.faces.exits import INTERRUPTED
from limner.faces.opening import opened
from limner.faces.printing import note, say, say_json
from limner.faces.suite_commands import add_suite_commands

if TYPE_CHECKING:
    from limner.core.runs import Run
    from limner.evals.suite import Suite
    from limner.studio.eval_judging import Checks
    from limner.studio.eval_report import Report
    from limner.studio.parts import Parts
    from limner.studio.studio import Studio

app = typer.Typer(
    help="Run suites, score them again, compare two runs, and report what was measured.",
    no_args_is_help=True,
)

add_suite_commands(app)

SuiteName = Annotated[
    str, typer.Argument(metavar="SUITE", help="A suite file, or one that is shipped.")
]
Seeds = Annotated[
    str | None,
    typer.Option(metavar="LIST", help="Other seeds, as 1..4 or 1,5,9. Left out: the suite's."),
]
Limit = Annotated[
    int | None, typer.Option(help="Only so many cases, taken evenly; no evidence for gates then.")
]
Weights = Annotated[Path | None, typer.Option(help="Folder of other weights than those in force.")]
Anew = Annotated[
    bool, typer.Option("--anew", help="Begin a new run, even where one was not brought to its end.")
]


@app.command()
def run(  # noqa: PLR0913 - every argument is an option of the command
    context: typer.Context,
    suite: SuiteName,
    model: options.Model = None,
    weights: Weights = None,
    seeds: Seeds = None,
    limit: Limit = None,
    anew: Anew = False,
    quiet: options.Quiet = False,
    as_json: Json = False,
) -> None:
    """Draw a suite and judge every picture; the same command again goes on after a stop."""
    with opened(context) as studio:
        from limner.faces.eval_printing import say_begun, say_metrics
        from limner.studio.eval_compare import foreseen
        from limner.studio.eval_judging import Checks

        parts = _parts(studio, model, weights)
        asked, checks = _asked_suite(suite, seeds, limit), Checks(parts)
        drawn, num_done = _begun(parts, asked, checks, is_anew=anew)
        if not quiet:
            say_begun(drawn, asked, num_done, foreseen(asked))
        report = _draw(parts, drawn, checks, num_done=num_done, is_quiet=quiet or as_json)
        if as_json:
            say_json(report.to_document())
        elif quiet:
            say(drawn.run_id)
        else:
            say_metrics(report.metrics)
            note(f"`limner eval report {drawn.run_id}` writes the report with pictures.")


@app.command()
def score(
    context: typer.Context, run: RunId, quiet: options.Quiet = False, as_json: Json = False
) -> None:
    """Judge the stored pictures of a run again; nothing is drawn and no score is replaced."""
    with opened(context) as studio:
        from limner.faces.eval_printing import say_rescored
        from limner.faces.eval_watching import watching_run
        from limner.studio.eval_judging import Checks
        from limner.studio.eval_report import renew_evidence
        from limner.studio.eval_runs import find_run, score_run, suite_of

        found = find_run(studio.parts, run)
        suite = suite_of(found)
        pictures_each = suite.num_pictures // len(suite.cases)
        with (
            _interruptible("Scores that were made are kept."),
            watching_run(
                "Judging", pictures_each=pictures_each, num_done=0, is_quiet=quiet or as_json
            ) as on_case,
        ):
            rescored = score_run(studio.parts, found, Checks(studio.parts), on_case)
            renew_evidence(studio.parts, found)
        if as_json:
            say_json({"run": found.run_id, **rescored._asdict()})
        else:
            say_rescored(found, rescored)


@app.command()
def compare(
    context: typer.Context,
    first: Annotated[str, typer.Argument(help="Id of the run to compare with.")],
    second: Annotated[str, typer.Argument(help="Id of the run that is compared.")],
    as_json: Json = False,
) -> None:
    """Lay two runs of one suite beside each other, prompt by prompt and seed by seed."""
    with opened(context) as studio:
        from limner.faces.eval_printing import say_compared
        from limner.studio.eval_compare import compare_runs
        from limner.studio.eval_runs import find_run, suite_of

        runs = find_run(studio.parts, first), find_run(studio.parts, second)
        compared = compare_runs(studio.parts, *runs)
        if as_json:
            say_json(compared.to_document())
        else:
            say_compared(compared, suite_of(runs[0]))


@app.command("list")
def list_(context: typer.Context, as_json: Json = False) -> None:
    """List the runs, the newest first."""
    with opened(context) as studio:
        from limner.faces.eval_printing import say_run_line
        from limner.studio.eval_runs import suite_of

        runs, counts = studio.parts.store.runs.newest(), studio.parts.store.runs.num_pictures()
        for one in runs:
            num = counts.get(one.run_id, 0)
            num_wanted = suite_of(one).num_pictures
            if as_json:
                say_json(_run_document(one) | {"num_pictures": num, "num_wanted": num_wanted})
            else:
                say_run_line(one, num, num_wanted)
        if not runs:
            note("No suite was run here yet; `limner eval run basics --limit 8` is a short one.")


@app.command()
def show(context: typer.Context, run: RunId, as_json: Json = False) -> None:
    """Show what a run came to: every number, its weakest groups and its worst cases."""
    with opened(context) as studio:
        from limner.faces.eval_printing import say_report
        from limner.studio.eval_report import report_on
        from limner.studio.eval_runs import find_run

        report = report_on(studio.parts, find_run(studio.parts, run))
        if as_json:
            say_json(report.to_document())
        else:
            say_report(report)


@app.command()
def report(
    context: typer.Context,
    run: RunId,
    against: Annotated[
        str | None, typer.Option(help="Id of an earlier run of the same suite, to compare with.")
    ] = None,
    criteria: Annotated[
        str | None,
        typer.Option(help="Criteria to hold it to: a file, personal or team. Left out: the run's."),
    ] = None,
    watts: Annotated[
        float | None,
        typer.Option(help="What the machine draws while it works, for the cost of electricity."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="PATH", help="File ending in .html, .md or .json. Left out: HTML, here."
        ),
    ] = None,
    force: options.Force = False,
) -> None:
    """Write a report that stands alone: a page with pictures, Markdown, or JSON."""
    with opened(context) as studio:
        from limner.faces.report.writing import report_file, write_report
        from limner.studio.eval_report import report_on
        from limner.studio.eval_runs import find_run

        found = find_run(studio.parts, run)
        file = report_file(out, found.run_id)
        other = None if against is None else find_run(studio.parts, against)
        told = report_on(studio.parts, found, against=other, criteria=criteria, watts=watts)
        say(str(write_report(studio.parts, told, file, overwrite=force)))
        if told.is_post_hoc:
            note("note: post hoc, as the criteria were frozen after the run began, or never.")


add_people_commands(app)


def _parts(studio: Studio, model: str | None, weights: Path | None) -> Parts:
    from limner.app import with_model, with_weights

    if weights is None:
        return with_model(studio.parts, model)
    if model is not None:
        raise BadInput("A run is of a model or of weights in a folder; both are given.")
    return with_weights(studio.parts, weights)


def _asked_suite(source: str, seeds: str | None, limit: int | None) -> Suite:
    from limner.evals.suite import part_of
    from limner.studio.suite_file import parse_seeds, read_suite

    chosen = () if seeds is None else parse_seeds(seeds)
    return part_of(read_suite(source), num_cases=limit, seeds=chosen)


def _begun(parts: Parts, suite: Suite, checks: Checks, *, is_anew: bool) -> tuple[Run, int]:
    """The run to draw, and how many of its cases are done."""
    from limner.studio.eval_runs import begin_run, unfinished_run
    from limner.studio.run_jobs import require_free

    found = None if is_anew else unfinished_run(parts, suite, checks)
    if found is None:
        return begin_run(parts, suite, checks), 0
    require_free(parts, found)
    return found, len({one.spot.case_id for one in parts.store.runs.pictures(found.run_id)})


def _draw(parts: Parts, run: Run, checks: Checks, *, num_done: int, is_quiet: bool) -> Report:
    """Draw what is left, keep the evidence of a whole suite, and gather what there is to say."""
    from limner.faces.eval_watching import watching_run
    from limner.studio.eval_runs import suite_of
    from limner.studio.run_jobs import draw_whole

    suite = suite_of(run)
    pictures_each = suite.num_pictures // len(suite.cases)
    with (
        _interruptible("What is drawn is kept; the same command again goes on from there."),
        watching_run(
            "Drawing", pictures_each=pictures_each, num_done=num_done, is_quiet=is_quiet
        ) as on_case,
    ):
        return draw_whole(parts, run, checks, on_case)


@contextmanager
def _interruptible(told: str) -> Generator[None]:
    try:
        yield
    except DrawingCancelled as error:
        note(f"Stopped. {told}")
        raise typer.Exit(INTERRUPTED) from error


def _run_document(run: Run) -> dict[str, object]:
    return {
        "run": run.run_id,
        "suite": run.suite,
        "suite_sha256": run.suite_sha256,
        "model": run.model,
        "model_sha256": run.model_sha256,
        "started_at": run.started_at.isoformat(),
    }
