"""The commands about this install: settings, version."""

from __future__ import annotations

import typer

from limner.faces import options
from limner.faces.opening import opened
from limner.faces.printing import say, say_json


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


def version() -> None:
    """Print the version of Limner."""
    from importlib.metadata import version as version_of

    say(f"limner {version_of('limner')}")
