"""`limner criteria`: what is asked of every image, and what follows."""

from __future__ import annotations

from typing import Annotated

import typer

from limner.faces import options
from limner.faces.opening import opened
from limner.faces.printing import note, say, say_json

app = typer.Typer(
    help="Check, explain and freeze the criteria every image is decided by.", no_args_is_help=True
)

Source = Annotated[
    str | None,
    typer.Argument(help="A criteria file, or personal or team; those in force when left out."),
]


@app.command()
def check(context: typer.Context, source: Source = None, as_json: options.Json = False) -> None:
    """Check criteria: every key, every value, every check they name."""
    with opened(context) as studio:
        from limner.studio.criteria_use import open_criteria

        criteria = open_criteria(studio.parts, source)
        if as_json:
            say_json({"name": criteria.name, "sha256": criteria.sha256})
        else:
            say(f"{criteria.name}: {len(criteria.criteria)} criteria, nothing wrong.")
            say(criteria.sha256)


@app.command()
def explain(context: typer.Context, source: Source = None, as_json: options.Json = False) -> None:
    """Say in sentences what criteria will do."""
    with opened(context) as studio:
        from limner.studio.criteria_use import explain as explained_by

        explained = explained_by(studio.parts, source)
        if as_json:
            frozen = explained.frozen_at
            say_json(
                {
                    "sha256": explained.criteria.sha256,
                    "frozen_at": None if frozen is None else frozen.isoformat(),
                    "is_overdue": explained.is_overdue,
                    "criteria": explained.criteria.to_document(),
                }
            )
            return
        for line in explained.lines:
            say(line)
        say(explained.criteria.sha256)
        if explained.frozen_at is None:
            say("Not frozen yet; the first decision by them freezes them.")
        else:
            say(f"Frozen at {explained.frozen_at:%Y-%m-%d %H:%M:%S} UTC.")


@app.command()
def freeze(context: typer.Context, source: Source = None) -> None:
    """Freeze criteria by their hash in the ledger, before a run may cite them."""
    with opened(context) as studio:
        from limner.studio.criteria_use import freeze as freeze_criteria

        criteria, is_new = freeze_criteria(studio.parts, source)
        if not is_new:
            note(f"{criteria.name} was frozen before.")
        say(criteria.sha256)
