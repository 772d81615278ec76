"""Tokens as rows: their hash, never themselves, with whose they are and what they allow.

Every function works inside the caller's transaction. A token has 256 random bits, so that a plain
SHA-256 of it gives nothing away.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa

from limner.core.access import Scope
from limner.store import schema
from limner.store.database import reading, transaction

_column = schema.tokens.c
_BY_HASH = schema.tokens.select().where(_column.token_sha256 == sa.bindparam("this_hash"))


class TokenKind(StrEnum):
    """How a token came about."""

    TOKEN = "token"  # made by a person, for a person or a program
    LINK = "link"  # in the link that a starting server prints; ends when the next one starts
    SESSION = "session"  # in a browser's cookie


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRecord:
    """One token, without the token.

    Attributes:
        name: whose it is.
        expires_at: ``None`` for never; `revoked_at` is ``None`` while it was not revoked.
        made_from: token a session was made from, and with which it ends.
    """

    token_id: str
    kind: TokenKind
    name: str
    scopes: frozenset[Scope]
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    made_from: str | None

    def is_in_force(self, now: datetime) -> bool:
        """Whether it is neither revoked nor expired."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


class TokenRows:
    """The tokens of one database, for the studio.

    Args:
        engine: of the store's database.
    """

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    @contextmanager
    def writing(self) -> Generator[sa.Connection]:
        """A write transaction; raises StorageUnavailable."""
        with transaction(self._engine) as connection:
            yield connection

    @contextmanager
    def reading(self) -> Generator[sa.Connection]:
        """A read transaction; raises StorageUnavailable."""
        with reading(self._engine) as connection:
            yield connection


def add_token(connection: sa.Connection, record: TokenRecord, token_sha256: str) -> None:
    """Store a token by its hash."""
    row = {
        "token_id": record.token_id,
        "token_sha256": token_sha256,
        "kind": str(record.kind),
        "name": record.name,
        "scopes": " ".join(sorted(record.scopes)),
        "created_at": record.created_at.isoformat(),
        "expires_at": None if record.expires_at is None else record.expires_at.isoformat(),
        "made_from": record.made_from,
    }
    connection.execute(schema.tokens.insert().values(row))


def find_by_hash(connection: sa.Connection, token_sha256: str) -> TokenRecord | None:
    """The token with this hash, whether or not it is in force."""
    row = connection.execute(_BY_HASH, {"this_hash": token_sha256}).one_or_none()
    return None if row is None else _record_of(row)


def find_token(connection: sa.Connection, token_id: str) -> TokenRecord | None:
    """The token with this id."""
    query = schema.tokens.select().where(_column.token_id == token_id)
    row = connection.execute(query).one_or_none()
    return None if row is None else _record_of(row)


def list_tokens(connection: sa.Connection, kind: TokenKind) -> list[TokenRecord]:
    """Every token of a kind, oldest first."""
    query = schema.tokens.select().where(_column.kind == str(kind))
    rows = connection.execute(query.order_by(_column.created_at, _column.token_id))
    return [_record_of(row) for row in rows]


def revoke_token(connection: sa.Connection, token_id: str, now: datetime) -> None:
    """End a token and the sessions made from it; what was revoked before keeps its time."""
    ended = sa.or_(_column.token_id == token_id, _column.made_from == token_id)
    _revoke(connection, ended, now)


def revoke_links(connection: sa.Connection, now: datetime) -> None:
    """End every link of earlier starts; the sessions made from them go on."""
    _revoke(connection, _column.kind == str(TokenKind.LINK), now)


def _revoke(connection: sa.Connection, which: sa.ColumnElement[bool], now: datetime) -> None:
    change = schema.tokens.update().where(which, _column.revoked_at.is_(None))
    connection.execute(change.values(revoked_at=now.isoformat()))


def _record_of(row: sa.Row[tuple[object, ...]]) -> TokenRecord:
    return TokenRecord(
        token_id=row.token_id,
        kind=TokenKind(row.kind),
        name=row.name,
        scopes=frozenset(Scope(one) for one in row.scopes.split()),
        created_at=datetime.fromisoformat(row.created_at),
        expires_at=None if row.expires_at is None else datetime.fromisoformat(row.expires_at),
        revoked_at=None if row.revoked_at is None else datetime.fromisoformat(row.revoked_at),
        made_from=row.made_from,
    )
