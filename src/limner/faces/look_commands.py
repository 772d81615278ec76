"""``limner look``: looking at images that come in from elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypedDict

import typer
from typer.core import TyperGroup

from limner.core.errors import BadInput
from limner.faces import audit_command, learn_commands, options
from limner.faces.exits import BAD_INPUT, HELD, INTERRUPTED, REFUSED
from limner.faces.opening import opened
from limner.faces.printing import note, say, say_json

if TYPE_CHECKING:
    from limner.core.settings import Settings
    from limner.faces.look_printing import Counts
    from limner.studio.look.run import LookRun, OpenLooker, Told
    from limner.studio.parts import Parts

AT = "at"


class PathsFirst(TyperGroup):
    """``limner look PATH`` means ``limner look at PATH``; a folder named as a command is ./NAME."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401 - typer hides it
        """Put the command in front where a path or an option of it stands first."""
        if args and args[0] not in self.commands and args[0] not in ("-h", "--help"):
            args = [AT, *args]
        return super().parse_args(ctx, args)


app = typer.Typer(
    cls=PathsFirst,
    help="Look at pictures from elsewhere: tags, faces, duplicates, origin, and a decision each.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
learn_commands.add_to(app)
app.command()(audit_command.audit)

Paths = Annotated[
    list[Path], typer.Argument(help="Pictures, folders, films, archives, s3://BUCKET/PREFIX.")
]
Json = Annotated[bool, typer.Option("--json", help="One JSON object a picture, on stdout.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")]


@app.command(AT)
def at(  # noqa: PLR0913 - one parameter an option
    context: typer.Context,
    paths: Paths,
    text: Annotated[
        bool, typer.Option("--text", help="Read text in pictures too; needs the extra ocr.")
    ] = False,
    criteria: Annotated[
        str | None,
        typer.Option(help="Criteria to decide by: a file, personal or team; else those in force."),
    ] = None,
    normal: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME", help="Hold what differs from the good parts of a set; repeatable."
        ),
    ] = None,
    find: Annotated[
        list[str] | None,
        typer.Option(metavar="WORDS", help="Ask whether it shows this; repeatable."),
    ] = None,
    ask: Annotated[
        str,
        typer.Option(
            metavar="PLACE",
            help="Whom: the address of a service, which is sent every picture, or a folder with "
            "CLIP, SigLIP or GroundingDINO as ONNX.",
        ),
    ] = "",
    ask_model: Annotated[str, typer.Option(metavar="NAME", help="The service's model.")] = "",
    processes: Annotated[
        int, typer.Option(min=0, max=64, help="Processes; 0 takes one a core.")
    ] = 0,
    review: Annotated[
        int,
        typer.Option(
            min=0,
            max=10_000,
            help="Where a taught label is unsure people are asked; so many cards of a label may "
            "wait. 0 asks nobody.",
        ),
    ] = 20,
    watch: Annotated[
        bool, typer.Option("--watch", help="Go on with what comes, until Ctrl-C.")
    ] = False,
    ray: Annotated[
        bool, typer.Option("--ray", help="On a Ray cluster; needs the extra ray.")
    ] = False,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Look at pictures; run it again to go on after a stop. Only new ones are looked at."""
    with opened(context) as studio:
        from limner.app import open_looker, wire_parts
        from limner.faces.look_printing import Counts, say_counts
        from limner.studio.look.looker import Asked
        from limner.studio.look.run import begin_look
        from limner.studio.look.taught import learnt_for

        manner = _Manner(processes, is_watching=watch, on_ray=ray, is_quiet=quiet, as_json=as_json)
        settings = _with_criteria(studio.parts.settings, criteria)
        by_words = _words_asked(find or (), ask, ask_model)
        learnt = learnt_for(studio.parts, normal or ())
        doubted = _say_doubted(studio.parts, learnt)
        asked = Asked(with_text=text, learnt=learnt, doubted=doubted, num_to_ask=review, **by_words)
        parts = studio.parts if criteria is None else wire_parts(settings)
        opening = partial(open_looker, settings, asked)
        run, counts = begin_look(parts, paths, asked, opening().sha256), Counts()
        try:
            _look_and_tell(parts, run, opening, manner, counts, paths)
        except KeyboardInterrupt as error:
            say_counts(counts, run.run_id, as_json=as_json)
            note("Stopped; run the same command again to go on. What was found is kept.")
            raise typer.Exit(INTERRUPTED) from error
        say_counts(counts, run.run_id, as_json=as_json)
        _exit_by(counts)


@app.command()
def report(
    context: typer.Context,
    run: Annotated[str | None, typer.Argument(help="Id of the run; left out, the newest.")] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="PATH",
            help="File ending in .html, .jsonl, .csv, .parquet, .coco.json or .label-studio.json. "
            "Left out: HTML, here.",
        ),
    ] = None,
    force: options.Force = False,
) -> None:
    """Write what was found: a page with pictures that stands alone, or rows for other tools."""
    with opened(context) as studio:
        from limner.studio.look.rows import find_run, rows_of
        from limner.studio.look.writing import new_file, write_rows

        found = find_run(studio.parts, run)
        path = Path(f"{found['run_id']}.html") if out is None else out
        if path.suffix.lower() in (".html", ".htm"):
            from limner.faces.look_report import write_page

            with new_file(path, overwrite=force) as file:
                write_page(file, studio.parts, found, rows_of(studio.parts, found["run_id"]))
        else:
            write_rows(studio.parts, found["run_id"], path, overwrite=force)
        say(str(path))


@app.command()
def runs(context: typer.Context, as_json: Json = False) -> None:
    """List the runs, the newest first."""
    with opened(context) as studio:
        for one in studio.parts.store.looks.runs():
            if as_json:
                say_json({"run": one["run_id"], "started_at": one["started_at"]})
            else:
                say(f"{one['run_id']}  {one['started_at'][:16].replace('T', ' ')} UTC")


@dataclass(frozen=True)
class _Manner:
    """How the work is done and told.

    Raises:
        BadInput: watched folders do not go with Ray.
    """

    num_processes: int  # 0 takes one a core
    is_watching: bool
    on_ray: bool
    is_quiet: bool
    as_json: bool

    def __post_init__(self) -> None:
        if self.is_watching and self.on_ray:
            raise BadInput("--watch and --ray were given; allowed is one of them.")


def _look_and_tell(
    parts: Parts,
    run: LookRun,
    opening: OpenLooker,
    manner: _Manner,
    counts: Counts,
    paths: Sequence[Path],
) -> None:
    """Look at everything there is, telling and counting each item as it is found."""
    from limner.executors.pool import num_cores
    from limner.faces.look_printing import pause, watching_look
    from limner.studio.look.arriving import look_as_they_come
    from limner.studio.look.run import look
    from limner.studio.look.sources import count_items

    num = manner.num_processes or (0 if manner.on_ray else num_cores())
    with watching_look(count_items(paths), is_quiet=manner.is_quiet) as is_to_go_on:
        if manner.is_watching:
            wait = partial(pause, is_to_go_on, counts)
            found = look_as_they_come(parts, run, opening, num_processes=num, wait=wait)
        else:
            found = look(parts, run, opening, num_processes=num, on_ray=manner.on_ray)
        for told in found:
            counts.add(told)
            _tell(parts, run, told, as_json=manner.as_json)
            is_to_go_on(counts)


def _say_doubted(parts: Parts, learnt: Sequence[str]) -> tuple[str, ...]:
    """The hashes of what is in doubt, each told."""
    from limner.studio.look.taught import doubt_of, doubted_among

    doubted = doubted_among(parts, learnt)
    for one in parts.store.learnt.of_hashes(doubted):
        note(doubt_of(one))
    return doubted


class _WordsAsked(TypedDict):
    """What of `Asked` is about words."""

    words: tuple[str, ...]
    seer: str
    seer_model: str


def _words_asked(find: Sequence[str], ask: str, ask_model: str) -> _WordsAsked:
    """Words, and whom to ask for them; says where pictures go."""
    from limner.studio.look.words import require_words

    words = require_words(find)
    is_service = "://" in ask
    if bool(words) != bool(ask) or is_service != bool(ask_model):
        raise BadInput(
            f"--find is {list(words)!r}, --ask {ask!r} and --ask-model {ask_model!r}; allowed are "
            "words with an address and its model, words with a folder, or none of them."
        )
    if is_service:
        note(f"Every picture is sent to {ask}.")
    return {"words": words, "seer": ask, "seer_model": ask_model}


def _tell(parts: Parts, run: LookRun, told: Told, *, as_json: bool) -> None:
    """One item as it is found: all of it as JSON, or why it is no good."""
    if as_json:
        from limner.studio.look.rows import told_document

        say_json(told_document(parts, run, told))
    elif told.fault is not None:
        note(told.fault.sentence)
    elif told.outcome == "refused":
        note(f"{told.name} is refused: {told.why}")


def _exit_by(counts: Counts) -> None:
    if counts.num_faults:
        raise typer.Exit(BAD_INPUT)
    if counts.refused or counts.held:
        raise typer.Exit(REFUSED if counts.refused else HELD)


def _with_criteria(settings: Settings, criteria: str | None) -> Settings:
    from dataclasses import replace

    return settings if criteria is None else replace(settings, criteria=criteria)
