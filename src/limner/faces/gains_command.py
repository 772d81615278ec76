"""`limner gains`: what came of what was asked for, and what it took."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from limner.faces.opening import opened
from limner.faces.printing import note, say, say_json

if TYPE_CHECKING:
    from limner.studio.gains import Account, Gains


def gains(
    context: typer.Context,
    since: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%d"], metavar="YYYY-MM-DD", help="Only what was drawn from then on."
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Count revisions, time, review and errors per accepted image, over time and by project."""
    with opened(context) as studio:
        from limner.studio.gains import gains as count

        found = count(studio.parts, None if since is None else since.replace(tzinfo=UTC))
        if as_json:
            say_json(found.to_document())
        else:
            say_gains(found)


def say_gains(found: Gains) -> None:
    """Every account on one line, the whole in sentences, goals beside what was measured."""
    for sentence in found.whole.sentences():
        say(sentence)
    for title, accounts in (("month", found.months), ("project", found.projects)):
        if accounts:
            say("")
            width = max(len(title), *(len(one.name) for one in accounts))
            say(
                f"  {title:<{width}}  drawn accepted revisions  to accepted  review  drawing  "
                "errors    cost"
            )
            for one in accounts:
                say(f"  {one.name:<{width}}  {_line(one)}")
    if found.goals:
        say("")
        for goal in found.goals:
            say(goal.sentence)
    else:
        note("No goals are set; goals.yaml in the data folder says what this was meant to bring.")


def _line(one: Account) -> str:
    revisions = "-" if one.revisions.value is None else f"{one.revisions.value:.1f}"
    minutes = "-" if one.minutes_to_accepted is None else f"{one.minutes_to_accepted:.1f} min"
    return (
        f"{one.num_drawn:>5,} {one.num_accepted:>8,} {revisions:>9}  {minutes:>11}  "
        f"{one.review_minutes:>4.0f} m  {one.drawing_minutes:>5.0f} m  {one.num_errors:>6} "
        f"{one.error_cost:>7g}"
    )
