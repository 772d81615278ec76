"""Who serves under an alias, pausing, and giving it back: inside the caller's transaction.

An alias points at the version that was promoted last. Where that is not active any more, the one
before it that still is serves in its place.
"""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa

from limner.core.errors import StageRefused
from limner.core.models import (
    DEFAULT_ALIAS,
    Cause,
    EventKind,
    ModelEvent,
    ModelState,
    ModelVersion,
    Stage,
)
from limner.store.models import alias_moves, find_aliases, find_states, move, point_alias

ALIAS = "alias"  # key in a version's card


class Paused(NamedTuple):
    """A version that was paused, as it stands now, and to whom its aliases were given back."""

    state: ModelState
    given_back: dict[str, ModelVersion]


def alias_of(version: ModelVersion) -> str:
    """The alias a version serves under once it is active."""
    return str(version.card.get(ALIAS, DEFAULT_ALIAS))


def last_good(connection: sa.Connection, alias: str, *, without: str = "") -> ModelState | None:
    """The version that served last under an alias and is still active; ``None`` where none is.

    Args:
        connection: of the store's database.
        alias: name.
        without: hash of a version that does not count.
    """
    states = {one.version.sha256: one for one in find_states(connection)}
    for moved in reversed(alias_moves(connection, alias)):
        state = states[moved.model_sha256]
        if state.stage is Stage.ACTIVE and moved.model_sha256 != without:
            return state
    return None


def pause_version(
    connection: sa.Connection,
    version: ModelVersion,
    cause: Cause,
    now: datetime,
    *,
    note: str,
    by: str = "",
) -> Paused:
    """Pause a version, and give every alias that points at it back to the last good one.

    This is the one way to pause: people, rules and alarms all come through here.

    Raises:
        StageRefused: it is paused already.
    """
    event = ModelEvent(
        kind=EventKind.MOVED, happened_at=now, stage=Stage.PAUSED, cause=cause, note=note, by=by
    )
    state, given_back = move(connection, version.sha256, event), dict[str, ModelVersion]()
    for alias, sha256 in find_aliases(connection).items():
        earlier = last_good(connection, alias) if sha256 == version.sha256 else None
        if earlier is not None:
            point_alias(connection, alias, earlier.version, now)
            given_back[alias] = earlier.version
    return Paused(state, given_back)


def require_earlier(connection: sa.Connection, alias: str, version: ModelVersion) -> None:
    """Refuse to take away what has nothing before it.

    Raises:
        StageRefused: there is no earlier version that is still active.
    """
    if last_good(connection, alias, without=version.sha256) is None:
        raise StageRefused(
            f"There is no earlier active version to give {alias!r} back to; without "
            f"{version.label} nothing would serve."
        )
