"""The commands of ``limner watch``: whether streams of images still are what they were.

Exit codes: 0 no alarm was raised, 2 bad input, 3 an alarm was raised.
"""

from __future__ import annotations

from typing import Annotated

import typer

from limner.faces.exits import ALARMED
from limner.faces.opening import opened
from limner.faces.options import moment_of
from limner.faces.printing import note, say_json

app = typer.Typer(help="Whether streams of images still are what they were.")

Stream = Annotated[
    str, typer.Argument(help="Name of the model that draws the images, or 'incoming'.")
]
AnyStream = Annotated[
    str | None, typer.Argument(help="One stream; left out: every one that has a reference.")
]
AnyCanaries = Annotated[
    str | None, typer.Argument(help="One model; left out: every one that has a canary set.")
]
Last = Annotated[int, typer.Option("--last", min=1, help="The newest so many images.")]
Since = Annotated[
    str | None, typer.Option("--since", help="Only images after this day or time, as 2026-01-31.")
]
Until = Annotated[
    str | None, typer.Option("--until", help="Only images up to the end of this day, or this time.")
]
RunLength = Annotated[
    int | None,
    typer.Option("--run-length", help="Images between false alarms; the setting if left out."),
]
Window = Annotated[
    int | None,
    typer.Option("--window", help="Images tested together; the setting if left out."),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command()
def reference(
    context: typer.Context,
    stream: Stream,
    last: Last = 500,
    since: Since = None,
    until: Until = None,
    run_length: RunLength = None,
    window: Window = None,
    as_json: Json = False,
) -> None:
    """Hold a stream from now on against images that are known to be good."""
    with opened(context) as studio:
        from limner.faces.watch_printing import say_reference
        from limner.studio.watch.references import Asked, set_stream_reference, shortcomings_of

        asked = Asked(
            num_last=last,
            since=moment_of("--since", since),
            until=moment_of("--until", until, is_end=True),
            run_length=run_length,
            window=window,
        )
        found = set_stream_reference(studio.parts, stream, asked)
        if as_json:
            say_json(found.to_document())
        else:
            say_reference(found)
        if shortcomings := shortcomings_of(found):
            note(f"note: {shortcomings}")


@app.command()
def run(context: typer.Context, stream: AnyStream = None, as_json: Json = False) -> None:
    """Read what came since the last time; an alarm pauses the model and ends its evidence."""
    with opened(context) as studio:
        from limner.faces.watch_printing import say_watched, watched_document
        from limner.studio.watch.run import watch_all

        found = watch_all(studio.parts, stream)
        for one in found:
            if as_json:
                say_json(watched_document(one))
            else:
                say_watched(one)
        if not found:
            note("Nothing is watched; `limner watch reference STREAM` begins.")
        if any(one.alarm is not None for one in found):
            raise typer.Exit(ALARMED)


@app.command()
def canary(
    context: typer.Context,
    run_name: Annotated[
        str, typer.Argument(metavar="RUN", help="A finished run of `limner eval`, or 'last'.")
    ],
    as_json: Json = False,
) -> None:
    """Keep a run whose pictures are good: they are drawn again after every upgrade."""
    with opened(context) as studio:
        from limner.faces.watch_printing import say_canaries
        from limner.studio.watch.canaries import keep_canaries

        found = keep_canaries(studio.parts, run_name)
        if as_json:
            say_json(found.to_document())
        else:
            say_canaries(found)


@app.command()
def redraw(context: typer.Context, stream: AnyCanaries = None, as_json: Json = False) -> None:
    """Draw canary sets again now; another picture or verdict is an alarm, and pauses the model."""
    with opened(context) as studio:
        from limner.faces.watch_printing import redrawn_document, say_redrawn
        from limner.studio.watch.canaries import redraw_all

        found = redraw_all(studio.parts, stream)
        for one in found:
            if as_json:
                say_json(redrawn_document(one))
            else:
                say_redrawn(one)
        if not found:
            note("There is no canary set; `limner watch canary RUN` keeps one.")
        if any(one.alarm is not None for one in found):
            raise typer.Exit(ALARMED)


@app.command()
def audits(context: typer.Context, as_json: Json = False) -> None:
    """Print precision and recall of decisions by rule, from audits, by month and by slice."""
    with opened(context) as studio:
        from limner.faces.watch_printing import rates_document, say_rates
        from limner.studio.watch.rates import audit_rates

        found = audit_rates(studio.parts)
        if not found:
            note("No decision by rule was audited and answered yet.")
        elif not as_json:
            say_rates(found)
        else:
            for one in found:
                say_json(rates_document(one))


@app.command()
def show(context: typer.Context, stream: AnyStream = None, as_json: Json = False) -> None:
    """Print references, the newest readings, and every alarm with what it did."""
    with opened(context) as studio:
        from limner.faces.watch_printing import say_canaries_seen, say_overview
        from limner.studio.watch.overview import canaries_seen, overview

        found = overview(studio.parts, stream)
        canaries = canaries_seen(studio.parts, stream)
        for one in found:
            if as_json:
                say_json(one.to_document())
            else:
                say_overview(one)
        for one in canaries:
            if as_json:
                say_json(one.to_document())
            else:
                say_canaries_seen(one)
        if not found and not canaries:
            note("Nothing is watched; `limner watch reference STREAM` begins.")
