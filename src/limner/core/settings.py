"""Settings: one frozen record, read once, loud about mistakes.

Order: default, then the file ``settings.toml`` in the data folder, then environment variables
``LIMNER_<NAME>``. This is the only module that reads the environment. It creates no folders.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from limner.core import setting_values as values
from limner.core.errors import SettingInvalid
from limner.core.labels import LabelPosition, LabelSize
from limner.core.setting_values import (
    MAX_NAME_CHARACTERS,
    MAX_NAMES,
    OwnEngine,
    Secret,
    Secrets,
)

SETTINGS_FILE = "settings.toml"
LOOPBACK = "127.0.0.1"
PRECISIONS = ("auto", "int8", "bf16", "f16", "f32")
PROXY_VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything a person can set that is not part of a request.

    Attributes:
        home: data folder; images, database and wildcards live in it. Environment only.
        num_threads: threads for drawing; 0 takes every core the process may use.
        batch_size: most pictures drawn together; 0 leaves it to the generator.
        precision: of the model inside: ``auto`` takes the fastest that is near enough on this
            machine, ``f32`` is the same on every machine.
        max_input_megapixels: larger pictures are not opened.
        criteria: ``auto``, ``personal``, ``team``, or the path of a criteria file. ``auto`` takes
            ``criteria.yaml`` in the data folder if it is there, else ``personal``.
        database: address of a PostgreSQL database for a team, such as
            ``postgresql://limner@db.example/limner``; empty keeps a file in the data folder.
        database_password: of the user in that address.
        signing_chain: PEM file of a certificate to seal with and its issuers; ``None`` seals with
            this install's own keys.
        signing_key: PEM file of its key.
        mark: whether drawn pictures get an invisible mark.
        label: whether drawn pictures get a visible label where a request does not say.
        label_position: the corner it stands in; `label_size` how large its words are.
        reviewer: name under which review cards are answered and images are asked for; empty takes
            the system's name of the user.
        model_names: further names the model may be called by over HTTP, where clients know one
            name only.
        hosts: names the server answers to besides loopback, such as ``studio.example``.
        anyone_may_verify: whether the server verifies files for those without a token.
        diffusers_python: interpreter of an environment with ``limner[diffusers]``; ``None`` takes
            this one. `sdcpp_python` the same with ``limner[sdcpp]``.
        engine_memory_mb: most memory an engine's process may take, in millions of bytes; 0 sets no
            limit.
        engine_idle_seconds: after which an engine's process that nobody uses ends; 0 keeps it.
        engines: further engines, ``module:function`` by the name that forms call them by, with
            ``@`` and the path of an interpreter behind where they live in an environment of their
            own; each runs in a process of its own. A table in the file;
            ``NAME=MODULE:FUNCTION,...`` in the environment.
        service_keys: what services that draw ask for, by host, such as ``api.example.com``; a key
            is sent to its own host only. A table in the file; ``HOST=KEY,...`` in the environment.
        service_proxy: address of an HTTP proxy that such services are called through, such as
            ``http://name:password@proxy.example:3128``; empty calls them without. Services on this
            machine are always called without.
        watch_run_length: images between false alarms of watching; smaller is more watchful.
        watch_window: images that are tested together.
        watch_minutes: after which a worker reads the streams again; 0 leaves it to
            `limner watch run`.
        canary_hours: after which an idle worker draws canary sets again, besides after every
            upgrade; 0 leaves both to `limner watch redraw`.
        alert_webhook: address that alarms, reminders and reports are sent to as JSON; a secret,
            since many carry a key.
        alert_email: addresses that the same is written to; `alert_sender` is who writes.
        alert_smtp: mail server, as ``host:port``; ``smtps://host:port`` speaks TLS from the start.
        alert_smtp_user, alert_smtp_password: to sign in there; empty signs nobody in.
        report_days: after which a worker reports what came of the work and what is due; 0 never.
        sources: where each value came from, by name: ``default``, the file, or the variable.
    """

    home: Path
    num_threads: int
    batch_size: int
    precision: str
    max_input_megapixels: int
    criteria: str
    database: str
    database_password: Secret
    signing_chain: Path | None
    signing_key: Path | None
    mark: bool
    label: bool
    label_position: LabelPosition
    label_size: LabelSize
    reviewer: str
    model_names: tuple[str, ...]
    hosts: tuple[str, ...]
    anyone_may_verify: bool
    diffusers_python: Path | None
    sdcpp_python: Path | None
    engine_memory_mb: int
    engine_idle_seconds: int
    engines: Mapping[str, OwnEngine]
    service_keys: Secrets
    service_proxy: Secret
    watch_run_length: int
    watch_window: int
    watch_minutes: int
    canary_hours: int
    alert_webhook: Secret
    alert_email: tuple[str, ...]
    alert_sender: str
    alert_smtp: str
    alert_smtp_user: str
    alert_smtp_password: Secret
    report_days: int
    sources: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingRule:
    """How one setting is read: its default, its parser, and the words for what is allowed."""

    default: object
    parse: Callable[[object], object]
    allowed: str
    is_secret: bool = False


