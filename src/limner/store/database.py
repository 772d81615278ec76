"""The database: opening it, its transactions, its migrations, its errors in our words.

SQLite in the data folder, or PostgreSQL where a team shares one; what differs is in `sqlite` and
`postgresql`, one function each. Everything else is one code path.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Lock
from types import ModuleType
from typing import cast

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from limner.core.errors import BadInput, StorageUnavailable
from limner.store import postgresql, sqlite
from limner.store.files import make_folder
from limner.store.schema import HEAD_REVISION

READ_ONLY = "limner_read_only"
PASSING = "limner_passing"
TURN = "limner_turn"
TURN_SECONDS = 30.0  # how long a thread waits for others of its process that write


def open_database(home: Path, address: str = "", password: str = "") -> sa.Engine:
    """Engine on the database, made or migrated to the newest schema if needed.

    Args:
        home: data folder; the SQLite file is in it.
        address: of a PostgreSQL database; empty takes the SQLite file.
        password: of the user in that address.

    Raises:
        StorageUnavailable: it cannot be reached or written, or it is from a newer Limner.
    """
    make_folder(home)
    engine = postgresql.connect(address, password) if address else sqlite.connect(home)
    engine.update_execution_options(**{TURN: Lock()})
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
    with _our_errors(engine), _turn_to_write(engine), engine.begin() as connection:
        yield connection


@contextmanager
def passing_transaction(engine: sa.Engine) -> Generator[sa.Connection]:
    """A write transaction that is not flushed to the disk.

    A process that is killed loses nothing of it; where the power fails it may be as if it had never
    been, with all that was written since, up to the next `transaction`.

    Raises:
        StorageUnavailable: the database cannot be written.
    """
    with _our_errors(engine), _turn_to_write(engine), engine.connect() as connection:
        connection.execution_options(**{PASSING: True})
        with connection.begin():
            yield connection


@contextmanager
def reading(engine: sa.Engine) -> Generator[sa.Connection]:
    """A read transaction: sees one state of the database, waits for no writer.

    Raises:
        StorageUnavailable: the database cannot be read.
    """
    with _our_errors(engine), engine.connect() as connection:
        connection.execution_options(**{READ_ONLY: True})
        with connection.begin():
            yield connection


def read_number(engine: sa.Engine, statement: str) -> int:
    """The one number a statement gives, in a few microseconds: no transaction of ours around it.

    Raises:
        StorageUnavailable: the database cannot be read.
    """
    with _our_errors(engine):
        raw = engine.raw_connection()
        try:
            cursor = raw.cursor()
            cursor.execute(statement)
            (number,) = cast(tuple[int], cursor.fetchone())
        finally:
            raw.close()
    return number


def empty_log(engine: sa.Engine) -> None:
    """Make what was deleted gone from the database's own files, as far as the database can.

    Raises:
        StorageUnavailable: another process is reading, so deleted rows are still in its log.
    """
    with _our_errors(engine):
        _side_of(engine).empty_log(engine)


@contextmanager
def _turn_to_write(engine: sa.Engine) -> Generator[None]:
    """A turn among the threads of this process.

    SQLite lets whoever waits for a transaction sleep for up to a tenth of a second between two
    looks, however early it ends; here the next thread is woken at once. Other processes still wait
    in SQLite's way.
    """
    lock = cast(Lock, engine.get_execution_options()[TURN])
    if not lock.acquire(timeout=TURN_SECONDS):
        raise StorageUnavailable(
            f"Another write to the database has taken over {TURN_SECONDS:g} seconds.",
            retryable=True,
        )
    try:
        yield
    finally:
        lock.release()


@contextmanager
def _our_errors(engine: sa.Engine) -> Generator[None]:
    driver, side = engine.dialect.loaded_dbapi, _side_of(engine)
    try:
        yield
    except PoolTimeout as error:
        raise StorageUnavailable(
            "Every connection to the database is in use.", retryable=True
        ) from error
    except ConnectionError as error:  # the driver of PostgreSQL lets some of them through
        raise StorageUnavailable(
            f"Cannot use the database {str(engine.url.database)!r}: the connection was lost.",
            retryable=True,
        ) from error
    except UnicodeEncodeError as error:
        half = error.object[error.start : error.end]
        raise _text_refused(f"{half!r}, which is half a character") from error
    except (DBAPIError, driver.Error) as error:
        said = error.orig if isinstance(error, DBAPIError) else error
        reason = side.reason_of(said)
        if side.is_of_text(said):
            raise _text_refused("the character NUL") from error
        full = "full" in reason or "disk I/O" in reason or "No space left" in reason
        raise StorageUnavailable(
            f"Cannot use the database {str(engine.url.database)!r}: {reason}.",
            hint="Free some space, or choose another folder with LIMNER_HOME." if full else "",
            retryable=side.is_passing(said),
        ) from error


def _text_refused(what: str) -> BadInput:
    return BadInput(
        f"A text holds {what}; allowed are whole characters other than NUL.", code="text_refused"
    )


def _side_of(engine: sa.Engine) -> ModuleType:
    return postgresql if engine.dialect.name == "postgresql" else sqlite


def _begin(connection: sa.Connection) -> None:
    options, side = connection.get_execution_options(), _side_of(connection.engine)
    if options.get(READ_ONLY, False):
        side.begin_reading(connection)
    else:
        side.begin_writing(connection, is_lasting=not options.get(PASSING, False))


def _migrate(connection: sa.Connection) -> None:
    revision = _revision(connection)
    if revision == HEAD_REVISION:
        return
    from limner.store.migrations import is_known, upgrade

    if revision is not None and not is_known(revision):
        raise StorageUnavailable(
            f"The database is at revision {revision!r}, newer than {HEAD_REVISION!r}.",
            hint="Use the Limner that made it, or another LIMNER_HOME.",
        )
    upgrade(connection)


def _revision(connection: sa.Connection) -> str | None:
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    return connection.scalar(sa.text("SELECT version_num FROM alembic_version"))
