from concurrent.futures import ThreadPoolExecutor
from threading import Lock

import pg8000
import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import event

from limner.core.errors import BadInput, StorageUnavailable
from limner.store import database, postgresql
from limner.store.database import (
    TURN,
    open_database,
    passing_transaction,
    read_number,
    reading,
    transaction,
)
from limner.store.migrations import _config, newest_revision
from limner.store.schema import HEAD_REVISION, metadata


@pytest.fixture
def engine(tmp_path):
    engine = open_database(tmp_path)
    yield engine
    engine.dispose()


def test_the_schema_is_the_sum_of_the_migrations(engine):
    with reading(engine) as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_the_head_revision_is_the_newest_migration():
    assert newest_revision() == HEAD_REVISION


def test_the_database_keeps_a_write_ahead_log(engine):
    with reading(engine) as connection:
        assert connection.scalar(sa.text("PRAGMA journal_mode")) == "wal"


def test_opening_again_keeps_the_rows(tmp_path, engine):
    with transaction(engine) as connection:
        connection.execute(sa.text("INSERT INTO sources VALUES ('a', 'b', 'png', 'c')"))
    again = open_database(tmp_path)
    with reading(again) as connection:
        assert connection.scalar(sa.text("SELECT blob_sha256 FROM sources")) == "b"
    again.dispose()


def test_a_database_from_a_newer_limner_is_refused(tmp_path, engine):
    with transaction(engine) as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StorageUnavailable, match=f"newer than '{HEAD_REVISION}'"):
        open_database(tmp_path)


def test_a_file_that_is_no_database_is_refused(tmp_path):
    (tmp_path / "limner.sqlite3").write_bytes(b"this is not a database" * 100)
    with pytest.raises(StorageUnavailable, match="file is not a database"):
        open_database(tmp_path)


def test_sources_and_seals_of_before_sidecars_are_kept(tmp_path):
    config, before = _config(), sa.create_engine(f"sqlite:///{tmp_path / 'limner.sqlite3'}")
    with before.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0004")
        connection.execute(sa.text("INSERT INTO sources VALUES ('a', 'b', 'c')"))
        connection.execute(sa.text("INSERT INTO seals VALUES ('a', 'b', 1, 'c', 'd', NULL)"))
    before.dispose()
    engine = open_database(tmp_path)
    with reading(engine) as connection:
        source = connection.execute(metadata.tables["sources"].select()).one()
        seal = connection.execute(metadata.tables["seals"].select()).one()
    engine.dispose()
    assert (source.pixels_sha256, source.blob_sha256, source.file_format) == ("a", "b", "png")
    assert (seal.sealed_sha256, seal.is_beside) == ("a", False)


def test_images_of_before_are_found_by_their_recipe_as_new_ones_are(home, studio):
    studio.generate("a fox", n=2, seed=7, negative="Two  words")
    engine, column = open_database(home), metadata.tables["gallery"].c.facts
    with transaction(engine) as connection:
        now = set(connection.scalars(sa.select(column)))
        config = _config()
        config.attributes["connection"] = connection
        connection.execute(sa.text("ALTER TABLE gallery DROP COLUMN facts"))
        command.stamp(config, "0132")
        command.upgrade(config, "0160")
        assert set(connection.scalars(sa.select(column))) == now != {None}
    engine.dispose()


def test_running_out_of_connections_is_no_fault_but_may_be_tried_again(home):
    engine = open_database(home)
    engine.pool = sa.pool.QueuePool(engine.pool._creator, pool_size=1, max_overflow=0, timeout=0.01)
    with reading(engine), pytest.raises(StorageUnavailable) as refused, reading(engine):
        pass
    assert refused.value.retryable
    engine.dispose()


def synchronous(engine, writing) -> int:
    """How SQLite flushes what is written in a transaction: 2 is at every commit."""
    with writing(engine) as connection:
        return connection.scalar(sa.text("PRAGMA synchronous"))


def test_what_is_written_is_flushed_to_the_disk_also_after_what_passes(engine):
    found = [synchronous(engine, one) for one in (transaction, passing_transaction, transaction)]
    assert found == [2, 1, 2]


def test_what_passes_is_there_for_everybody_when_it_is_committed(tmp_path, engine):
    with passing_transaction(engine) as connection:
        connection.execute(sa.text("INSERT INTO sources VALUES ('a', 'b', 'png', 'c')"))
    again = open_database(tmp_path)
    with reading(again) as connection:
        assert connection.scalar(sa.text("SELECT blob_sha256 FROM sources")) == "b"
    again.dispose()


def test_a_number_that_cannot_be_read_is_said_in_our_words(engine):
    assert read_number(engine, "SELECT number FROM job_clock") == 0
    with pytest.raises(StorageUnavailable, match="no such table"):
        read_number(engine, "SELECT number FROM nowhere")


def test_a_database_that_another_writes_for_long_is_said_to_be_locked(tmp_path, engine):
    waiting = sa.create_engine(
        engine.url, connect_args={"timeout": 0.01}, execution_options={TURN: Lock()}
    )
    event.listen(waiting, "begin", database._begin)
    with transaction(engine), pytest.raises(StorageUnavailable, match="locked") as caught:
        with transaction(waiting):
            pass
    waiting.dispose()
    assert caught.value.retryable