RULES: Mapping[str, SettingRule] = {
    "num_threads": SettingRule(
        default=0, parse=values.whole_number(0, 1024), allowed="a whole number from 0 to 1024"
    ),
    "batch_size": SettingRule(
        default=0, parse=values.whole_number(0, 64), allowed="a whole number from 0 to 64"
    ),
    "precision": SettingRule(
        default="auto", parse=values.one_of(PRECISIONS), allowed=", ".join(PRECISIONS)
    ),
    "max_input_megapixels": SettingRule(
        default=64, parse=values.whole_number(1, 1000), allowed="a whole number from 1 to 1000"
    ),
    "criteria": SettingRule(
        default="auto", parse=values.some_text, allowed="auto, personal, team or a path"
    ),
    "database": SettingRule(
        default="",
        parse=values.database_address,
        allowed="postgresql://user@host/name, its password in the setting 'database_password'",
    ),
    "database_password": SettingRule(
        default=Secret(""), parse=values.secret, allowed="text", is_secret=True
    ),
    "signing_chain": SettingRule(default=None, parse=values.path, allowed="the path of a PEM file"),
    "signing_key": SettingRule(default=None, parse=values.path, allowed="the path of a PEM file"),
    "mark": SettingRule(default=True, parse=values.yes_or_no, allowed="true or false"),
    "label": SettingRule(default=False, parse=values.yes_or_no, allowed="true or false"),
    "label_position": SettingRule(
        default=LabelPosition.BOTTOM_RIGHT, parse=LabelPosition, allowed=", ".join(LabelPosition)
    ),
    "label_size": SettingRule(
        default=LabelSize.MEDIUM, parse=LabelSize, allowed=", ".join(LabelSize)
    ),
    "reviewer": SettingRule(
        default="", parse=values.name, allowed=f"a name of up to {MAX_NAME_CHARACTERS} characters"
    ),
    "model_names": SettingRule(
        default=(
            "default",
            "gpt-image-1",
            "gpt-image-1-mini",
            "gpt-image-1.5",
            "gpt-image-2",
            "chatgpt-image-latest",
            "dall-e-3",
            "dall-e-2",
        ),
        parse=values.names,
        allowed=f"up to {MAX_NAMES} names, separated by commas",
    ),
    "hosts": SettingRule(
        default=(), parse=values.names, allowed="names of hosts, separated by commas"
    ),
    "anyone_may_verify": SettingRule(
        default=False, parse=values.yes_or_no, allowed="true or false"
    ),
    "diffusers_python": SettingRule(
        default=None, parse=values.path, allowed="the path of a Python interpreter"
    ),
    "sdcpp_python": SettingRule(
        default=None, parse=values.path, allowed="the path of a Python interpreter"
    ),
    "engine_memory_mb": SettingRule(
        default=0,
        parse=values.whole_number(0, 100_000_000),
        allowed="a whole number from 0 to 100000000",
    ),
    "engine_idle_seconds": SettingRule(
        default=300,
        parse=values.whole_number(0, 604_800),
        allowed="a whole number from 0 to 604800",
    ),
    "engines": SettingRule(
        default={},
        parse=values.engines,
        allowed="module:function, or module:function@interpreter, by the name of an engine",
    ),
    "service_keys": SettingRule(
        default=Secrets({}), parse=values.secrets, allowed="a key for each host", is_secret=True
    ),
    "service_proxy": SettingRule(
        default=Secret(""),
        parse=values.proxy_address,
        allowed="an address that begins with http://",
        is_secret=True,
    ),
    "watch_run_length": SettingRule(
        default=10_000,
        parse=values.whole_number(500, 1_000_000),
        allowed="a whole number from 500 to 1000000",
    ),
    "watch_window": SettingRule(
        default=100, parse=values.whole_number(30, 400), allowed="a whole number from 30 to 400"
    ),
    "watch_minutes": SettingRule(
        default=10, parse=values.whole_number(0, 10_080), allowed="a whole number from 0 to 10080"
    ),
    "canary_hours": SettingRule(
        default=24, parse=values.whole_number(0, 8_760), allowed="a whole number from 0 to 8760"
    ),
    "alert_webhook": SettingRule(
        default=Secret(""),
        parse=values.web_address,
        allowed="an address that begins with https:// or http://",
        is_secret=True,
    ),
    "alert_email": SettingRule(
        default=(), parse=values.mail_addresses, allowed="e-mail addresses, separated by commas"
    ),
    "alert_sender": SettingRule(default="", parse=values.mail_address, allowed="an e-mail address"),
    "alert_smtp": SettingRule(
        default="", parse=values.mail_server, allowed="host:port or smtps://host:port"
    ),
    "alert_smtp_user": SettingRule(default="", parse=values.name, allowed="a name"),
    "alert_smtp_password": SettingRule(
        default=Secret(""), parse=values.secret, allowed="text", is_secret=True
    ),
    "report_days": SettingRule(
        default=7, parse=values.whole_number(0, 366), allowed="a whole number from 0 to 366"
    ),
}


