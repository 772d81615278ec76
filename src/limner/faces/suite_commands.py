"""The commands of `limner eval` that make suites and list those that are shipped."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from limner.faces import options
from limner.faces.opening import opened
from limner.faces.printing import note, say, say_json

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def add_suite_commands(app: typer.Typer) -> None:
    """Add every command here to the app of `limner eval`."""
    app.command("from-csv")(from_csv)
    app.command("from-requests")(from_requests)
    app.command()(suites)


def from_csv(
    context: typer.Context,
    file: Annotated[
        Path,
        typer.Argument(
            metavar="CSV", help="A column prompt; if wanted id and style; others become groups."
        ),
    ],
    owner: Annotated[str, typer.Option(help="Who answers for the suite.")],
    review_by: Annotated[
        str, typer.Option(metavar="YYYY-MM-DD", help="Day it is to be looked at again.")
    ],
    name: Annotated[str | None, typer.Option(help="Left out: as the file is called.")] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="PATH", help="File to write. Left out: NAME.yaml, here.")
    ] = None,
    force: options.Force = False,
) -> None:
    """Make a suite of your own prompts."""
    with opened(context):
        from limner.studio.suite_csv import write_suite

        suite, written = write_suite(
            file, name=name, owner=owner, review_by=review_by, out=out, overwrite=force
        )
        say(str(written))
        note(f"{suite.num_pictures:,} pictures when it is run: `limner eval run {written}`.")


def from_requests(  # noqa: PLR0913 - every argument is an option of the command
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="Of the suite.")],
    owner: Annotated[str, typer.Option(help="Who answers for the suite.")],
    review_by: Annotated[
        str, typer.Option(metavar="YYYY-MM-DD", help="Day it is to be looked at again.")
    ],
    consent: Annotated[
        list[str],
        typer.Option(metavar="NAME", help="Who agreed that their prompts are used; once for each."),
    ],
    num: Annotated[int, typer.Option(help="Prompts to draw by lot.")] = 100,
    seed: Annotated[int, typer.Option(help="Of the lot; the same draws the same.")] = 0,
    out: Annotated[
        Path | None, typer.Option(metavar="PATH", help="File to write. Left out: NAME.yaml, here.")
    ] = None,
    force: options.Force = False,
) -> None:
    """Make a suite of a sample of what people asked for here, of those alone who agreed."""
    with opened(context) as studio:
        from limner.studio.suite_requests import write_sample

        sample = write_sample(
            studio.parts,
            name,
            consenting=consent,
            num=num,
            seed=seed,
            owner=owner,
            review_by=review_by,
            out=out,
            overwrite=force,
        )
        say(str(sample.file))
        note(
            f"{len(sample.suite.cases)} of {sample.num_prompts:,} prompts; {sample.num_personal} "
            "more were left out, as they may name a person."
        )


def suites(context: typer.Context, as_json: Json = False) -> None:
    """List the suites that are shipped, and what each one asks."""
    with opened(context):
        from limner.studio.suite_file import SHIPPED, read_suite

        for one in map(read_suite, SHIPPED):
            if as_json:
                say_json({"name": one.name, "question": one.question, "sha256": one.sha256})
            else:
                say(f"{one.name:<9} {one.num_pictures:>5,} pictures  {one.question}")
