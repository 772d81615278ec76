"""Reminders and reports that were sent: one of a kind a day, however many processes there are."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date, datetime
from typing import NamedTuple

import sqlalchemy as sa

from limner.store import schema
from limner.store.database import reading, transaction

_messages = schema.messages.c

_messages = schema.messages.c


class SentMessage(NamedTuple):
    """A message that was sent, and what came of each channel: channel, to whom, why not."""

    kind: str
    day: date
    sent_at: datetime
    told: tuple[tuple[str, str, str], ...]


class Messages:
    """The messages of one database.

    Args:
        engine: of the store's database.
    """

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def claim(self, kind: str, day: date, now: datetime) -> bool:
        """Take it on to send the message of a kind and day; false where that was taken on before.

        Who took it on and dies leaves it unsent: a message twice would be worse.
        """
        with transaction(self._engine) as connection:
            if connection.scalar(sa.select(sa.exists().where(*_is(kind, day)))):
                return False
            row = {
                "kind": kind,
                "day": day.isoformat(),
                "sent_at": now.isoformat(),
                "told": "[]",
            }
            connection.execute(schema.messages.insert().values(row))
        return True

    def note(self, kind: str, day: date, told: Sequence[tuple[str, str, str]]) -> None:
        """Write down what came of each channel."""
        text = json.dumps(list(told), ensure_ascii=False)
        with transaction(self._engine) as connection:
            change = schema.messages.update().where(*_is(kind, day)).values(told=text)
            connection.execute(change)

    def last(self, kind: str) -> SentMessage | None:
        """The newest of a kind; ``None`` for none."""
        query = schema.messages.select().where(_messages.kind == kind)
        with reading(self._engine) as connection:
            row = connection.execute(query.order_by(_messages.day.desc()).limit(1)).one_or_none()
        if row is None:
            return None
        told = tuple((str(one[0]), str(one[1]), str(one[2])) for one in json.loads(row.told))
        sent_at = datetime.fromisoformat(row.sent_at)
        return SentMessage(row.kind, date.fromisoformat(row.day), sent_at, told)


def _is(kind: str, day: date) -> tuple[sa.ColumnElement[bool], ...]:
    return _messages.kind == kind, _messages.day == day.isoformat()
