"""What PostgreSQL needs: its driver, and one writer at a time.

The ledger is one chain, so its writers take turns; SQLite does that by itself, here a lock does.
"""

from __future__ import annotations

from functools import partial
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError, InvalidatePoolError, NoSuchModuleError
from sqlalchemy.pool import ConnectionPoolEntry

from limner.core.errors import StorageUnavailable

DRIVER = "postgresql+pg8000"
TURN = 0x11_4D_4E_52  # the advisory lock that whoever writes holds to the end of its transaction
OUT_OF_REACH = (
    "network error",
    "communication error",
    "connection is closed",
    "Can't create a connection",
)
"""How the driver begins to say that it lost the server, or did not find it."""
PASSING = ("08", "40", "53", "57")
"""Classes of what the server says that may pass: connection, conflict, resources, restart."""
BAD_CHARACTER = "22021"
USED = "limner_used"


def connect(address: str, password: str = "") -> sa.Engine:
    """Engine on the database at an address such as ``postgresql://limner@db.example/limner``.

    Raises:
        StorageUnavailable: the address is not one of PostgreSQL, or its driver is not installed.
    """
    try:
        url = sa.make_url(address)
        if url.get_backend_name() != "postgresql":
            raise ArgumentError
        url = url.set(drivername=DRIVER, password=password or None)
        engine = sa.create_engine(url, hide_parameters=True)
    except (ArgumentError, NoSuchModuleError, ValueError) as error:
        raise StorageUnavailable(
            "The setting 'database' is not the address of a PostgreSQL database.",
            hint="It looks like postgresql://user@host/name; left empty, a file is used.",
        ) from error
    except ImportError as error:
        raise StorageUnavailable(
            "The driver for PostgreSQL is not installed.",
            hint="Install it with: pip install 'limner[postgresql]'",
        ) from error
    event.listen(engine, "handle_error", _give_up_connection)
    event.listen(engine, "checkout", partial(_require_alive, engine.dialect))
    return engine


def begin_reading(connection: sa.Connection) -> None:
    """Set up a transaction that sees one state."""
    connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")


def begin_writing(connection: sa.Connection, *, is_lasting: bool) -> None:
    """Set up a transaction that writes; it waits for its turn here."""
    if not is_lasting:
        connection.exec_driver_sql("SET LOCAL synchronous_commit = off")
    connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({TURN})")


def empty_log(engine: sa.Engine) -> None:
    """Make deleted rows' space free to be written over.

    The server's write-ahead log and its backups keep what was deleted for as long as their owner
    has set; we cannot reach those.
    """
    raw = engine.raw_connection()
    driver = cast(Any, raw.driver_connection)  # pg8000 has no types
    try:
        raw.rollback()
        driver.autocommit = True  # VACUUM runs outside of transactions only
        raw.cursor().execute("VACUUM")
    finally:
        raw.invalidate()  # a connection that commits by itself must not be used again


def reason_of(said: BaseException | None) -> str:
    """What the database said, in one line."""
    return _fields_of(said).get("M", str(_first_of(said))).strip()


def is_passing(said: BaseException | None) -> bool:
    """Whether the same may work later: the server is restarted, out of reach or overburdened."""
    code = _fields_of(said).get("C", "")
    return code.startswith(PASSING) or reason_of(said).startswith(OUT_OF_REACH)


def is_of_text(said: BaseException | None) -> bool:
    """Whether a text was refused for a character in it: PostgreSQL keeps no NUL."""
    return _fields_of(said).get("C") == BAD_CHARACTER


def _fields_of(said: BaseException | None) -> dict[str, str]:
    """What the server said, by its own letters; empty where it was the driver."""
    first = _first_of(said)
    return cast(dict[str, str], first) if isinstance(first, dict) else {}


def _first_of(said: BaseException | None) -> object:
    return said.args[0] if said is not None and said.args else said


def _require_alive(
    dialect: sa.Dialect, connection: DBAPIConnection, record: ConnectionPoolEntry, _: object
) -> None:
    """Open all connections anew once one that was used before is dead, as after a restart.

    SQLAlchemy's own ping does so too, but not where the driver lets the system's error through.
    """
    if not record.info.get(USED):  # forgotten where a connection is opened anew
        record.info[USED] = True
        return
    try:
        dialect.do_ping(connection)
    except (OSError, dialect.loaded_dbapi.Error) as error:
        raise InvalidatePoolError from error


def _give_up_connection(context: ExceptionContext) -> None:
    """Never use a connection again that met an error.

    The driver sends a statement in parts and stops reading at the first fault, so that the next
    statement would be given the answers that are left.
    """
    if context.connection is not None and not context.is_disconnect:
        context.is_disconnect = True
        context.invalidate_pool_on_disconnect = False  # the others are as they should be