def test_threads_that_write_take_turns(engine):
    def raise_the_clock(_):
        with transaction(engine) as connection:
            number = connection.scalar(sa.text("SELECT number FROM job_clock"))
            connection.execute(sa.text(f"UPDATE job_clock SET number = {number + 1}"))

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(raise_the_clock, range(100)))
    assert read_number(engine, "SELECT number FROM job_clock") == 100
    assert not engine.get_execution_options()[TURN].locked()


def test_a_turn_that_does_not_come_is_told_and_the_next_comes_all_the_same(engine, monkeypatch):
    monkeypatch.setattr(database, "TURN_SECONDS", 0.01)

    def write():
        with transaction(engine):
            pass

    with ThreadPoolExecutor(1) as threads:
        with transaction(engine):
            with pytest.raises(StorageUnavailable, match=r"over 0\.01 seconds") as caught:
                threads.submit(write).result()
        assert caught.value.retryable
        threads.submit(write).result()


@pytest.fixture
def on_postgresql(tmp_path, postgresql_url):
    engine = open_database(tmp_path, postgresql_url)
    yield engine
    engine.dispose()


def ask_while_the_server_restarts(engine, beginning):
    """Whose connection the server ends between two statements."""
    with beginning(engine) as connection:
        pid = connection.scalar(sa.text("SELECT pg_backend_pid()"))
        other = sa.create_engine(engine.url)
        with other.connect() as one:
            one.execute(sa.text("SELECT pg_terminate_backend(:pid, 10000)"), {"pid": pid})
        other.dispose()
        connection.execute(SAME, {"text": "a red fox"})


SAME = sa.text("SELECT blob_sha256 FROM sources WHERE blob_sha256 = :text")
CLOCK = "SELECT number FROM job_clock"


@pytest.mark.parametrize("beginning", [transaction, passing_transaction, reading])
def test_a_server_that_is_restarted_is_trouble_that_may_pass(on_postgresql, beginning):
    with pytest.raises(StorageUnavailable, match="network error") as caught:
        ask_while_the_server_restarts(on_postgresql, beginning)
    assert caught.value.retryable
    assert read_number(on_postgresql, CLOCK) == 0


@pytest.mark.parametrize("beginning", [transaction, reading])
def test_a_connection_that_was_reset_is_trouble_that_may_pass(engine, beginning):
    with pytest.raises(StorageUnavailable, match="the connection was lost") as caught:
        with beginning(engine):
            raise ConnectionResetError(104, "Connection reset by peer")
    assert caught.value.retryable


@pytest.mark.parametrize("fault", [ConnectionResetError(104, "reset"), pg8000.InterfaceError("x")])
def test_a_connection_that_died_unused_is_opened_anew_for_who_comes_next(
    on_postgresql, monkeypatch, fault
):
    real, faults = on_postgresql.dialect.do_ping, [fault]

    def do_ping(connection):
        if faults:
            raise faults.pop()
        return real(connection)

    monkeypatch.setattr(on_postgresql.dialect, "do_ping", do_ping)
    assert read_number(on_postgresql, CLOCK) == 0
    assert faults == []


@pytest.mark.parametrize("code", ["57P01", "57P03", "53300", "08006"])
def test_what_a_server_says_that_stops_or_starts_may_pass(code):
    assert postgresql.is_passing(Exception({"C": code, "M": "so it is"}))


def test_what_a_server_says_of_a_statement_does_not_pass():
    assert not postgresql.is_passing(Exception({"C": "42P01", "M": "no such table"}))


def test_a_number_asked_of_a_server_that_is_away_is_trouble_that_may_pass():
    engine = postgresql.connect("postgresql://limner@127.0.0.1:9/limner")
    with pytest.raises(StorageUnavailable, match="Cannot use the database") as caught:
        read_number(engine, CLOCK)
    engine.dispose()
    assert caught.value.retryable


@pytest.mark.parametrize("beginning", [transaction, reading])
@pytest.mark.parametrize(
    ("text", "what"), [("a\ud800", "'.ud800', which is half a character"), ("a\0", "NUL")]
)
def test_a_text_no_database_keeps_is_refused_and_the_next_statement_gets_its_own_answer(
    on_postgresql, beginning, text, what
):
    with pytest.raises(BadInput, match=what), beginning(on_postgresql) as connection:
        connection.execute(SAME, {"text": text})
    with beginning(on_postgresql) as connection:
        assert connection.scalar(sa.text("SELECT 4321")) == 4321
    assert read_number(on_postgresql, CLOCK) == 0


def test_half_a_character_is_refused_by_the_file_too(engine):
    with pytest.raises(BadInput, match="half a character"), transaction(engine) as connection:
        connection.execute(SAME, {"text": "a\ud800"})


def test_what_is_logged_of_a_lost_connection_holds_no_prompt(on_postgresql, caplog):
    with pytest.raises(StorageUnavailable):
        ask_while_the_server_restarts(on_postgresql, transaction)
    assert caplog.text
    assert "red fox" not in caplog.text
