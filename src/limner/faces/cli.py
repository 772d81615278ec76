"""The command line. Commands parse, call the studio, and print; see exits.py for exit codes."""

from __future__ import annotations

import typer

from limner.faces import (
    criteria_commands,
    drawing_commands,
    edge_case_commands,
    erase_commands,
    eval_commands,
    export_command,
    gains_command,
    jobs_commands,
    keys_commands,
    log_commands,
    look_commands,
    mcp_command,
    models_commands,
    options,
    publish_command,
    registry_commands,
    review_commands,
    rights_commands,
    studio_command,
    token_commands,
    upscale_command,
    verify_commands,
    watch_commands,
    worker_commands,
)
from limner.faces.opening import opened
from limner.faces.printing import say, say_json

app = typer.Typer(
    help="Draws pictures you can stand behind: its own model, on this machine, offline.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(criteria_commands.app, name="criteria")
app.add_typer(eval_commands.app, name="eval")
app.add_typer(log_commands.app, name="log")
app.add_typer(look_commands.app, name="look")
app.add_typer(keys_commands.app, name="keys")
registry_commands.add_registry_commands(models_commands.app)
app.add_typer(models_commands.app, name="models")
app.command()(registry_commands.gate)
app.command()(registry_commands.due)
app.command()(gains_command.gains)
app.add_typer(review_commands.app, name="review")
app.add_typer(rights_commands.app, name="rights")
app.add_typer(token_commands.app, name="tokens")
app.add_typer(watch_commands.app, name="watch")
app.command()(studio_command.studio)
app.command()(erase_commands.erase)
app.command("edge-cases")(edge_case_commands.edge_cases)
app.add_typer(jobs_commands.app, name="jobs")
app.command()(worker_commands.worker)
app.command()(verify_commands.verify)
app.command()(mcp_command.mcp)
app.command()(upscale_command.upscale)
app.command()(export_command.export)
app.command()(publish_command.publish)
app.command()(verify_commands.sidecar)
app.command()(drawing_commands.generate)
app.command()(drawing_commands.variations)
app.command()(drawing_commands.batch)
app.command()(drawing_commands.grid)


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
