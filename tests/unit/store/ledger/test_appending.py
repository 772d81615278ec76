import threading
from contextlib import suppress

import pytest
import sqlalchemy as sa
from ledgers import NOW, at

from limner.core.errors import EntryInvalid, LedgerBroken, StorageUnavailable
from limner.store import schema
from limner.store.database import reading, transaction
from limner.store.ledger.appending import append_entries, append_entry, hash_reader
from limner.store.ledger.entries import Draft, Kind
from limner.store.ledger.tree import fold, leaf_hash
from limner.store.repository import Store


@pytest.fixture
def engine(store):
    return store._engine


def drafts(num):
    return [Draft(kind="note", document={"number": k}) for k in range(num)]


def test_a_ledger_begins_by_itself(ledger):
    ledger.append("note", {}, recorded_at=NOW)
    assert [one.kind for one in ledger.entries_of()] == ["ledger_begun", "note"]


def test_no_two_ledgers_have_one_name(tmp_path, open_copy):
    stores = [open_copy(tmp_path / name) for name in ("one", "two")]
    for store in stores:
        store.append("note", {}, recorded_at=NOW)
    assert len({store.ledger.origin() for store in stores}) == 2


def test_an_entry_reads_back(ledger):
    entry = ledger.append("note", {"a": [1, "é", None]}, subject="s", recorded_at=at(1))
    assert ledger.entry_at(1) == entry


def test_entries_are_found_by_kind_subject_and_place(fill, ledger):
    fill(6)
    found = [
        [one.position for one in ledger.entries_of("note", after=3)],
        [one.position for one in ledger.entries_of(subject="thing-2")],
        [one.position for one in ledger.entries_of(num_last=2)],
        [one.position for one in ledger.entries_of("checkpoint")],
        ledger.entries_of("unheard_of"),
    ]
    assert found == [[4, 5, 6], [3], [6, 7], [7], []]


def test_a_bad_entry_among_others_appends_none(ledger):
    with pytest.raises(EntryInvalid):
        ledger.append_all([*drafts(2), Draft(kind="No", document={})], recorded_at=NOW)
    assert ledger.count() == 0


def test_an_entry_goes_with_the_transaction_it_is_in(engine, ledger):
    with suppress(ZeroDivisionError), transaction(engine) as connection:
        append_entry(connection, "note", {}, recorded_at=NOW)
        raise ZeroDivisionError
    assert ledger.count() == 0


@pytest.mark.parametrize("sizes", [[600], [255, 1, 1], [1] * 3 + [509] + [70]])
def test_the_root_of_every_full_tile_is_kept(engine, sizes):
    for size in sizes:
        with transaction(engine) as connection:
            append_entries(connection, drafts(size), recorded_at=NOW)
    with reading(engine) as connection:
        read = hash_reader(connection)
        num_tiles = (sum(sizes) + 1) // 256
        kept = read(1, 0, num_tiles)
        assert kept == [fold(read(0, k * 256, k * 256 + 256)) for k in range(num_tiles)]


def test_a_kept_leaf_hash_is_that_of_the_text(engine, fill):
    fill(3)
    columns = schema.ledger_entries.c
    with reading(engine) as connection:
        rows = connection.execute(sa.select(columns.leaf_sha256, columns.entry)).all()
    assert all(leaf_sha256 == leaf_hash(text.encode()) for leaf_sha256, text in rows)


def test_reading_hashes_that_are_not_there_is_an_error(engine, fill):
    fill(3)
    with reading(engine) as connection, pytest.raises(LedgerBroken, match="hashes 0 to 99"):
        hash_reader(connection)(0, 0, 100)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ledger_entries SET entry = 'forged' WHERE position = 1",
        "DELETE FROM ledger_entries WHERE position = 1",
        "UPDATE ledger_checkpoints SET note = 'forged'",
        "DELETE FROM ledger_checkpoints",
        "INSERT INTO images_before_ledger VALUES ('sha256:00')",
    ],
)
def test_the_database_refuses_to_change_the_past(engine, fill, statement):
    fill(2)
    with (
        pytest.raises(StorageUnavailable, match="append-only"),
        transaction(engine) as connection,
    ):
        connection.execute(sa.text(statement))


def test_two_writers_at_once_lose_no_entry_and_share_no_place(home, database_url, store):
    store.append("note", {}, recorded_at=NOW)

    def write(name):
        other = Store.open(home, database_url)
        for k in range(40):
            other.append("note", {"writer": name, "number": k}, recorded_at=NOW)
        other.close()

    writers = [threading.Thread(target=write, args=(name,)) for name in ("a", "b", "c")]
    for one in writers:
        one.start()
    for one in writers:
        one.join()
    entries = store.ledger.entries_of("note")
    written = {(one.document.get("writer"), one.document.get("number")) for one in entries}
    assert (len(entries), len(written)) == (121, 121)
    assert store.ledger.verify().faults == ()


def test_a_stored_text_that_is_no_entry_is_named(ledger, fill, tamper):
    fill(2)
    tamper("UPDATE ledger_entries SET entry = 'forged' WHERE position = 1")
    with pytest.raises(LedgerBroken, match="Entry 1 of the ledger is not an entry"):
        ledger.entries_of()


def test_the_first_kind_is_known_by_name(ledger, fill):
    fill(1)
    assert ledger.entry_at(0).kind == Kind.LEDGER_BEGUN
