"""The command line. Commands parse, call the studio, and print; see exits.py for exit codes."""

from __future__ import annotations

import typer
from typer.models import CommandInfo

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
    tune_command,
    upscale_command,
    verify_commands,
    watch_commands,
    worker_commands,
)
from limner.faces.opening import opened
from limner.faces.printing import say, say_json

DRAW, VOUCH = "Draw", "Judge, review, vouch"
CHOOSE, SERVE = "Choose models, look and watch", "Serve, and this install"


def _named_commands() -> typer.Typer:
    return typer.Typer(
        help="Makes images you can stand behind: "
        "draws, judges, asks people, seals, keeps evidence.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        add_completion=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )


app = _named_commands()
for draws in (
    drawing_commands.generate,
    drawing_commands.variations,
    drawing_commands.batch,
    drawing_commands.grid,
    upscale_command.upscale,
    tune_command.tune,
):
    app.command(rich_help_panel=DRAW)(draws)
for vouches in (
    verify_commands.verify,
    verify_commands.sidecar,
    export_command.export,
    publish_command.publish,
    erase_commands.erase,
):
    app.command(rich_help_panel=VOUCH)(vouches)
app.command("edge-cases", rich_help_panel=VOUCH)(edge_case_commands.edge_cases)
for chooses in (registry_commands.gate, registry_commands.due, gains_command.gains):
    app.command(rich_help_panel=CHOOSE)(chooses)
for serves in (studio_command.studio, worker_commands.worker, mcp_command.mcp):
    app.command(rich_help_panel=SERVE)(serves)
registry_commands.add_registry_commands(models_commands.app)
for name, commands, panel in (
    ("criteria", criteria_commands.app, VOUCH),
    ("review", review_commands.app, VOUCH),
    ("rights", rights_commands.app, VOUCH),
    ("log", log_commands.app, VOUCH),
    ("keys", keys_commands.app, VOUCH),
    ("models", models_commands.app, CHOOSE),
    ("eval", eval_commands.app, CHOOSE),
    ("watch", watch_commands.app, CHOOSE),
    ("look", look_commands.app, CHOOSE),
    ("jobs", jobs_commands.app, SERVE),
    ("tokens", token_commands.app, SERVE),
):
    app.add_typer(commands, name=name, rich_help_panel=panel)


@app.command(rich_help_panel=DRAW)
def show(context: typer.Context, file: options.File, as_json: options.Json = False) -> None:
    """Print the recipe a picture was made by."""
    with opened(context) as studio:
        from limner.faces.printing import say_shown

        say_shown(studio.show(file), file, as_json=as_json)


@app.command(rich_help_panel=DRAW)
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


@app.command(rich_help_panel=DRAW)
def styles(context: typer.Context) -> None:
    """List the styles a prompt can be drawn in."""
    with opened(context) as studio:
        for style in studio.card.styles:
            say(style)


@app.command(rich_help_panel=SERVE)
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


@app.command(rich_help_panel=SERVE)
def version() -> None:
    """Print the version of Limner."""
    from importlib.metadata import version as version_of

    say(f"limner {version_of('limner')}")


def app_for(asked: str) -> typer.Typer:
    """`app` with no more than the command asked for, where there is one of that name.

    typer builds every command it is given before it runs one; of a hundred, that takes as long as
    many a command.
    """
    groups = [one for one in app.registered_groups if one.name == asked]
    commands = [one for one in app.registered_commands if _name_of(one) == asked]
    if not groups and not commands:
        return app
    narrow = _named_commands()
    narrow.registered_groups = groups
    narrow.registered_commands = [*commands, app.registered_commands[-1]]  # one alone has no name
    return narrow


def _name_of(command: CommandInfo) -> str:
    assert command.callback is not None, "every command here is a function"
    return command.name or command.callback.__name__
