"""What PostgreSQL needs: its driver, and one writer at a time.

The ledger is one chain, so its writers take turns; SQLite does that by itself, here a lock does.
"""

from __future__ import annotations

from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError

from limner.core.errors import StorageUnavailable

DRIVER = "postgresql+pg8000"
TURN = 0x11_4D_4E_52  # the advisory lock that whoever writes holds to the end of its transaction


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
        return sa.create_engine(url, pool_pre_ping=True)
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


def reason_of(error: DBAPIError) -> str:
    """What the database said, in one line."""
    said = error.orig.args[0] if error.orig is not None and error.orig.args else error.orig
    fields = cast(dict[str, str], said) if isinstance(said, dict) else {}
    return fields.get("M", str(cast(object, said))).strip()
