"""The command line. Commands parse, call the studio, and print; see exits.py for exit codes."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

from limner.core.errors import DrawingCancelled, LimnerError
from limner.faces import options
from limner.faces.exits import INTERRUPTED, exit_code_of
from limner.faces.printing import note, say, say_error, say_json

if TYPE_CHECKING:
    from limner.studio.generate import Ready
    from limner.studio.saving import Destination
    from limner.studio.studio import Studio

app = typer.Typer(
    help="Draws pictures you can stand behind: its own model, on this machine, offline.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@contextmanager
def opened(context: typer.Context) -> Generator[Studio]:
    """A studio for one command; our errors become a sentence and an exit code.

    The real studio, unless the program that embeds this face put another way to open one into
    the context's ``obj``.
    """
    try:
        with (context.obj or _open_studio)() as studio:
            yield studio
    except LimnerError as error:
        say_error(error)
        raise typer.Exit(exit_code_of(error)) from error


def _open_studio() -> Studio:
    from limner.app import Studio as WiredStudio

    return WiredStudio()


@app.command()
def generate(  # noqa: PLR0913 - every argument is an option of the command
    context: typer.Context,
    prompt: options.Prompt,
    n: options.Number = 1,
    seed: options.Seed = None,
    steps: options.Steps = None,
    guidance: options.Guidance = None,
    sampler: options.Sampler = None,
    size: options.Size = None,
    style: options.Style = None,
    negative: options.Negative = "",
    background: options.Background = "auto",
    image: options.Image = None,
    strength: options.Strength = None,
    mask: options.Mask = None,
    outpaint: options.Outpaint = None,
    combinations: options.Combinations = False,
    deterministic: options.Deterministic = False,
    out: options.Out = None,
    file_format: options.Format = None,
    force: options.Force = False,
    quiet: options.Quiet = False,
    as_json: options.Json = False,
) -> None:
    """Draw pictures from a prompt."""
    with opened(context) as studio:
        from limner.studio.requests import request_from
        from limner.studio.saving import choose_destination

        request = request_from(
            studio.parts,
            prompt,
            n=n,
            seed=seed,
            steps=steps,
            guidance=guidance,
            sampler=sampler,
            size=size,
            style=style,
            negative=negative,
            background=background,
            image=image,
            strength=strength,
            mask=mask,
            outpaint=outpaint,
            combinations=combinations,
            deterministic=deterministic,
        )
        ready = studio.make_ready(request)
        destination = choose_destination(
            out, file_format, is_single=len(ready.shots) == 1, overwrite=force
        )
        _draw_and_save(studio, ready, destination, is_quiet=quiet, as_json=as_json)


@app.command()
def show(context: typer.Context, file: options.File, as_json: options.Json = False) -> None:
    """Print the recipe a picture was made by."""
    with opened(context) as studio:
        from limner.faces.printing import say_shown

        say_shown(studio.show(file), file, as_json=as_json)


@app.command()
def redraw(
    context: typer.Context,
    file: options.File,
    image: options.Image = None,
    out: options.Out = None,
    force: options.Force = False,
    quiet: options.Quiet = False,
    as_json: options.Json = False,
) -> None:
    """Draw a picture again from its recipe, and say by how much it differs."""
    with opened(context) as studio:
        from limner.faces.printing import say_redrawn
        from limner.faces.watching import watching
        from limner.studio.saving import choose_destination, name_of

        with watching(is_quiet=quiet) as watch:
            redrawn = studio.redraw(file, source_path=image, watch=watch)
        path = None
        if out is not None:
            drawn = redrawn.image
            destination = choose_destination(
                out, drawn.record.file_format, is_single=True, overwrite=force
            )
            path = destination.save(drawn.content, name_of(drawn.recipe.prompt, drawn.seed))
        say_redrawn(redrawn, path, as_json=as_json)


@app.command()
def styles(context: typer.Context) -> None:
    """List the styles a prompt can be drawn in."""
    with opened(context) as studio:
        for style in studio.card.styles:
            say(style)


@app.command()
def settings(context: typer.Context, as_json: options.Json = False) -> None:
    """Print every setting and where its value came from."""
    with opened(context) as studio:
        from limner.core.settings import SETTING_NAMES

        for name in SETTING_NAMES:
            value, source = getattr(studio.settings, name), studio.settings.sources[name]
            if as_json:
                say_json({"name": name, "value": str(value), "source": source})
            else:
                say(f"{name} = {value}  ({source})")


@app.command()
def version() -> None:
    """Print the version of Limner."""
    from importlib.metadata import version as version_of

    say(f"limner {version_of('limner')}")


def _draw_and_save(
    studio: Studio, ready: Ready, destination: Destination, *, is_quiet: bool, as_json: bool
) -> None:
    from limner.faces.printing import say_image
    from limner.faces.watching import watching
    from limner.studio.saving import name_of

    num_kept = 0
    try:
        with watching(is_quiet=is_quiet) as watch:
            for image in studio.draw_ready(ready, file_format=destination.file_format, watch=watch):
                name = name_of(image.recipe.prompt, image.seed)
                path = destination.save(image.content, name)
                num_kept += 1
                say_image(image, path, as_json=as_json, is_quiet=is_quiet)
                if destination.is_renamed(path, name):
                    note(f"note: the name was taken, so the picture is in {str(path)!r}.")
    except DrawingCancelled as error:
        note(f"Stopped: {num_kept} of {len(ready.shots)} pictures are finished and kept.")
        raise typer.Exit(INTERRUPTED) from error
