"""``limner tune``: teaches the model inside a style or objects from a folder of pictures.

Exit codes: 0 taught and proposed; 2 bad input; 4 it did not pass its own measurement; 130 stopped.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Annotated

import typer

from limner.faces import options
from limner.faces.exits import REFUSED
from limner.faces.opening import opened
from limner.faces.printing import note, say, say_json
from limner.faces.registry_commands import DAY, Who

if TYPE_CHECKING:
    from limner.generators.embedded.tuning.teaching import Following, TeachingStep
    from limner.studio.tuning.run import Tuned

Folder = Annotated[
    Path,
    typer.Argument(
        metavar="FOLDER",
        help="20 to 500 pictures, each in the rights register. Their names are their captions; "
        "captions.csv (columns file, caption) says otherwise.",
    ),
]


def tune(  # noqa: PLR0913 - every argument is an option of the command
    context: typer.Context,
    folder: Folder,
    name: Annotated[str, typer.Option(help="What requests call it: limner generate --adapter …")],
    owner: Annotated[str, typer.Option(help="Who answers for it.")],
    review_by: Annotated[
        datetime,
        typer.Option(formats=DAY, metavar="YYYY-MM-DD", help="Day it is to be looked at again."),
    ],
    licence_read_by: Annotated[
        str, typer.Option(help="Who read the licence of the model that is taught.")
    ] = "",
    steps: Annotated[
        int, typer.Option(min=1, max=5000, help="At most; it stops where more is learnt by heart.")
    ] = 400,
    rank: Annotated[int, typer.Option(min=1, max=64, help="Size of the adapter.")] = 8,
    seed: Annotated[int, typer.Option(min=0, max=2**32 - 1, help="Of all chance in it.")] = 0,
    quiet: options.Quiet = False,
    by: Who = None,
    as_json: options.Json = False,
) -> None:
    """Teach the model inside from your pictures. Stopped, it goes on when asked again."""
    with opened(context) as studio:
        from limner.app import open_adapter, open_teacher
        from limner.generators.embedded.tuning.teaching import Schedule
        from limner.studio.review import reviewer_name
        from limner.studio.tuning.run import Asked
        from limner.studio.tuning.run import tune as teach

        asked = Asked(
            folder=folder,
            name=name,
            owner=owner,
            review_by=review_by.date(),
            by=reviewer_name(studio.parts, by),
            licence_read_by=licence_read_by,
            schedule=Schedule(steps=steps, rank=rank, seed=seed),
        )
        with _following(is_quiet=quiet) as following:
            tuned = teach(
                studio.parts,
                open_teacher(studio.settings),
                asked,
                following,
                lambda place: open_adapter(studio.settings, place),
            )
        say_json(_document(name, tuned)) if as_json else _say_tuned(name, tuned)
        if tuned.state is None:
            raise typer.Exit(REFUSED)


@contextmanager
def _following(*, is_quiet: bool) -> Generator[Following]:
    """A bar on stderr with the error so far; Ctrl-C stops between two steps."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    from limner.faces.watching import stopping
    from limner.generators.embedded.tuning.teaching import Following

    stop, console = Event(), Console(stderr=True)
    columns = (
        TextColumn("Teaching"),
        BarColumn(),
        TextColumn("step {task.completed} of at most {task.total}"),
        TextColumn("error {task.fields[error]:.3f} of that without"),
        TimeElapsedColumn(),
    )
    is_hidden = is_quiet or not console.is_terminal
    with stopping(stop), Progress(*columns, console=console, disable=is_hidden) as display:
        task = display.add_task("teaching", total=1, error=1.0)

        def show(told: TeachingStep) -> None:
            display.update(task, completed=told.step, total=told.num_steps, error=told.error)

        yield Following(on_step=show, is_cancelled=stop.is_set)


def _document(name: str, tuned: Tuned) -> dict[str, object]:
    state = tuned.state
    return {
        "name": name,
        "folder": str(tuned.folder),
        "went_on": tuned.went_on,
        "model": None if state is None else state.version.label,
        "stage": None if state is None else str(state.stage),
        "measured": tuned.measured.to_document(),
    }


def _say_tuned(name: str, tuned: Tuned) -> None:
    from limner.generators.embedded.adapter import ADAPTER_WORDS_FILE
    from limner.studio.tuning.card import rows_of

    if tuned.went_on:
        note("Went on with a course that was stopped.")
    for what, one, asked in rows_of(tuned.measured):
        value = "-" if one.value is None else f"{one.value:.3f}"
        ends = "" if one.low is None or one.high is None else f"({one.low:.3f} to {one.high:.3f})"
        asks = f"asked: {asked}" if asked else ""
        say(f"{what:55} {value:>6} {ends:18} n {one.num:<4} {asks}".rstrip())
    say(str(tuned.folder / ADAPTER_WORDS_FILE))
    if tuned.state is None:
        for fault in tuned.measured.faults:
            note(f"Not usable: {fault}")
        return
    label = tuned.state.version.label
    note(f"Proposed as {label}. Look at it first: limner generate PROMPT --model {label}")
    note(f"`limner models promote {label}` has it evaluated; active, it is --adapter {name}.")
