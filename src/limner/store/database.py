"""The SQLite database: opening it, its pragmas, its migrations, its errors in our words."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.exc import DBAPIError

from limner.core.errors import StorageUnavailable
from limner.store.files import make_folder
from limner.store.schema import HEAD_REVISION

DATABASE_FILE = "limner.sqlite3"
READ_ONLY = "limner_read_only"
BUSY_SECONDS = 30.0  # how long to wait for another process that is writing
PRAGMAS = (
    "journal_mode = WAL",
    "synchronous = FULL",
    "foreign_keys = ON",
    "secure_delete = ON",  # what is erased is overwritten
)


def open_database(home: Path) -> sa.Engine:
    """Engine on the database in `home`, made or migrated to the newest schema if needed.

    Raises:
        StorageUnavailable: folder or file cannot be written, or it is from a newer Limner.
    """
    make_folder(home)
    url = sa.URL.create("sqlite", database=str(home / DATABASE_FILE))
    engine = sa.create_engine(url, connect_args={"timeout": BUSY_SECONDS})
    event.listen(engine, "connect", _set_pragmas)
    event.listen(engine, "begin", _begin)
    with ExitStack() as undo:
        undo.callback(engine.dispose)
        with transaction(engine) as connection:
            _migrate(connection)
        undo.pop_all()
    return engine


@contextmanager
def transaction(engine: sa.Engine) -> Generator[sa.Connection]:
    """A write transaction: the only one at a time, committed whole or rolled back.

    Raises:
        StorageUnavailable: the database cannot be written.
    """
    with _our_errors(engine), engine.begin() as connection:
        yield connection


@contextmanager
def reading(engine: sa.Engine) -> Generator[sa.Connection]:
    """A read transaction: sees one state of the database, waits for no writer.

    Raises:
        StorageUnavailable: the database cannot be read.
    """
    with _our_errors(engine), engine.execution_options(**{READ_ONLY: True}).begin() as connection:
        yield connection


def empty_log(engine: sa.Engine) -> None:
    """Move the write-ahead log into the database file and cut it to nothing.

    Deleted rows are overwritten in the file, but until then the log still has them.

    Raises:
        StorageUnavailable: another process is reading, so the log stays.
    """
    with _our_errors(engine):
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


@contextmanager
def _our_errors(engine: sa.Engine) -> Generator[None]:
    try:
        yield
    except DBAPIError as error:
        reason = str(error.orig)
        full = "full" in reason or "disk I/O" in reason
        raise StorageUnavailable(
            f"Cannot use the database {str(engine.url.database)!r}: {reason}.",
            hint="Free some space, or choose another folder with LIMNER_HOME." if full else "",
            retryable="locked" in reason,
        ) from error


def _set_pragmas(connection: Any, _record: object) -> None:  # noqa: ANN401 - DB-API object
    connection.isolation_level = None  # SQLAlchemy's begin event starts transactions
    for pragma in PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: sa.Connection) -> None:
    is_reading = connection.get_execution_options().get(READ_ONLY, False)
    connection.exec_driver_sql("BEGIN" if is_reading else "BEGIN IMMEDIATE")


def _migrate(connection: sa.Connection) -> None:
    revision = _revision(connection)
    if revision == HEAD_REVISION:
        return
    if revision is not None and revision > HEAD_REVISION:
        raise StorageUnavailable(
            f"The database is at revision {revision!r}, newer than {HEAD_REVISION!r}.",
            hint="Use the Limner that made it, or another LIMNER_HOME.",
        )
    from limner.store.migrations import upgrade

    upgrade(connection)


def _revision(connection: sa.Connection) -> str | None:
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    return connection.scalar(sa.text("SELECT version_num FROM alembic_version"))
