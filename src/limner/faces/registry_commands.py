"""The registry's commands in `limner models`: propose, promote, pause, roll back, review, waive.

Exit codes: 0 done; 2 bad input; 3 the gate has too little to go by; 4 the gate says no.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from limner.faces import options
from limner.faces.exits import HELD, REFUSED
from limner.faces.opening import opened
from limner.faces.printing import note, say, say_json
from limner.faces.shadow_command import shadow

if TYPE_CHECKING:
    from limner.core.gates import GateAnswer

DAY = ["%Y-%m-%d"]
Name = Annotated[
    str, typer.Argument(metavar="MODEL", help="NAME@VERSION, a name, or the start of a hash.")
]
Who = Annotated[
    str | None, typer.Option("--as", metavar="NAME", help="Who you are. Left out: the system's.")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Reason = Annotated[str, typer.Option(help="Why; kept with your name.")]


def add_registry_commands(app: typer.Typer) -> None:
    """Add every command here to the app of `limner models`."""
    for command in (
        registry, stage, propose, promote, shadow, pause, rollback, review, waive, card
    ):  # fmt: skip
        app.command()(command)


def registry(context: typer.Context, as_json: Json = False) -> None:
    """List every version in the registry with its stage, and what serves."""
    with opened(context) as studio:
        from limner.faces.registry_printing import registry_document, say_registry
        from limner.studio.registry import overview

        found = overview(studio.parts)
        if as_json:
            for state in found.states:
                say_json(registry_document(state, found.aliases))
        else:
            say_registry(found)


def stage(context: typer.Context, model: Name, as_json: Json = False) -> None:
    """Show the stage of a version and everything that happened to it."""
    with opened(context) as studio:
        from limner.faces.registry_printing import registry_document, say_state
        from limner.studio.registry import find_version, overview

        state = find_version(studio.parts, model)
        if as_json:
            say_json(registry_document(state, overview(studio.parts).aliases))
        else:
            say_state(state)


def propose(  # noqa: PLR0913 - every argument is an option of the command
    context: typer.Context,
    owner: Annotated[str, typer.Option(help="Who answers for it.")],
    review_by: Annotated[
        datetime,
        typer.Option(formats=DAY, metavar="YYYY-MM-DD", help="Day it is to be looked at again."),
    ],
    model: Annotated[
        str | None, typer.Argument(metavar="[MODEL]", help="Name of a model that was added.")
    ] = None,
    weights: Annotated[
        Path | None, typer.Option(help="Folder of weights for the engine inside, instead.")
    ] = None,
    licence_read_by: Annotated[
        str, typer.Option(help="Who read its licence. Left out: as its form says.")
    ] = "",
    alias: Annotated[str, typer.Option(help="It is to serve under.")] = "default",
    canary: Annotated[
        float, typer.Option(help="Share of requests it draws as a canary, up to 0.5.")
    ] = 0.1,
    claims: Annotated[
        Path | None, typer.Option(metavar="FILE", help="YAML of what its maker claims.")
    ] = None,
    pause_when_overdue: Annotated[
        bool, typer.Option("--pause-when-overdue", help="A missed review pauses it.")
    ] = False,
    name: Who = None,
) -> None:
    """Bring a version into the registry; it serves nobody before it has passed the gates."""
    with opened(context) as studio:
        from limner.app import open_candidate
        from limner.studio.claims_file import read_claims
        from limner.studio.registry import Proposal
        from limner.studio.registry import propose as bring
        from limner.studio.review import reviewer_name

        parts = studio.parts
        found = open_candidate(parts, model=model, weights=weights, licence_read_by=licence_read_by)
        proposal = Proposal(
            owner=owner,
            review_by=review_by.date(),
            by=reviewer_name(parts, name),
            alias=alias,
            canary_share=canary,
            pauses_when_overdue=pause_when_overdue,
            claims=() if claims is None else read_claims(claims),
        )
        state = bring(parts, *found, proposal)
        say(f"{state.version.label}  {state.version.sha256}")
        note(f"Proposed. `limner models promote {state.version.label}` has it evaluated next.")


def promote(
    context: typer.Context,
    model: Name,
    reason: Reason = "",
    name: Who = None,
    as_json: Json = False,
) -> None:
    """Move a version one stage on; behind a gate only where the gate says pass."""
    with opened(context) as studio:
        from limner.faces.registry_printing import say_answer
        from limner.studio.gate_use import answer_document
        from limner.studio.promoting import promote as move_on
        from limner.studio.review import reviewer_name

        who = reviewer_name(studio.parts, name)
        found = move_on(studio.parts, model, by=who, note=reason)
        version, answer = found.state.version, found.answer
        if as_json:
            said = None if answer is None else answer_document(answer)
            say_json({"model": version.label, "stage": str(found.state.stage), "gate": said})
        else:
            if answer is not None:
                say_answer(answer)
            say(f"{version.label} is {found.state.stage}{'' if found.is_moved else ' still'}.")
    if answer is not None:
        leave_by(answer)


def pause(context: typer.Context, model: Name, reason: Reason, name: Who = None) -> None:
    """Take a version out of service at once; what served before it serves again."""
    with opened(context) as studio:
        from limner.faces.registry_printing import say_registry
        from limner.studio.promoting import pause as take_out
        from limner.studio.registry import overview
        from limner.studio.review import reviewer_name

        take_out(studio.parts, model, by=reviewer_name(studio.parts, name), note=reason)
        say_registry(overview(studio.parts))


def rollback(
    context: typer.Context,
    reason: Reason,
    alias: Annotated[str, typer.Option(help="Whose version is taken back.")] = "default",
    name: Who = None,
) -> None:
    """Pause what serves, and let the version before it serve again."""
    with opened(context) as studio:
        from limner.studio.promoting import rollback as take_back
        from limner.studio.review import reviewer_name

        who = reviewer_name(studio.parts, name)
        state = take_back(studio.parts, by=who, note=reason, alias=alias)
        say(f"{alias} is {state.version.label} again.")


def review(
    context: typer.Context,
    model: Name,
    until: Annotated[
        datetime,
        typer.Option(formats=DAY, metavar="YYYY-MM-DD", help="Day of the next review."),
    ],
    reason: Reason = "",
    name: Who = None,
) -> None:
    """Say that you have looked at a version, and when it is to be looked at again."""
    with opened(context) as studio:
        from limner.studio.promoting import review as look_again
        from limner.studio.review import reviewer_name

        who = reviewer_name(studio.parts, name)
        state = look_again(studio.parts, model, by=who, review_by=until.date(), note=reason)
        say(f"{state.version.label} is to be looked at by {state.review_by}.")


def waive(
    context: typer.Context,
    model: Name,
    rule: Annotated[str, typer.Argument(help="Id of a rule of the gate in force.")],
    reason: Reason,
    until: Annotated[
        datetime, typer.Option(formats=DAY, metavar="YYYY-MM-DD", help="Last day it holds.")
    ],
    name: Who = None,
) -> None:
    """Sign that a version may pass without one rule kept; it counts when two people have signed."""
    with opened(context) as studio:
        from limner.studio.promoting import waive as sign
        from limner.studio.review import reviewer_name

        who = reviewer_name(studio.parts, name)
        waiver = sign(studio.parts, model, rule, person=who, reason=reason, until=until.date())
        say(f"Signed until {waiver.expires_at:%Y-%m-%d}. It counts once two people have signed.")


def card(
    context: typer.Context,
    model: Name,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="PATH", help="File ending in .html, .md or .json. Left out: HTML, here."
        ),
    ] = None,
    force: options.Force = False,
) -> None:
    """Write what a model does reliably, what needs a person, and what it cannot do."""
    with opened(context) as studio:
        from limner.faces.report.capability import summary, write_card
        from limner.studio.capability import capability_card

        found = capability_card(studio.parts, model)
        say(str(write_card(found, out, overwrite=force)))
        for one in summary(found):
            note(one)


def gate(
    context: typer.Context,
    run: Annotated[
        str, typer.Argument(metavar="RUN", help="Id of a run, last, or a model of the registry.")
    ],
    file: Annotated[
        Path | None,
        typer.Option("--gate", metavar="FILE", help="Another gate than the one in force."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Hold a model against the gate: pass, fail, or insufficient with how much more is needed."""
    with opened(context) as studio:
        from limner.faces.registry_printing import say_answer
        from limner.studio.eval_runs import find_run
        from limner.studio.gate_file import read_gate
        from limner.studio.gate_use import answer_document
        from limner.studio.promoting import held_by_gate

        is_run = run == "last" or run.startswith("run-")
        model = find_run(studio.parts, run).model_sha256 if is_run else run
        asked = None if file is None else read_gate(str(file))
        answer = held_by_gate(studio.parts, model, asked)
        if as_json:
            say_json(answer_document(answer))
        else:
            say_answer(answer)
    leave_by(answer)


def due(
    context: typer.Context,
    within: Annotated[
        int | None, typer.Option(metavar="DAYS", help="Only what is due by then. Left out: all.")
    ] = None,
    as_json: Json = False,
) -> None:
    """List what is to be looked at again, by whom and until when."""
    with opened(context) as studio:
        from limner.faces.registry_printing import say_due
        from limner.studio.due import everything_due

        today = studio.parts.read_clock().date()
        found = everything_due(studio.parts)
        if within is not None:
            last = today + timedelta(days=within)
            found = [one for one in found if one.fault or (one.review_by or date.max) <= last]
        for one in found if as_json else ():
            day = None if one.review_by is None else one.review_by.isoformat()
            say_json({**one._asdict(), "review_by": day, "days_left": one.days_left(today)})
        if not as_json:
            say_due(found, today)


def leave_by(answer: GateAnswer) -> None:
    """End the command as a gate has it: 3 with too little to go by, 4 with a no."""
    from limner.core.gates import GateVerdict

    if answer.verdict is not GateVerdict.PASS:
        is_no = answer.verdict is GateVerdict.FAIL
        raise typer.Exit(REFUSED if is_no else HELD)
