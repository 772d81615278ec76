"""Where a request may come from: names this server answers to, and pages of its own.

The check of the Host header defeats DNS rebinding, that of Origin and Sec-Fetch-Site requests that
other sites make browsers send. Programs send neither of the last two, and need a token anyway.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import NamedTuple, Self
from urllib.parse import urlsplit

from limner.core.errors import NotAllowed

LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
READING = frozenset({"GET", "HEAD", "OPTIONS"})
_DEFAULT_PORTS = {"http": 80, "https": 443}


class Host(NamedTuple):
    """Name and port of a Host header or an origin; the name in lower case, without brackets."""

    name: str
    port: int | None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Host from ``name``, ``name:port`` or ``[address]:port``; an empty name for nonsense."""
        try:
            parts = urlsplit(f"//{text}")
            name, port = parts.hostname or "", parts.port
        except ValueError:
            return cls("", None)
        if parts.path or parts.query or parts.fragment or parts.username is not None:
            return cls("", None)
        return cls(name.rstrip("."), port)


def require_known_host(headers: Mapping[str, str], known_names: Collection[str]) -> None:
    """Refuse a request that names a host this server is not.

    Raises:
        NotAllowed: the Host header is missing, or names neither loopback nor a configured host.
    """
    host = headers.get("host", "")
    if Host.parse(host).name not in known_names:
        raise NotAllowed(
            f"This server does not answer to the name {host[:200]!r}.",
            code="host_unknown",
            hint="Add the name to the setting `hosts`.",
        )


def require_own_pages(method: str, headers: Mapping[str, str], hosts: Collection[str]) -> None:
    """Refuse what another site made a browser send; following a link to here is allowed.

    Args:
        method: of the request.
        headers: with names in lower case.
        hosts: configured names; a page under one of them is our own whatever its port.

    Raises:
        NotAllowed: it came from another site.
    """
    origin = headers.get("origin")
    is_foreign = origin is not None and not _is_own(origin, headers.get("host", ""), hosts)
    is_followed = method in READING and headers.get("sec-fetch-mode") == "navigate"
    came_from = headers.get("sec-fetch-site", "none")
    if is_foreign or (
        origin is None and came_from in ("cross-site", "same-site") and not is_followed
    ):
        raise NotAllowed("Another site asked for this; that is refused.", code="cross_site")


def require_same_origin(method: str, headers: Mapping[str, str]) -> None:
    """Refuse a change under a cookie unless the browser says that our own page asked for it.

    Call it after `require_own_pages`, which refuses every foreign origin.

    Raises:
        NotAllowed: the browser said nothing.
    """
    says_so = "origin" in headers or headers.get("sec-fetch-site") == "same-origin"
    if method not in READING and not says_so:
        raise NotAllowed(
            "With a cookie, changes are taken from this server's own pages only.",
            code="cross_site",
            hint="Programs send a token instead of a cookie.",
        )


def _is_own(origin: str, host: str, hosts: Collection[str]) -> bool:
    scheme, separator, rest = origin.partition("://")
    default = _DEFAULT_PORTS.get(scheme)
    if not separator or default is None:
        return False
    asking, asked = Host.parse(rest), Host.parse(host)
    if not asking.name:
        return False
    same_port = (asking.port or default) == (asked.port or default)
    return (asking.name == asked.name and same_port) or asking.name in hosts