def read_settings(
    *,
    default_home: Path,
    home: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> Settings:
    """Settings from the data folder's file and the environment.

    Args:
        default_home: data folder when ``LIMNER_HOME`` is not set.
        home: data folder whatever ``LIMNER_HOME`` says.
        environment: variables by name; the process's own when left out.

    Raises:
        SettingInvalid: unknown name, value that is not allowed, or a file that is not TOML.
    """
    variables = os.environ if environment is None else environment
    home, home_source = _home(home, variables.get("LIMNER_HOME", ""), default_home)
    given: dict[str, Any] = {"home": home}
    sources = {"home": home_source}
    for name, rule in RULES.items():
        given[name], sources[name] = rule.default, "default"
    for source, name, value in [*_from_file(home), *_from_environment(variables)]:
        given[name], sources[name] = _parsed(source, name, value), source
    return Settings(**given, sources=sources)


def exempt_loopback_from_proxies(environment: MutableMapping[str, str] | None = None) -> None:
    """Let requests to this machine itself go to it, not to a proxy that variables name.

    Native libraries read those variables on their own. Without a proxy nothing is changed.

    Args:
        environment: variables by name; the process's own when left out.
    """
    variables = os.environ if environment is None else environment
    if not any(name.upper() in PROXY_VARIABLES and value for name, value in variables.items()):
        return
    for name in ("NO_PROXY", "no_proxy"):
        exempt = [one for one in variables.get(name, "").split(",") if one.strip()]
        if LOOPBACK not in exempt:
            variables[name] = ",".join([*exempt, LOOPBACK])


def _home(home: Path | None, variable: str, default_home: Path) -> tuple[Path, str]:
    if home is not None:
        return home.expanduser().absolute(), "argument"
    if variable:
        return Path(variable).expanduser().absolute(), "LIMNER_HOME"
    return default_home, "default"


def _from_file(home: Path) -> list[tuple[str, str, object]]:
    path = home / SETTINGS_FILE
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return []
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise SettingInvalid(
            f"The settings file {str(path)!r} cannot be read: {error}.",
            hint="Correct the file or remove it.",
        ) from error
    return [(str(path), name, value) for name, value in document.items()]


def _from_environment(variables: Mapping[str, str]) -> list[tuple[str, str, object]]:
    prefix = "LIMNER_"
    return [
        (variable, variable.removeprefix(prefix).lower(), value)
        for variable, value in variables.items()
        if variable.startswith(prefix) and variable != "LIMNER_HOME"
    ]


def _parsed(source: str, name: str, value: object) -> object:
    rule = RULES.get(name)
    if rule is None:
        raise SettingInvalid(
            f"Unknown setting {name!r} in {source}; known settings are {', '.join(RULES)}.",
            hint="Run `limner settings` to see every setting.",
        )
    try:
        return rule.parse(value)
    except (ValueError, KeyError) as error:
        told = "not shown here" if rule.is_secret or "@" in str(value) else repr(value)
        raise SettingInvalid(
            f"Setting {name!r} in {source} is {told}; allowed is {rule.allowed}."
        ) from error


SETTING_NAMES = tuple(one.name for one in fields(Settings) if one.name != "sources")
