"""``limner edge-cases``: images that were hard, with their reasons; and their export."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from limner.faces.opening import opened
from limner.faces.printing import note, say, say_json

Since = Annotated[
    str | None, typer.Option("--since", help="Only from this day or time on, as 2026-01-31.")
]
Reason = Annotated[
    str | None,
    typer.Option("--reason", help="Only unsure, error, overruled, escalated or complaint."),
]
Words = Annotated[
    str,
    typer.Option("--words", help="Only with each of these words in prompt, reason or notes."),
]
Export = Annotated[
    Path | None, typer.Option("--export", help="Write them as a dataset to this new folder.")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def edge_cases(
    context: typer.Context,
    since: Since = None,
    reason: Reason = None,
    words: Words = "",
    export: Export = None,
    as_json: Json = False,
) -> None:
    """List images that were unsure, failed to be judged, overruled, escalated or complained of."""
    with opened(context) as studio:
        from limner.core.limits import require_one_of
        from limner.studio import edge_cases as log

        if reason is not None:
            require_one_of("reason", reason, [str(one) for one in log.EdgeReason])
        cases = log.edge_cases(
            studio.parts,
            since=None if since is None else _time_of(since),
            reason=None if reason is None else log.EdgeReason(reason),
            words=words,
        )
        for case in cases:
            if as_json:
                say_json(case.to_document())
            else:
                when = f"{case.noted_at:%Y-%m-%d %H:%M}"
                say(f"{when}  {case.reason:10}  {case.image_id[:19]}…  {' '.join(case.notes)}")
        if not cases:
            note("There is no such edge case.")
        if export is not None:
            num_written = log.export(studio.parts, cases, export)
            note(f"{num_written} images written to {export}.")


def _time_of(text: str) -> datetime:
    from limner.core.errors import BadInput

    try:
        time = datetime.fromisoformat(text)
    except ValueError as error:
        raise BadInput(
            f"--since is {text!r}; allowed is a day or time such as 2026-01-31 or 2026-01-31T12:00."
        ) from error
    return time if time.tzinfo is not None else time.replace(tzinfo=UTC)
