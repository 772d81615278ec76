"""Every test of a store runs on both databases."""

from pathlib import Path
from uuid import uuid4

import pytest
import sqlalchemy as sa
from postgresql_server import postgresql_server

from limner.store.database import open_database
from limner.store.postgresql import connect
from limner.store.repository import Store

TEMPLATE = "limner_template"


@pytest.fixture(scope="session")
def postgresql_address(tmp_path_factory: pytest.TempPathFactory):
    """Of a server with an empty database of ours to copy."""
    with postgresql_server() as address:
        run_on_server(address, f"CREATE DATABASE {TEMPLATE}")
        open_database(tmp_path_factory.mktemp("template"), address_of(address, TEMPLATE)).dispose()
        yield address


@pytest.fixture
def postgresql_url(postgresql_address: str) -> str:
    """Of an empty database on the server."""
    name = f"limner_{uuid4().hex}"
    run_on_server(postgresql_address, f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}")
    return address_of(postgresql_address, name)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """Of an empty database; empty for the file in the data folder."""
    return "" if request.param == "sqlite" else request.getfixturevalue("postgresql_url")


def address_of(server: str, name: str) -> str:
    return sa.make_url(server).set(database=name).render_as_string(hide_password=False)


def run_on_server(server: str, statement: str) -> None:
    engine = connect(server).execution_options(isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(sa.text(statement))
    engine.dispose()


@pytest.fixture
def store(home: Path, database_url: str):
    opened = Store.open(home, database_url)
    yield opened
    opened.close()
