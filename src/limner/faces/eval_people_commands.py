"""`limner eval correct`, `agreement`, `side-by-side`: people say what they see in pictures."""

from __future__ import annotations

from typing import Annotated

import typer

from limner.faces.keys import read_key
from limner.faces.opening import opened
from limner.faces.printing import note, say, say_json

RunId = Annotated[str, typer.Argument(metavar="RUN", help="Id of a run, or last.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def add_people_commands(app: typer.Typer) -> None:
    """Add the commands here to the app of `limner eval`."""
    app.command()(correct)
    app.command()(agreement)
    app.command("side-by-side")(side_by_side)


def correct(  # noqa: PLR0913 - every argument is an option of the command
    context: typer.Context,
    run: RunId,
    case: Annotated[str, typer.Argument(metavar="CASE", help="Id of the case.")],
    seed: Annotated[int, typer.Argument(help="Seed of the picture.")],
    check: Annotated[str, typer.Argument(help="The check that is wrong, or that you confirm.")],
    verdict: Annotated[str, typer.Argument(metavar="pass|fail", help="What holds instead.")],
    reason: Annotated[str, typer.Option(help="Why; kept with your name.")],
    way: Annotated[str, typer.Option(help="How it was drawn again. Left out: first.")] = "",
    author: Annotated[
        str | None,
        typer.Option("--as", metavar="NAME", help="Who you are. Left out: the system's."),
    ] = None,
) -> None:
    """Put your word in place of a check's on one picture; the check's own stays beside it."""
    with opened(context) as studio:
        from limner.core.judging import Verdict
        from limner.core.limits import require_one_of
        from limner.core.runs import Spot
        from limner.studio.eval_report import renew_evidence
        from limner.studio.eval_runs import correct_score, find_run
        from limner.studio.review import reviewer_name

        require_one_of("verdict", verdict, ("pass", "fail"))
        found = find_run(studio.parts, run)
        correct_score(
            studio.parts,
            found,
            Spot(case, seed, way),
            check,
            Verdict(verdict),
            author=reviewer_name(studio.parts, author),
            reason=reason,
        )
        renew_evidence(studio.parts, found)
        say(f"{case}, seed {seed}: {check} is {verdict} now; the check's own answer is kept.")


def agreement(
    context: typer.Context,
    run: RunId,
    days: Annotated[
        int, typer.Option(help="It holds so long after the last answer; 1 to 730.")
    ] = 180,
    as_json: Json = False,
) -> None:
    """Keep how often each check of a run says what people said; evidence that ends by itself."""
    with opened(context) as studio:
        from limner.studio.check_agreement import keep_agreement
        from limner.studio.eval_runs import find_run

        kept = keep_agreement(studio.parts, find_run(studio.parts, run), days=days)
        for one in kept:
            if as_json:
                say_json(one.to_document() | {"labelled_by": len(one.labelled_by)})
            else:
                say(
                    f"{one.metric:<24} {one.estimate:>6.1%}  {one.low:.1%} to {one.high:.1%}  "
                    f"{one.num} prompts, until {one.expires_at:%Y-%m-%d}"
                )
        if not as_json:
            note("`limner models card` shows it, and a gate may ask for it by these names.")


def side_by_side(
    context: typer.Context,
    first: Annotated[str, typer.Argument(help="Id of a run.")],
    second: Annotated[str, typer.Argument(help="Id of another run of the same suite.")],
    pairs: Annotated[int, typer.Option(help="Pairs of a new study; some more come again.")] = 40,
    name: Annotated[
        str | None,
        typer.Option("--as", metavar="NAME", help="Who you are. Left out: the system's."),
    ] = None,
    result: Annotated[
        bool, typer.Option("--result", help="Print the ranking so far; then it is blind no more.")
    ] = False,
    anew: Annotated[bool, typer.Option("--anew", help="Begin another study of the two.")] = False,
    as_json: Json = False,
) -> None:
    """Look at two runs blindly, pair by pair, and say which picture is better."""
    with opened(context) as studio:
        from limner.faces.side_by_side import ask_pairs, say_standing
        from limner.studio.eval_runs import find_run
        from limner.studio.review import reviewer_name
        from limner.studio.side_by_side import open_study, standing_of

        parts = studio.parts
        runs = find_run(parts, first), find_run(parts, second)
        study = open_study(parts, *runs, num_pairs=pairs, is_new=anew)
        if result or as_json:
            say_standing(standing_of(parts, study), as_json=as_json)
            return
        num = ask_pairs(parts, study, reviewer_name(parts, name), read_key)
        note(f"{num} answered. The same command goes on; with --result it prints the ranking.")
