"""`limner criteria`: what is asked of every image, and what follows."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from limner.faces import options
from limner.faces.exits import NOT_CERTIFIED
from limner.faces.opening import opened
from limner.faces.printing import note, say, say_json

app = typer.Typer(
    help="Check, explain, certify and freeze the criteria every image is decided by.",
    no_args_is_help=True,
)

Source = Annotated[
    str | None,
    typer.Argument(help="A criteria file, or personal or team; those in force when left out."),
]


@app.command()
def check(context: typer.Context, source: Source = None, as_json: options.Json = False) -> None:
    """Check criteria: every key, every value, every check they name."""
    with opened(context) as studio:
        from limner.studio.criteria_use import expired_certificates, open_criteria

        criteria = open_criteria(studio.parts, source)
        expired = expired_certificates(criteria, studio.parts.judge.cards)
        if as_json:
            say_json(
                {
                    "name": criteria.name,
                    "sha256": criteria.sha256,
                    "expired_certificates": expired,
                }
            )
            return
        fault = "nothing wrong" if not expired else "every key and value allowed"
        say(f"{criteria.name}: {len(criteria.criteria)} criteria, {fault}.")
        if criteria.review_by < studio.parts.read_clock().date():
            say(f"They were to be looked at again by {criteria.review_by}; that day has passed.")
        for one in expired:
            say(
                f"The certificate of {one!r} has expired: its check is no longer what it was, so "
                f"nothing is released by it. Certify again with `limner criteria certify {one}`."
            )
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


@app.command()
def certify(
    context: typer.Context,
    criterion: Annotated[str, typer.Argument(help="Id of the criterion, as `explain` shows it.")],
    labels: Annotated[
        Path | None,
        typer.Option(
            help="CSV or JSONL of score and label (1 good, 0 bad), and if wanted probability and "
            "image. Left out: what people answered here."
        ),
    ] = None,
    criteria: Annotated[
        str | None,
        typer.Option(help="A criteria file, or personal or team. Left out: those in force."),
    ] = None,
    write: Annotated[
        bool, typer.Option("--write", help="Write a copy of the criteria with what is certified.")
    ] = False,
    as_json: options.Json = False,
) -> None:
    """Find limits that keep a criterion's target, or say that none can be shown to."""
    with opened(context) as studio:
        from limner.faces.certify_printing import say_certified, say_certified_json
        from limner.studio.certify import certify_criterion

        certified = certify_criterion(
            studio.parts, criterion, labels_file=labels, source=criteria, is_to_write=write
        )
        (say_certified_json if as_json else say_certified)(certified)
    if certified.certificate is None:
        raise typer.Exit(NOT_CERTIFIED)
