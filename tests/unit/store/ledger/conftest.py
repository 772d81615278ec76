"""A ledger on a real database, and the ways tests have to build, copy and tamper with one."""

import itertools
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa
from ledgers import at, remove_triggers

from limner.store.database import transaction
from limner.store.ledger.entries import Draft
from limner.store.repository import Store


@pytest.fixture
def ledger(store):
    return store.ledger


@pytest.fixture
def fill(ledger):
    """Append this many entries about things numbered from `start`, and sign them."""

    def fill(num_entries: int, *, start: int = 0, is_signed: bool = True) -> None:
        drafts = [
            Draft(kind="note", document={"number": k}, subject=f"thing-{k}")
            for k in range(start, start + num_entries)
        ]
        ledger.append_all(drafts, recorded_at=at(start * 0.1))
        if is_signed:
            ledger.sign(at((start + num_entries) * 0.1))

    return fill


@pytest.fixture
def tamper(store):
    """Run SQL on the database as a person with it in hand would: no trigger stops them."""

    def tamper(*statements: str | tuple[str, tuple]) -> None:
        with transaction(store._engine) as connection:
            remove_triggers(connection)
            for one in statements:
                statement, values = (one, ()) if isinstance(one, str) else one
                given = {f"value_{k}": value for k, value in enumerate(values)}
                parts = itertools.zip_longest(statement.split("?"), (f":{k}" for k in given))
                named = "".join(part or "" for pair in parts for part in pair)
                connection.execute(sa.text(named), given)

    return tamper


@pytest.fixture
def copy_home(home, tmp_path):
    """A backup of the data folder, as `cp -r` makes it; give it back with `restore`."""

    def copy_home(name: str) -> Path:
        with closing(sqlite3.connect(home / "limner.sqlite3")) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return Path(shutil.copytree(home, tmp_path / name))

    return copy_home


@pytest.fixture
def open_copy():
    """Open stores on other folders, closed when the test ends."""
    opened = []

    def open_copy(path: Path) -> Store:
        opened.append(Store.open(path))
        return opened[-1]

    yield open_copy
    for one in opened:
        one.close()
