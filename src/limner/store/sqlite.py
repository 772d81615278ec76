"""What SQLite needs: its pragmas, and the way its transactions begin."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.exc import OperationalError

from limner.core.errors import StorageUnavailable

DATABASE_FILE = "limner.sqlite3"
MAX_CONNECTIONS = 64  # at once, for a server whose threads read side by side
BUSY_SECONDS = 30.0  # how long to wait for another process that is writing
PRAGMAS = (
    "journal_mode = WAL",
    "foreign_keys = ON",
    "secure_delete = ON",  # what is erased is overwritten
)


def connect(home: Path) -> sa.Engine:
    """Engine on the file in `home`."""
    url = sa.URL.create("sqlite", database=str(home / DATABASE_FILE))
    engine = sa.create_engine(
        url,
        connect_args={"timeout": BUSY_SECONDS},
        pool_size=MAX_CONNECTIONS,
        max_overflow=0,
        hide_parameters=True,  # of a statement that fails; they may hold a prompt
    )
    event.listen(engine, "connect", _set_pragmas)
    return engine


def begin_reading(connection: sa.Connection) -> None:
    """Begin a transaction that sees one state."""
    _execute(connection, "BEGIN")


def begin_writing(connection: sa.Connection, *, is_lasting: bool) -> None:
    """Begin a transaction that writes; it waits for its turn here, not at its first write."""
    _execute(connection, f"PRAGMA synchronous = {'FULL' if is_lasting else 'NORMAL'}")
    _execute(connection, "BEGIN IMMEDIATE")


def empty_log(engine: sa.Engine) -> None:
    """Move the write-ahead log into the database file and cut it to nothing.

    Deleted rows are overwritten in the file, but until then the log still has them.

    Raises:
        StorageUnavailable: another process is reading, so the log stays.
    """
    raw = engine.raw_connection()
    try:
        is_busy = raw.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
    finally:
        raw.close()
    if is_busy:
        raise StorageUnavailable(
            "What was erased is still in the log of the database: another process is using it.",
            hint="End it and erase again.",
            retryable=True,
        )


def reason_of(said: BaseException | None) -> str:
    """What the database said, in one line."""
    return str(said).strip()


def is_passing(said: BaseException | None) -> bool:
    """Whether the same may work later: another process was writing."""
    return "locked" in reason_of(said)


def is_of_text(_said: BaseException | None) -> bool:
    """Whether a text was refused for a character in it; here none is."""
    return False


def _execute(connection: sa.Connection, statement: str) -> None:
    """Execute what has no result, past what SQLAlchemy does around every statement."""
    try:
        connection.connection.cursor().execute(statement)
    except sqlite3.Error as error:
        raise OperationalError(statement, None, error) from error


def _set_pragmas(connection: Any, _record: object) -> None:  # noqa: ANN401 - DB-API object
    connection.isolation_level = None  # SQLAlchemy's begin event starts transactions
    for pragma in PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")
