"""Commands and routes that the pages name are there, and no group of routes is left out."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
import typer.main

from limner.faces.cli import app_of
from limner.faces.http.native.routers import ROUTERS

ROOT = Path(__file__).parents[2]
PAGES = sorted({ROOT / "README.md", *(ROOT / "docs").glob("*.md")} - {ROOT / "docs" / "log.md"})
QUOTED = re.compile(r"`(?:\.venv/bin/)?limner ([^`]+)`")
IN_BLOCK = re.compile(r"^(?:\$ )?(?:.* && )?(?:[A-Z_]+=\S+ )*(?:\.venv/bin/)?limner (.+)$")


def named_commands(page: Path) -> Iterator[str]:
    text = re.sub(r"\\\n\s*", "", page.read_text())
    for place, part in enumerate(text.split("```")):
        if place % 2:
            yield from (
                IN_BLOCK.sub(r"\1", line) for line in part.splitlines() if IN_BLOCK.match(line)
            )
        else:
            yield from (" ".join(one.split()) for one in QUOTED.findall(part))


@cache
def whole_command():
    return typer.main.get_command(app_of())


def unknown_words(command: str) -> list[str]:
    """Words of a command line that its parser would not know: a command, or an option."""
    found = whole_command()
    words = command.split(" #")[0].split()
    while words and hasattr(found, "commands"):
        word = words.pop(0)
        if word not in found.commands:
            return [word]
        found = found.commands[word]
    known = {name for one in found.params for name in (*one.opts, *one.secondary_opts)}
    asked = {word.split("=")[0] for word in words if word.startswith("--")}
    return sorted(asked - known - {"--help"})


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_a_page_names_is_there_with_its_options(page):
    unknown = {one: unknown_words(one) for one in named_commands(page)}
    assert {one: words for one, words in unknown.items() if words} == {}


def test_a_command_that_is_not_there_is_seen():
    assert unknown_words("generate 'a red apple' --siez 256") == ["--siez"]
    assert unknown_words("evaluate run") == ["evaluate"]


def test_commands_are_found_in_lines_and_in_blocks():
    found = list(named_commands(ROOT / "README.md"))
    assert "log verify" in found
    assert 'generate "a red apple" --out apple.png' in found


def test_the_server_page_names_every_group_of_routes():
    page = (ROOT / "docs" / "server.md").read_text()
    paths = {route.path for router in ROUTERS for route in router.routes}
    groups = {"/".join(path.split("/")[:3]) for path in paths}
    assert groups - set(re.findall(r"^\| `(/api/\w+)`", page, re.MULTILINE)) == set()
