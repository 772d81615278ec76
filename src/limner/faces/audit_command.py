"""``limner look audit``: what is wrong with a data set, before a model learns it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from limner.faces.exits import BAD_INPUT
from limner.faces.opening import opened
from limner.faces.printing import note, say, say_json

if TYPE_CHECKING:
    from limner.studio.look.auditing import Audit, Copy

MOST_TOLD = 20  # of one kind, where nobody asks for JSON


def audit(
    context: typer.Context,
    splits: Annotated[
        list[str],
        typer.Argument(
            metavar="NAME=FOLDER...", help="Splits, what is learnt from first; labels are folders."
        ),
    ],
    as_json: Annotated[
        bool, typer.Option("--json", help="JSON on stdout, with everything.")
    ] = False,
) -> None:
    """Find copies across splits, likely wrong labels, dark or blurred parts, gaps in rights."""
    folders: dict[str, Path] = {}
    for one in splits:
        name, sign, folder = one.partition("=")
        if not (name and sign and folder) or name in folders:
            note(f"{one!r} is no split; allowed is NAME=FOLDER, each name once.")
            raise typer.Exit(BAD_INPUT)
        folders[name] = Path(folder)
    with opened(context) as studio:
        from limner.app import open_tagger
        from limner.studio.look import auditing

        found = auditing.audit(studio.parts, open_tagger(), folders)
        say_json(found.to_document()) if as_json else _say(found)


def _say(audit: Audit) -> None:
    for split, counts in audit.counts.items():
        say(f"{split}: {sum(counts.values()):,} pictures, {len(counts):,} labels")
    _say_some("copies across splits", [_copy(one) for one in audit.across_splits])
    _say_some("copies with two labels", [_copy(one) for one in audit.two_labels])
    wrong = [
        f"{one.name}: rather {one.likelier!r} than {one.label!r}, by {one.margin:.2f}"
        for one in audit.mislabelled
    ]
    _say_some("labels likely wrong; a person has to look", wrong)
    for one in audit.spreads:
        say(
            f"{one.split}, {one.check}: {one.low:.3f} to {one.high:.3f}, middle {one.middle:.3f}; "
            f"{one.num_failing:,} of {one.num:,} fail"
        )
    few = [f"{label}: {times:g} times fewer" for label, times in audit.lopsided.items()]
    _say_some("labels with far fewer pictures than the largest", few)
    _say_some("labels that a split lacks", list(audit.missing))
    _say_some(
        "pictures that nothing in force in the rights register covers", list(audit.without_rights)
    )
    _say_some("pictures whose rights ended or that are opted out", list(audit.ended_rights))
    _say_some("files that cannot be read", [one.sentence for one in audit.faults])


def _copy(copy: Copy) -> str:
    apart = "nothing apart" if copy.bits == 0 else f"{copy.bits} of 256 bits apart"
    return f"{copy.second} is {copy.first} again ({apart})"


def _say_some(title: str, lines: list[str]) -> None:
    say(f"{len(lines):,} {title}{':' if lines else ''}")
    for one in lines[:MOST_TOLD]:
        say(f"  {one}")
    if len(lines) > MOST_TOLD:
        say(f"  and {len(lines) - MOST_TOLD:,} more; --json tells all")
