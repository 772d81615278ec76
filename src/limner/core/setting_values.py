"""What settings hold, and how each value is read from a file or the environment.

A reader raises ``ValueError`` or ``KeyError`` for what it does not take; `settings` says it better.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast
from urllib.parse import urlsplit

MAX_NAME_CHARACTERS = 80
MAX_NAMES = 64
ENGINE = re.compile(r"([A-Za-z_][\w.]*:[A-Za-z_]\w*)(?:@(.+))?")


@dataclass(frozen=True, slots=True)
class Secret:
    """A value that is used and never shown.

    Attributes:
        value: empty when it is not set.
    """

    value: str = field(repr=False)

    def __str__(self) -> str:
        return "(set, not shown)" if self.value else ""


@dataclass(frozen=True, slots=True)
class Secrets:
    """Values that are used and never shown, by name.

    Attributes:
        values: empty when none is set.
    """

    values: Mapping[str, Secret] = field(repr=False)

    def __str__(self) -> str:
        return f"(set for {', '.join(self.values)}, not shown)" if self.values else ""

    def of(self, name: str) -> Secret:
        """The value of a name; an empty one where it has none."""
        return self.values.get(name, Secret(""))


@dataclass(frozen=True, slots=True)
class OwnEngine:
    """An engine that is not ours.

    Attributes:
        opener: ``module:function`` that gives a generator by a form.
        python: interpreter of the environment it lives in; ``None`` for this one.
    """

    opener: str
    python: Path | None = None

    def __str__(self) -> str:
        return self.opener if self.python is None else f"{self.opener}@{self.python}"


def whole_number(low: int, high: int) -> Callable[[object], object]:
    """Reads a whole number from `low` to `high`."""

    def parse(value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, int | str):
            raise ValueError
        number = int(value)
        if not low <= number <= high:
            raise ValueError
        return number

    return parse


def one_of(words: Sequence[str]) -> Callable[[object], object]:
    """Reads one of some words."""

    def parse(value: object) -> str:
        if value not in words:
            raise ValueError
        return str(value)

    return parse


def path(value: object) -> Path | None:
    """An absolute path; none for an empty text."""
    if not isinstance(value, str):
        raise ValueError
    return Path(value).expanduser().absolute() if value else None


def some_text(value: object) -> str:
    """A text that is not empty."""
    if not isinstance(value, str) or not value.strip():
        raise ValueError
    return value


def secret(value: object) -> Secret:
    """A text that is never shown."""
    if not isinstance(value, str):
        raise ValueError
    return Secret(value)


def _texts_by_name(value: object) -> dict[str, str]:
    if isinstance(value, str):
        value = dict(_named(one) for one in value.split(",") if one.strip())
    if not isinstance(value, Mapping):
        raise ValueError
    said = cast("Mapping[object, object]", value)
    if any(not isinstance(one, str) or not one for pair in said.items() for one in pair):
        raise ValueError
    return {str(name): str(one) for name, one in said.items()}


def secrets(value: object) -> Secrets:
    """Secrets by host, as a table or as ``HOST=KEY,...``."""
    return Secrets({name.lower(): Secret(one) for name, one in _texts_by_name(value).items()})


def engines(value: object) -> Mapping[str, OwnEngine]:
    """Engines by name, as a table or as ``NAME=MODULE:FUNCTION,...``."""
    return {name: _engine(one) for name, one in _texts_by_name(value).items()}


def _engine(text: str) -> OwnEngine:
    found = ENGINE.fullmatch(text)
    if found is None:
        raise ValueError
    opener, python = found.groups()
    return OwnEngine(opener, path(python or ""))


def _named(text: str) -> tuple[str, str]:
    name, equals, value = text.strip().partition("=")
    if not equals:
        raise ValueError
    return name.strip(), value.strip()


def database_address(value: object) -> str:
    """The address of a PostgreSQL database, without a password."""
    if not isinstance(value, str):
        raise ValueError
    parts = urlsplit(value)
    if value and (parts.scheme != "postgresql" or parts.password is not None):
        raise ValueError
    return value


def yes_or_no(value: object) -> bool:
    """``true`` or ``false``."""
    if isinstance(value, bool):
        return value
    return {"true": True, "false": False}[str(value).lower()]


def names(value: object) -> tuple[str, ...]:
    """Some names, each once, as a list or separated by commas."""
    listed = value.split(",") if isinstance(value, str) else value
    if not isinstance(listed, list | tuple):
        raise ValueError
    found = [name(one) for one in cast("list[object]", listed)]
    if len(found) > MAX_NAMES:
        raise ValueError
    return tuple(dict.fromkeys(one for one in found if one))


def name(value: object) -> str:
    """One name that can be printed."""
    if not isinstance(value, str) or len(value) > MAX_NAME_CHARACTERS or not value.isprintable():
        raise ValueError
    return value.strip()


def web_address(value: object) -> Secret:
    """An address that begins with ``https://`` or ``http://``; never shown."""
    if not isinstance(value, str):
        raise ValueError
    parts = urlsplit(value)
    if value and (parts.scheme not in ("http", "https") or not parts.hostname):
        raise ValueError
    return Secret(value)


def proxy_address(value: object) -> Secret:
    """An address that begins with ``http://``; never shown."""
    proxy = web_address(value)
    if proxy.value and not proxy.value.startswith("http://"):
        raise ValueError
    return proxy


def mail_addresses(value: object) -> tuple[str, ...]:
    """Addresses of mail, as a list or separated by commas."""
    return tuple(mail_address(one) for one in names(value))


def mail_address(value: object) -> str:
    """One address of mail."""
    address = name(value)
    if address and (address.count("@") != 1 or " " in address or "@" in (address[0], address[-1])):
        raise ValueError
    return address


def mail_server(value: object) -> str:
    """``host:port`` or ``smtps://host:port``."""
    if not isinstance(value, str):
        raise ValueError
    parts = urlsplit(value if "://" in value else f"smtp://{value}")
    if value and (parts.scheme not in ("smtp", "smtps") or not parts.hostname or not parts.port):
        raise ValueError
    return value
