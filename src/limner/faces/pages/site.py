"""What every page is made with: templates, words, static files and the way around.

Knows no route but `/static` and no use case; pages give it what they show.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import TypeAlias, cast

from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

FOLDER = Path(__file__).parent
STATIC = FOLDER / "static"
LANGUAGE = "en"

Words: TypeAlias = "Mapping[str, str | Words]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """An entry of the way around a site.

    Attributes:
        path: of the page.
        icon: its drawing in `icons.svg`, and its word in the catalogue.
        count: what waits there for the reader; 0 shows nothing.
    """

    path: str
    icon: str
    count: int = 0


def render(template: str, /, **shown: object) -> HTMLResponse:
    """A page or a part of one.

    Args:
        template: file name in `templates`.
        **shown: what the template names; a name it is not given is an error, not a blank.
    """
    return HTMLResponse(_environment().get_template(template).render(shown))


def say(key: str, **values: object) -> str:
    """The catalogue's sentence for a key such as ``draw.title``.

    A sentence that differs by number has the forms ``one`` and ``many``, chosen by `num`.

    Raises:
        KeyError: the catalogue has no such sentence.
    """
    found: str | Words = _catalogue()
    for part in key.split("."):
        if isinstance(found, str):
            raise KeyError(key)
        found = found[part]
    if not isinstance(found, str):
        found = found["one" if values.get("num") == 1 else "many"]
    return cast(str, found).format(**values)


def static_url(name: str) -> str:
    """Address of a static file; it changes with the content, so browsers may keep it forever."""
    return f"/static/{name}?v={_content_hash(name)}"


@cache
def _content_hash(name: str) -> str:
    return sha256((STATIC / name).read_bytes()).hexdigest()[:12]


@cache
def _catalogue() -> Words:
    return tomllib.loads((FOLDER / "words" / f"{LANGUAGE}.toml").read_text(encoding="utf-8"))


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(FOLDER / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    given = cast(dict[str, object], environment.globals)
    given.update(t=say, static=static_url)
    return environment
