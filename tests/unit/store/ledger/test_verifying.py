"""Every way to tamper with the database is told, and told by its name."""

import json

import pytest
from ledgers import at

from limner.store.database import transaction
from limner.store.ledger.appending import append_entry
from limner.store.ledger.entries import Kind
from limner.store.ledger.notes import (
    Checkpoint,
    Note,
    Purpose,
    SigningKey,
    parse_checkpoint,
    parse_note,
)
from limner.store.ledger.tree import leaf_hash


def forged(ledger, position):
    text = ledger.entry_at(position).text.replace('"number":', '"number":9')
    return text, leaf_hash(text.encode())


def test_an_empty_ledger_holds(ledger):
    found = ledger.verify()
    assert (found.is_good, found.origin, found.num_entries) == (True, None, 0)


def test_a_ledger_as_it_was_written_holds(ledger, fill):
    fill(300)
    fill(300, start=300)
    found = ledger.verify()
    assert (found.faults, found.remarks) == ((), ())
    assert (found.num_entries, found.num_signed) == (603, 603)


def test_entries_behind_the_last_checkpoint_are_remarked_on(ledger, fill):
    fill(3)
    fill(2, start=3, is_signed=False)
    found = ledger.verify()
    assert found.is_good
    assert "The last 2 entries are not under a checkpoint yet" in found.remarks[0]


def test_a_changed_text_is_told(ledger, fill, tamper):
    fill(6)
    text, _ = forged(ledger, 3)
    tamper(("UPDATE ledger_entries SET entry = ? WHERE position = 3", (text,)))
    assert "Entry 3 (note) was changed: its text has another hash." in ledger.verify().faults


def test_a_changed_text_with_its_new_hash_is_told(ledger, fill, tamper):
    fill(6)
    tamper(
        (
            "UPDATE ledger_entries SET entry = ?, leaf_sha256 = ? WHERE position = 3",
            forged(ledger, 3),
        )
    )
    assert ledger.verify().faults == (
        "The first 8 entries are not those that were signed: their root differs from the "
        "checkpoint's.",
    )


def test_a_removed_entry_is_told(ledger, fill, tamper):
    fill(6)
    tamper("DELETE FROM ledger_entries WHERE position = 3")
    assert "Entry 3 is missing: entry 4 comes in its place." in ledger.verify().faults


def test_a_removed_entry_whose_place_was_closed_is_told(ledger, fill, tamper):
    fill(6)
    tamper(
        "DELETE FROM ledger_entries WHERE position = 3",
        "UPDATE ledger_entries SET position = position - 1 WHERE position > 3",
    )
    assert (
        "A checkpoint of 8 entries was signed, but there are only 7: the ledger was cut short."
        in ledger.verify().faults
    )


def test_swapped_entries_are_told(ledger, fill, tamper):
    fill(6)
    tamper(
        "UPDATE ledger_entries SET position = -1 WHERE position = 3",
        "UPDATE ledger_entries SET position = 3 WHERE position = 4",
        "UPDATE ledger_entries SET position = 4 WHERE position = -1",
    )
    assert any("are not those that were signed" in one for one in ledger.verify().faults)


def test_a_ledger_cut_short_of_its_checkpoint_is_told(ledger, fill, tamper):
    fill(6)
    tamper("DELETE FROM ledger_entries WHERE position > 4")
    assert (
        "A checkpoint of 8 entries was signed, but there are only 5: the ledger was cut short."
        in ledger.verify().faults
    )


def test_a_removed_checkpoint_is_told(ledger, fill, tamper):
    fill(6)
    tamper("DELETE FROM ledger_checkpoints")
    assert ledger.verify().faults == (
        "The checkpoint of 8 entries is missing, though entry 7 is it.",
    )


@pytest.mark.parametrize(
    ("column", "value"), [("kind", "review"), ("subject", "thing-9"), ("recorded_at", "2020")]
)
def test_an_entry_filed_as_something_else_is_told(ledger, fill, tamper, column, value):
    fill(6)
    tamper((f"UPDATE ledger_entries SET {column} = ? WHERE position = 3", (value,)))
    assert ledger.verify().faults == ("Entry 3 is filed as something else than its text says.",)


def test_a_changed_kept_hash_is_told(ledger, fill, tamper):
    fill(300)
    tamper(("UPDATE ledger_nodes SET node_sha256 = ?", (b"x" * 32,)))
    assert ledger.verify().faults == ("The kept hash 0 of level 1 is not that of its entries.",)


def test_a_missing_kept_hash_is_told(ledger, fill, tamper):
    fill(300)
    tamper("DELETE FROM ledger_nodes")
    assert ledger.verify().faults == ("The kept hash 0 of level 1 is missing.",)


