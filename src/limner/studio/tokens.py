"""Tokens: making them, finding whose one is, ending them. A token is shown once and never kept."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import NamedTuple

import sqlalchemy as sa

from limner.core.access import Principal, Scope, scopes_of
from limner.core.errors import BadInput, NotFound
from limner.core.hashing import sha256_of_bytes
from limner.core.settings import MAX_NAME_CHARACTERS
from limner.store.tokens import (
    TokenKind,
    TokenRecord,
    add_token,
    find_by_hash,
    find_token,
    list_tokens,
    revoke_links,
    revoke_token,
)
from limner.studio.parts import Parts

PREFIX = "limner_"  # so that a token left in a file or a log is found by those who look
TOKEN_BYTES = 32
TOKEN_ID_BYTES = 4
MAX_TOKEN_CHARACTERS = 200  # nothing longer is even hashed
MAX_DAYS = 3650
SESSION_LASTS = timedelta(days=30)


class NewToken(NamedTuple):
    """A token just made: its text, which is nowhere else, and its record."""

    text: str
    record: TokenRecord


class Tokens:
    """The tokens of a data folder.

    Args:
        parts: of the studio.
    """

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def create(self, name: str, scopes: Iterable[str], *, num_days: int | None = None) -> NewToken:
        """Make a token for a person or a program.

        Args:
            name: whose it is; tokens of one name see the same jobs and images.
            scopes: names of scopes or roles.
            num_days: after which it ends; ``None`` for never.

        Raises:
            BadInput: name, scope or number of days is not allowed.
        """
        _require_name(name)
        if num_days is not None and not 1 <= num_days <= MAX_DAYS:
            raise BadInput(
                f"The number of days is {num_days!r}; allowed are 1 to {MAX_DAYS}.",
                code="days_invalid",
            )
        lasts = None if num_days is None else timedelta(days=num_days)
        return self._make(TokenKind.TOKEN, name, scopes_of(scopes), lasts)

    def create_link(self, name: str) -> NewToken:
        """Make the token of a starting server's link; the links of earlier starts end."""
        with self._parts.store.tokens.writing() as connection:
            revoke_links(connection, self._parts.read_clock())
        return self._make(TokenKind.LINK, name, frozenset(Scope), None)

    def open_session(self, text: str) -> NewToken | None:
        """A browser's own token in exchange for a token in force; ``None`` if it is not."""
        record = self._find(text)
        if record is None or record.kind is TokenKind.SESSION:
            return None
        is_link = record.kind is TokenKind.LINK  # a session outlives the start it began with
        made_from = None if is_link else record.token_id
        return self._make(TokenKind.SESSION, record.name, record.scopes, SESSION_LASTS, made_from)

    def principal(self, text: str) -> Principal | None:
        """Whose token this is; ``None`` unless it is in force."""
        record = self._find(text)
        if record is None:
            return None
        return Principal(name=record.name, scopes=record.scopes, token_id=record.token_id)

    def is_in_force(self, token_id: str) -> bool:
        """Whether a token that was found before still holds."""
        with self._parts.store.tokens.reading() as connection:
            record = find_token(connection, token_id)
            return record is not None and self._is_in_force(connection, record)

    def list(self) -> list[TokenRecord]:
        """Every token that people made, oldest first; revoked ones too."""
        with self._parts.store.tokens.reading() as connection:
            return list_tokens(connection, TokenKind.TOKEN)

    def revoke(self, token_id: str) -> TokenRecord:
        """End a token, and the sessions made from it, at once.

        Raises:
            NotFound: there is no such token.
        """
        with self._parts.store.tokens.writing() as connection:
            revoke_token(connection, token_id, self._parts.read_clock())
            record = find_token(connection, token_id)
        if record is None:
            raise NotFound(
                f"There is no token {token_id!r}.",
                code="token_unknown",
                hint="`limner tokens list` shows every token with its id.",
            )
        return record

    def end_session(self, token_id: str) -> None:
        """End a browser's session; a token of another kind stays in force."""
        with self._parts.store.tokens.writing() as connection:
            record = find_token(connection, token_id)
            if record is not None and record.kind is TokenKind.SESSION:
                revoke_token(connection, token_id, self._parts.read_clock())

    def _find(self, text: str) -> TokenRecord | None:
        if not text.startswith(PREFIX) or len(text) > MAX_TOKEN_CHARACTERS:
            return None
        with self._parts.store.tokens.reading() as connection:
            record = find_by_hash(connection, _hash_of(text))
            if record is None or not self._is_in_force(connection, record):
                return None
        return record

    def _is_in_force(self, connection: sa.Connection, record: TokenRecord) -> bool:
        """Whether a token holds, and the one it was made from too."""
        now = self._parts.read_clock()
        if not record.is_in_force(now):
            return False
        if record.made_from is None:
            return True
        parent = find_token(connection, record.made_from)
        return parent is not None and parent.is_in_force(now)

    def _make(
        self,
        kind: TokenKind,
        name: str,
        scopes: frozenset[Scope],
        lasts: timedelta | None,
        made_from: str | None = None,
    ) -> NewToken:
        now: datetime = self._parts.read_clock()
        text = PREFIX + secrets.token_urlsafe(TOKEN_BYTES)
        record = TokenRecord(
            token_id=secrets.token_hex(TOKEN_ID_BYTES),
            kind=kind,
            name=name,
            scopes=scopes,
            created_at=now,
            expires_at=None if lasts is None else now + lasts,
            revoked_at=None,
            made_from=made_from,
        )
        with self._parts.store.tokens.writing() as connection:
            add_token(connection, record, _hash_of(text))
        return NewToken(text, record)


def _hash_of(text: str) -> str:
    return sha256_of_bytes(text.encode())


def _require_name(name: str) -> None:
    if not 1 <= len(name) <= MAX_NAME_CHARACTERS or not name.isprintable() or name != name.strip():
        raise BadInput(
            f"The name is {name!r}; allowed are 1 to {MAX_NAME_CHARACTERS} printable characters "
            "without spaces at the ends.",
            code="name_invalid",
        )
