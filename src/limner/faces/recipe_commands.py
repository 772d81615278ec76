"""The commands that start from how a picture was made, or could be: show, redraw, styles."""

from __future__ import annotations

import typer

from limner.faces import options
from limner.faces.opening import opened
from limner.faces.printing import say


def show(context: typer.Context, file: options.File, as_json: options.Json = False) -> None:
    """Print the recipe a picture was made by."""
    with opened(context) as studio:
        from limner.faces.printing import say_shown

        say_shown(studio.show(file), file, as_json=as_json)


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


def styles(context: typer.Context) -> None:
    """List the styles a prompt can be drawn in."""
    with opened(context) as studio:
        for style in studio.card.styles:
            say(style)
