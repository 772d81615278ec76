from concurrent.futures import ThreadPoolExecutor
from threading import Lock

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import event

from limner.core.errors import StorageUnavailable
from limner.store import database
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
