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
    from limner.studio.look.labellers import Agreement

MOST_TOLD = 20  # of one kind, where nobody asks for JSON


def audit(
    context: typer.Context,
    splits: Annotated[
        list[str],
        typer.Argument(
            metavar="NAME=FOLDER...", help="Splits, what is learnt from first; labels are folders."
        ),
    ],
    labels: Annotated[
        Path | None,
        typer.Option(
            "--labels",
            help="CSV of who labelled what: picture, labeller, label; tells whether they agree.",
        ),
    ] = None,
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
        from limner.studio.look.labellers import labellers_agreement

        agreed = None if labels is None else labellers_agreement(labels)
        found = auditing.audit(studio.parts, open_tagger(studio.parts.settings), folders)
        if as_json:
            told = {} if agreed is None else {"agreement": agreed.to_document()}
            say_json({**found.to_document(), **told})
            return
        _say(found)
        if agreed is not None:
            _say_agreement(agreed)


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


def _say_agreement(agreement: Agreement) -> None:
    say(
        f"{agreement.num_labels:,} labels by people; {agreement.num_compared:,} pictures have two "
        "or more"
    )
    for name, one in (
        ("Krippendorff's alpha", agreement.alpha),
        ("Gwet's AC1", agreement.ac1),
        ("equal pairs of labels", agreement.raw),
    ):
        told = "cannot be told" if one.value is None else f"{one.value:.2f}"
        ends = "" if None in (one.low, one.high) else f" ({one.low:.2f} to {one.high:.2f})"
        say(f"{name}: {told}{ends}")
    pairs = [
        f"{one.first} and {one.second}: kappa "
        f"{'cannot be told' if one.kappa is None else f'{one.kappa:.2f}'} on {one.num:,} pictures"
        for one in agreement.pairs
    ]
    _say_some("pairs of labellers, the least agreeing first", pairs)
    divided = [
        f"{one.picture}: " + ", ".join(f"{num}x {label}" for label, num in one.labels.items())
        for one in agreement.disputed
    ]
    _say_some("pictures labellers differ on; a person has to settle them", divided)


def _copy(copy: Copy) -> str:
    apart = "nothing apart" if copy.bits == 0 else f"{copy.bits} of 256 bits apart"
    return f"{copy.second} is {copy.first} again ({apart})"


def _say_some(title: str, lines: list[str]) -> None:
    say(f"{len(lines):,} {title}{':' if lines else ''}")
    for one in lines[:MOST_TOLD]:
        say(f"  {one}")
    if len(lines) > MOST_TOLD:
        say(f"  and {len(lines) - MOST_TOLD:,} more; --json tells all")
