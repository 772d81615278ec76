"""Which entries of the rights register block a request or an image, and which images one affects.

Queries only, but for one thing: that an entry has expired is noted when it is first seen, so that
a clock that jumps back does not bring it to life again. The rules are in core/rights.py.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any, NamedTuple, TypeVar, cast

import sqlalchemy as sa

from limner.core.deciding import Outcome
from limner.core.rights import (
    RightsKind,
    RightsMatch,
    RightsState,
    find_blocker,
    keys_of,
    state_of_entry,
    word_runs,
)
from limner.store import schema
from limner.store.ledger.appending import append_entries
from limner.store.ledger.entries import Draft, Kind

EXPIRED = str(RightsState.EXPIRED)
ENFORCED = "enforced"  # what an entry covered that expired is blocked
SETTLED = (ENFORCED, str(RightsState.WITHDRAWN), str(RightsState.RENEWED))
MAX_VARIABLES = 500  # of one query

_Value = TypeVar("_Value", int, str)

_entries = schema.rights_entries.c
_texts = schema.rights_texts.c
_keys = schema.rights_keys.c
_events = schema.rights_events.c
_blocks = schema.rights_blocks.c
_images = schema.images.c
_seals = schema.seals.c
_decisions = schema.decisions.c
_ANY_ENTRY = sa.select(_entries.entry_id).limit(1)


class Because(NamedTuple):
    """What in an image an entry is about: ``name``, ``key``, or ``source``, itself affected."""

    how: str
    what: str | None


class Block(NamedTuple):
    """The entry an image is blocked by, and the decision that says so."""

    entry_id: int
    decision_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AffectedImage:
    """A stored image that an entry is about.

    Attributes:
        because: what led to it; for a name nothing is said, it is personal data.
        is_blocked: by the decision that holds.
    """

    image_id: str
    created_at: datetime
    because: Because
    is_blocked: bool


class _Drawn(NamedTuple):
    """What matters here of a stored image; `started_from` has hashes of pixels and of files."""

    image_id: str
    pixels_sha256: str
    created_at: str
    keys: frozenset[str]
    texts: tuple[str, ...]
    started_from: frozenset[str]


def blocker_of_request(
    connection: sa.Connection,
    *,
    texts: Iterable[str] = (),
    keys: Collection[str] = (),
    sources: Collection[str] = (),
    now: datetime,
) -> RightsMatch | None:
    """The entry that keeps a request from being drawn.

    Args:
        connection: reading or writing.
        texts: in which names are looked for.
        keys: of what it starts from and is drawn with.
        sources: hashes of what it starts from, pixels and files, which may be of an image that is
            blocked.
        now: the time now, UTC.
    """
    fitting = _fitting(connection, texts, keys)
    blocker = find_blocker(matches_of(connection, fitting, now)) if fitting else None
    return blocker or _blocker_of_sources(connection, sources, now)


def allowing_entries(
    connection: sa.Connection, keys: Collection[str], now: datetime
) -> dict[str, int]:
    """Of these keys those that a source, licence or consent in force is about, each with one.

    Args:
        connection: reading or writing.
        keys: hashes, or models.
        now: the time now, UTC.
    """
    fitting = _fitting(connection, (), keys)
    return {
        one.matched: one.entry_id
        for one in matches_of(connection, fitting, now)
        if one.kind is not RightsKind.OPT_OUT and one.state is RightsState.IN_FORCE
    }


def blocker_of_image(connection: sa.Connection, image_id: str, now: datetime) -> RightsMatch | None:
    """The entry that keeps a stored image from leaving: it, what it was drawn from, or its request.

    Args:
        connection: in the write transaction that decides about the image.
        image_id: of the image; one that is not stored is looked up by its id alone.
        now: the time now, UTC.
    """
    if not has_entries(connection):
        return None
    note_expired(connection, now)
    row = connection.execute(_drawn_rows().where(_images.image_id == image_id)).one_or_none()
    if row is None:
        return blocker_of_request(connection, keys=(image_id,), now=now)
    drawn = _drawn_of(row)
    return blocker_of_request(
        connection, texts=drawn.texts, keys=drawn.keys, sources=drawn.started_from, now=now
    )


def has_entries(connection: sa.Connection) -> bool:
    """Whether anything is registered."""
    return connection.scalar(_ANY_ENTRY) is not None


def blocked_sources(connection: sa.Connection, hashes: Collection[str]) -> dict[str, int]:
    """Of these hashes those of an image that is blocked, with the entry it is blocked by.

    Args:
        connection: reading or writing.
        hashes: of pixels, and of files as they left: another format has other pixels.
    """
    found: dict[str, int] = {}
    for some in _chunks(hashes):
        by_pixels = (
            sa.select(_images.pixels_sha256, _blocks.entry_id)
            .join(schema.rights_blocks, _blocks.image_id == _images.image_id)
            .where(_images.pixels_sha256.in_(some), _is_in_force())
        )
        by_file = (
            sa.select(_seals.sealed_sha256, _blocks.entry_id)
            .join(schema.rights_blocks, _blocks.image_id == _seals.image_id)
            .where(_seals.sealed_sha256.in_(some), _is_in_force())
        )
        for query in (by_pixels, by_file):
            found |= {one: entry_id for one, entry_id in connection.execute(query)}
    return found


def block_in_force(connection: sa.Connection, image_id: str) -> Block | None:
    """What an image is blocked by; ``None`` if it is not, or was released since."""
    query = sa.select(_blocks.entry_id, _blocks.decision_id)
    row = connection.execute(query.where(_blocks.image_id == image_id, _is_in_force())).first()
    return None if row is None else Block(*row)


def blocked_image_ids(connection: sa.Connection, image_ids: Collection[str]) -> set[str]:
    """Those of these images that are blocked."""
    found: set[str] = set()
    for some in _chunks(image_ids):
        query = sa.select(_blocks.image_id).where(_blocks.image_id.in_(some), _is_in_force())
        found |= set(connection.scalars(query))
    return found


def affected_images(connection: sa.Connection, entry_id: int) -> list[AffectedImage]:
    """Every stored image an entry is about, oldest first, and what was drawn from one of these.

    One pass over the recipes of all images.
    """
    name = connection.scalar(sa.select(_texts.folded_name).where(_texts.entry_id == entry_id))
    keys = frozenset(connection.scalars(sa.select(_keys.key).where(_keys.entry_id == entry_id)))
    blocked = set(connection.scalars(sa.select(_blocks.image_id).where(_is_in_force())))
    found: dict[str, tuple[_Drawn, Because]] = {}
    started: dict[str, list[_Drawn]] = {}
    query = _drawn_rows().execution_options(yield_per=1000)
    for drawn in map(_drawn_of, connection.execute(query)):
        because = _because(drawn, name, keys)
        if because is not None:
            found[drawn.image_id] = drawn, because
        for source in drawn.started_from:
            started.setdefault(source, []).append(drawn)
    for some in _chunks(started):
        sealed = sa.select(_seals.sealed_sha256, _seals.image_id)
        for file, image_id in connection.execute(sealed.where(_seals.sealed_sha256.in_(some))):
            started.setdefault(image_id, []).extend(started[file])
    _add_descendants(found, started)
    return [
        AffectedImage(
            image_id=drawn.image_id,
            created_at=datetime.fromisoformat(drawn.created_at),
            because=because,
            is_blocked=drawn.image_id in blocked,
        )
        for drawn, because in sorted(
            found.values(), key=lambda one: (one[0].created_at, one[0].image_id)
        )
    ]


def note_expired(connection: sa.Connection, now: datetime) -> None:
    """Append that entries have expired, once for each, with its entry in the ledger."""
    noted = sa.exists().where(_events.entry_id == _entries.entry_id, _events.event == EXPIRED)
    query = sa.select(_entries.entry_id).where(_entries.expires_at <= now.isoformat(), ~noted)
    ended = list(connection.scalars(query.order_by(_entries.entry_id)))
    if not ended:
        return
    row = {"event": EXPIRED, "happened_at": now.isoformat(), "document": "{}"}
    connection.execute(schema.rights_events.insert(), [row | {"entry_id": one} for one in ended])
    drafts = [
        Draft(
            kind=Kind.RIGHTS_CHANGE,
            document={"event": EXPIRED, "entry_id": one},
            subject=subject_of(one),
        )
        for one in ended
    ]
    append_entries(connection, drafts, recorded_at=now)


def has_unnoted_expiry(connection: sa.Connection, now: datetime) -> bool:
    """Whether `note_expired` would append something."""
    noted = sa.exists().where(_events.entry_id == _entries.entry_id, _events.event == EXPIRED)
    ended = sa.exists().where(_entries.expires_at <= now.isoformat(), ~noted)
    return connection.scalar(sa.select(ended)) is True


def unenforced_expiries(connection: sa.Connection, now: datetime) -> list[int]:
    """Entries that have expired, and what they covered was not blocked yet, oldest first.

    One that was noted as expired counts whatever the clock says now.
    """
    settled = sa.exists().where(_events.entry_id == _entries.entry_id, _events.event.in_(SETTLED))
    noted = sa.exists().where(_events.entry_id == _entries.entry_id, _events.event == EXPIRED)
    has_ended = sa.or_(_entries.expires_at <= now.isoformat(), noted)
    query = sa.select(_entries.entry_id).where(has_ended, ~settled)
    return list(connection.scalars(query.order_by(_entries.entry_id)))


def subject_of(entry_id: int) -> str:
    """What the ledger calls an entry of the register, and whose salts are its."""
    return f"rights:{entry_id}"


def matches_of(
    connection: sa.Connection, fitting: Sequence[tuple[int, str]], now: datetime
) -> Iterator[RightsMatch]:
    """Entries by their numbers, with what fits, as they stand now."""
    by_id: dict[int, sa.Row[tuple[object, ...]]] = {}
    events: dict[int, set[str]] = {}
    for some in _chunks({entry_id for entry_id, _ in fitting}):
        query = schema.rights_entries.select().where(_entries.entry_id.in_(some))
        by_id |= {row.entry_id: row for row in connection.execute(query)}
        happened = schema.rights_events.select().where(_events.entry_id.in_(some))
        for row in connection.execute(happened):
            events.setdefault(row.entry_id, set()).add(row.event)
    for entry_id, matched in fitting:
        row, seen = by_id[entry_id], events.get(entry_id, set())
        yield RightsMatch(
            entry_id=entry_id,
            kind=RightsKind(row.kind),
            state=state_of_entry(
                seen,
                expires_at=row.expires_at and datetime.fromisoformat(row.expires_at),
                now=now,
            ),
            matched=matched,
        )


def _fitting(
    connection: sa.Connection, texts: Iterable[str], keys: Collection[str]
) -> list[tuple[int, str]]:
    """Entries whose name stands in the texts or that have one of the keys, with what fits."""
    found: list[tuple[int, str]] = []
    for some in _chunks(frozenset[str]().union(*map(word_runs, texts))):
        query = sa.select(_texts.entry_id, _texts.folded_name).where(_texts.folded_name.in_(some))
        found += [(row.entry_id, row.folded_name) for row in connection.execute(query)]
    for some in _chunks(keys):
        query = sa.select(_keys.entry_id, _keys.key).where(_keys.key.in_(some))
        found += [(row.entry_id, row.key) for row in connection.execute(query)]
    return found


def _blocker_of_sources(
    connection: sa.Connection, started_from: Collection[str], now: datetime
) -> RightsMatch | None:
    blocked = blocked_sources(connection, started_from)
    fitting = [(entry_id, source) for source, entry_id in blocked.items()]
    return next(matches_of(connection, fitting, now), None)


def _is_in_force() -> sa.ColumnElement[bool]:
    """A block holds until its image is released; whoever refuses or holds it too lifts nothing."""
    later = sa.exists().where(
        _decisions.image_id == _blocks.image_id,
        _decisions.decision_id > _blocks.decision_id,
        _decisions.outcome == str(Outcome.RELEASED),
    )
    return ~later


def _drawn_rows() -> sa.Select[Any, Any, Any, Any]:
    return sa.select(_images.image_id, _images.pixels_sha256, _images.created_at, _images.recipe)


def _drawn_of(row: sa.Row[Any, Any, Any, Any]) -> _Drawn:
    recipe = cast(Mapping[str, object], json.loads(row.recipe))
    ingredients = cast(Mapping[str, str], recipe["ingredients"])
    started_from = {str(recipe[one]) for one in ("source_sha256", "mask_sha256") if recipe[one]}
    files = {str(recipe[one]) for one in ("source_file", "mask_file") if recipe.get(one)}
    adapters = cast("list[list[str]]", recipe.get("adapters") or [])
    worn = [one[2] for one in adapters]
    keys = keys_of(
        generator=str(recipe["generator"]),
        generator_version=str(recipe["generator_version"]),
        hashes=(
            *(row.image_id, row.pixels_sha256, *started_from),
            *(*files, *ingredients.values(), *worn),
        ),
    )
    return _Drawn(
        image_id=row.image_id,
        pixels_sha256=row.pixels_sha256,
        created_at=row.created_at,
        keys=keys,
        texts=tuple(str(recipe[one]) for one in ("prompt", "style") if recipe[one]),
        started_from=frozenset(started_from | files),
    )


def _because(drawn: _Drawn, name: str | None, keys: frozenset[str]) -> Because | None:
    shared = drawn.keys & keys
    if shared:
        return Because("key", min(shared))
    if name is not None and any(name in word_runs(text) for text in drawn.texts):
        return Because("name", None)
    return None


def _add_descendants(
    found: dict[str, tuple[_Drawn, Because]], started: Mapping[str, list[_Drawn]]
) -> None:
    """Add what was drawn from an affected image, and from that, and so on.

    `started` has what was drawn from what, by pixels or image_id.
    """
    waiting = [drawn for drawn, _ in found.values()]
    while waiting:
        source = waiting.pop()
        by_pixels, by_file = (
            started.get(one, []) for one in (source.pixels_sha256, source.image_id)
        )
        for drawn in (*by_pixels, *by_file):
            if drawn.image_id not in found:
                found[drawn.image_id] = drawn, Because("source", source.image_id)
                waiting.append(drawn)


def _chunks(values: Collection[_Value]) -> Iterator[list[_Value]]:
    left = iter(values)
    while some := list(islice(left, MAX_VARIABLES)):
        yield some
