"""``limner look teach``, ``normal``, ``learnt``, ``forget``: own labels and normal sets."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from limner.faces import options
from limner.faces.exits import BAD_INPUT, NOT_CERTIFIED
from limner.faces.opening import opened
from limner.faces.printing import note, say, say_json

if TYPE_CHECKING:
    from limner.core.learnt import LearntKind
    from limner.studio.look.sources import Fault

Name = Annotated[str, typer.Argument(help="Its name, as results tell it.")]
Json = Annotated[bool, typer.Option("--json", help="JSON on stdout.")]
Confidence = Annotated[
    float,
    typer.Option(min=0.5, max=0.999, help="Probability that what is certified holds."),
]


def teach(  # noqa: PLR0913 - one parameter an option
    context: typer.Context,
    label: Name,
    yes: Annotated[
        list[Path] | None,
        typer.Option(metavar="PATH", help="Pictures it fits: 20 or more; repeatable."),
    ] = None,
    no: Annotated[
        list[Path] | None,
        typer.Option(metavar="PATH", help="Pictures it does not fit: 20 or more; repeatable."),
    ] = None,
    precision: Annotated[
        float,
        typer.Option(min=0.5, max=0.999, help="Share of right ones each verdict is to keep."),
    ] = 0.95,
    confidence: Confidence = 0.9,
    answers: Annotated[
        Path | None,
        typer.Option(
            "--answers", metavar="FILE", help="More examples: what people wrote into look unsure's."
        ),
    ] = None,
    reviewed: Annotated[
        bool,
        typer.Option("--reviewed", help="More examples: what people answered on the review desk."),
    ] = False,
    as_json: Json = False,
) -> None:
    """Teach a label by examples; half of them measure what it is worth.

    A version that is worse than the one in force is refused.
    """
    with opened(context) as studio:
        from limner.app import open_tagger
        from limner.faces.learn_printing import learnt_document, say_label
        from limner.studio.look.answers import Answers, read_answers
        from limner.studio.look.asking import answered_of
        from limner.studio.look.teaching import Wanted, teach_label

        wanted = Wanted(precision, confidence)
        further = Answers([], []) if answers is None else read_answers(answers)
        made = teach_label(
            studio.parts,
            open_tagger(studio.parts.settings),
            label,
            [*(yes or ()), *further.yes],
            [*(no or ()), *further.no],
            wanted,
            on_fault=_say_fault,
            answered=answered_of(studio.parts, label.strip()) if reviewed else None,
        )
        say_json(learnt_document(made)) if as_json else say_label(made)
        _exit_by([made.document[one]["at"] for one in ("yes", "no")])


def normal(
    context: typer.Context,
    name: Name,
    good: Annotated[
        list[Path],
        typer.Option(metavar="PATH", help="Good parts, pictured alike: 50 or more; repeatable."),
    ],
    bad: Annotated[
        list[Path] | None,
        typer.Option(metavar="PATH", help="Bad parts, pictured likewise; repeatable."),
    ] = None,
    limit: Annotated[
        float,
        typer.Option(
            min=0.001,
            max=0.499,
            help="Largest share of good parts called anomalous, or bad missed.",
        ),
    ] = 0.1,
    confidence: Confidence = 0.9,
    as_json: Json = False,
) -> None:
    """Learn what good parts look like; look at others with look --normal NAME."""
    with opened(context) as studio:
        from limner.app import open_tagger
        from limner.faces.learn_printing import learnt_document, say_normal
        from limner.studio.look.inspecting import Wanted, teach_normal

        wanted = Wanted(limit, confidence)
        made = teach_normal(
            studio.parts,
            open_tagger(studio.parts.settings),
            name,
            good,
            bad or (),
            wanted,
            on_fault=_say_fault,
        )
        say_json(learnt_document(made)) if as_json else say_normal(made)
        _exit_by([made.document[one]["at"] for one in ("anomalous", "normal")])


def unsure(
    context: typer.Context,
    label: Name,
    out: Annotated[Path, typer.Option(metavar="FILE", help="CSV file to write.")],
    run: Annotated[str | None, typer.Option(help="Id of the run; left out, the newest.")] = None,
    force: options.Force = False,
) -> None:
    """Write down what a label was unsure of, for people; teach --answers takes it back."""
    with opened(context) as studio:
        from limner.studio.look.answers import unsure_of, write_unsure
        from limner.studio.look.rows import find_run, rows_of
        from limner.studio.look.writing import new_file

        found = find_run(studio.parts, run)
        doubtful = unsure_of(label, rows_of(studio.parts, found["run_id"]))
        with new_file(out, overwrite=force) as file:
            write_unsure(file, doubtful)
        say(str(out))
        note(f"{len(doubtful):,} pictures; write yes or no into the column 'answer'.")


def learnt(context: typer.Context, as_json: Json = False) -> None:
    """List the labels and normal sets in force, with what was measured."""
    with opened(context) as studio:
        from limner.core.learnt import LearntKind
        from limner.faces.learn_printing import learnt_document, say_label, say_normal
        from limner.studio.look.taught import doubt_of, doubted_among

        found = studio.parts.store.learnt.in_force()
        doubted = doubted_among(studio.parts, [one.sha256 for one in found])
        if not found and not as_json:
            say("Nothing was taught here yet; limner look teach and limner look normal do.")
        for one in found:
            if as_json:
                say_json({**learnt_document(one), "in_doubt": one.sha256 in doubted})
                continue
            say_label(one) if one.kind is LearntKind.LABEL else say_normal(one)
            if one.sha256 in doubted:
                say(f"  {doubt_of(one)}")


def forget(
    context: typer.Context,
    name: Name,
    is_normal: Annotated[bool, typer.Option("--normal", help="A normal set, not a label.")] = False,
) -> None:
    """Use a label or a normal set no longer; its versions and what they found are kept."""
    with opened(context) as studio:
        from limner.core.learnt import LearntKind

        kind = LearntKind.NORMAL if is_normal else LearntKind.LABEL
        rows = studio.parts.store.learnt
        if rows.find(kind, name) is None:
            known = ", ".join(repr(one.name) for one in rows.in_force(kind)) or "none"
            note(f"There is no {_words(kind)} {name!r}; allowed are {known}.")
            raise typer.Exit(BAD_INPUT)
        rows.add(kind, name, {}, b"", studio.parts.read_clock())
        say(f"The {_words(kind)} {name!r} is used no longer.")


def add_to(app: typer.Typer) -> None:
    """Put the commands into a group."""
    for command in (teach, unsure, normal, learnt, forget):
        app.command()(command)


def _exit_by(certified: Sequence[float | None]) -> None:
    if all(one is None for one in certified):
        raise typer.Exit(NOT_CERTIFIED)


def _words(kind: LearntKind) -> str:
    from limner.core.learnt import LearntKind

    return "normal set" if kind is LearntKind.NORMAL else "label"


def _say_fault(fault: Fault) -> None:
    from limner.faces.look_printing import PASSED_OVER

    if fault.code != PASSED_OVER:
        note(f"Left out: {fault.sentence}")