def test_a_checkpoint_with_a_wrong_signature_is_told(ledger, fill, tamper):
    fill(6)
    note = ledger.note()
    signature = note.signatures[0]
    wrong = signature._replace(content=bytes(64))
    tamper(("UPDATE ledger_checkpoints SET note = ?", (str(Note(note.text, (wrong,))),)))
    assert "is not signed by the ledger's key" in ledger.verify().faults[0]


def test_a_checkpoint_that_cannot_be_read_is_told(ledger, fill, tamper):
    fill(6)
    tamper("UPDATE ledger_checkpoints SET note = 'forged'")
    assert "The checkpoint of 8 entries cannot be read" in ledger.verify().faults[0]


def test_a_checkpoint_filed_under_another_size_is_told(ledger, fill, tamper):
    fill(6)
    tamper("UPDATE ledger_checkpoints SET num_entries = 7")
    assert "The checkpoint kept for 7 entries speaks of 8." in ledger.verify().faults


def test_a_ledger_signed_anew_by_a_strange_key_is_told(store, ledger, fill, tamper):
    fill(3)
    strange = SigningKey(ledger.origin(), Purpose.NOTE, b"s" * 32)
    with transaction(store._engine) as connection:
        document = {"key": str(strange.verifier), "num_entries_before": 5}
        append_entry(connection, Kind.CHECKPOINT, document, recorded_at=at(9))
    root = parse_checkpoint(ledger.note().text).root
    text = Checkpoint(ledger.origin(), 6, root).text
    note = str(Note(text, (strange.sign(text),)))
    tamper(("INSERT INTO ledger_checkpoints VALUES (6, '2026', ?)", (note,)))
    assert any(
        "takes the key" in one and "without a rotation" in one for one in ledger.verify().faults
    )


def test_a_rotation_that_the_old_key_did_not_sign_is_told(store, ledger, fill, tamper):
    fill(3)
    ledger.rotate_key(at(9))
    note = parse_note(str(ledger.note()))
    only_new = str(Note(note.text, note.signatures[1:]))
    tamper(("UPDATE ledger_checkpoints SET note = ? WHERE num_entries = 6", (only_new,)))
    assert "is not signed by the ledger's key" in ledger.verify().faults[0]


def test_a_key_that_is_not_the_expected_one_is_told(ledger, fill):
    fill(3)
    other = SigningKey(ledger.origin(), Purpose.NOTE, b"s" * 32).verifier
    assert "not with the expected" in ledger.verify(key=other).faults[0]


def test_a_second_beginning_is_told(store, ledger, fill):
    fill(3)
    with transaction(store._engine) as connection:
        append_entry(connection, Kind.LEDGER_BEGUN, {"origin": "another"}, recorded_at=at(9))
    assert "Entry 5 is 'ledger_begun'; a ledger begins once, at entry 0." in ledger.verify().faults


def test_a_text_that_is_no_entry_is_told(ledger, fill, tamper):
    fill(3)
    text = json.dumps({"format": "limner.entry/9"})
    tamper(("UPDATE ledger_entries SET entry = ? WHERE position = 2", (text,)))
    assert any(one.startswith("Entry 2 cannot be read") for one in ledger.verify().faults)


def test_bytes_that_are_no_text_are_told(ledger, fill, tamper):
    fill(3)
    tamper("UPDATE ledger_entries SET entry = x'ff00', kind = x'ff' WHERE position = 2")
    assert any(one.startswith("Entry 2 cannot be read") for one in ledger.verify().faults)


def test_a_checkpoint_kept_elsewhere_shows_a_rewritten_ledger(ledger, fill):
    fill(3)
    known = Checkpoint(ledger.origin(), 4, b"x" * 32)
    assert (
        "The first 4 entries are not those that were signed" in ledger.verify(known=known).faults[0]
    )


def test_a_checkpoint_kept_elsewhere_shows_a_ledger_cut_short(ledger, fill):
    fill(3)
    known = Checkpoint(ledger.origin(), 40, b"x" * 32)
    assert (
        "A checkpoint of 40 entries was signed, but there are only 5"
        in ledger.verify(known=known).faults[0]
    )


def test_a_clock_that_jumps_back_is_told_and_is_no_fault(ledger):
    for seconds in (0, 3600, 0):
        ledger.append("note", {}, recorded_at=at(seconds))
    found = ledger.verify()
    assert found.is_good
    assert (
        "Entry 4 is dated 1:00:00 before one ahead of it: the clock jumped back."
        in found.remarks[0]
    )


def test_a_writer_that_had_to_wait_is_no_clock_that_jumped_back(ledger):
    for seconds in (0, 20, 0):
        ledger.append("note", {}, recorded_at=at(seconds))
    ledger.sign(at(21))
    assert ledger.verify().remarks == ()


def test_a_ledger_replaced_as_a_whole_does_not_drown_the_reader(ledger, fill, tamper):
    fill(300)
    tamper("UPDATE ledger_entries SET entry = 'forged'")
    assert len(ledger.verify().faults) == 101
