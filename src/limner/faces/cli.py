"""The command line. Commands parse, call the studio, and print; see exits.py for exit codes."""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module
from typing import Any, NamedTuple

import typer

DRAW, VOUCH = "Draw", "Judge, review, vouch"
CHOOSE, SERVE = "Choose models, look and watch", "Serve, and this install"


class _Command(NamedTuple):
    """Where a command is, or a group of commands, which is its module's `app`."""

    panel: str
    module: str
    is_group: bool = False


_COMMANDS = {
    "generate": _Command(DRAW, "drawing_commands"),
    "variations": _Command(DRAW, "drawing_commands"),
    "batch": _Command(DRAW, "drawing_commands"),
    "grid": _Command(DRAW, "drawing_commands"),
    "upscale": _Command(DRAW, "upscale_command"),
    "tune": _Command(DRAW, "tune_command"),
    "show": _Command(DRAW, "recipe_commands"),
    "redraw": _Command(DRAW, "recipe_commands"),
    "styles": _Command(DRAW, "recipe_commands"),
    "verify": _Command(VOUCH, "verify_commands"),
    "sidecar": _Command(VOUCH, "verify_commands"),
    "export": _Command(VOUCH, "export_command"),
    "publish": _Command(VOUCH, "publish_command"),
    "erase": _Command(VOUCH, "erase_commands"),
    "edge-cases": _Command(VOUCH, "edge_case_commands"),
    "criteria": _Command(VOUCH, "criteria_commands", is_group=True),
    "review": _Command(VOUCH, "review_commands", is_group=True),
    "rights": _Command(VOUCH, "rights_commands", is_group=True),
    "log": _Command(VOUCH, "log_commands", is_group=True),
    "keys": _Command(VOUCH, "keys_commands", is_group=True),
    "gate": _Command(CHOOSE, "registry_commands"),
    "due": _Command(CHOOSE, "registry_commands"),
    "gains": _Command(CHOOSE, "gains_command"),
    "models": _Command(CHOOSE, "models_commands", is_group=True),
    "eval": _Command(CHOOSE, "eval_commands", is_group=True),
    "watch": _Command(CHOOSE, "watch_commands", is_group=True),
    "look": _Command(CHOOSE, "look_commands", is_group=True),
    "studio": _Command(SERVE, "studio_command"),
    "worker": _Command(SERVE, "worker_commands"),
    "mcp": _Command(SERVE, "mcp_command"),
    "settings": _Command(SERVE, "install_commands"),
    "version": _Command(SERVE, "install_commands"),
    "jobs": _Command(SERVE, "jobs_commands", is_group=True),
    "tokens": _Command(SERVE, "token_commands", is_group=True),
}


def app_for(asked: str) -> typer.Typer:
    """The app with no more than the command asked for, where there is one of that name.

    Importing every command, and building it, takes typer as long as many a command runs.
    """
    return app_of([asked] if asked in _COMMANDS else _COMMANDS)


def app_of(names: Iterable[str] = _COMMANDS) -> typer.Typer:
    """The app with these commands; every one when left out."""
    app = typer.Typer(
        help="Makes images you can stand behind: "
        "draws, judges, asks people, seals, keeps evidence.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        add_completion=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_ask_for_a_command)
    for name in names:
        panel, module, is_group = _COMMANDS[name]
        found: Any = import_module(f"limner.faces.{module}")
        if is_group:
            app.add_typer(found.app, name=name, rich_help_panel=panel)
        else:
            app.command(name, rich_help_panel=panel)(getattr(found, name.replace("-", "_")))
    return app


def _ask_for_a_command() -> None:
    """Without anything to call before it, typer runs a single command whatever its name."""
