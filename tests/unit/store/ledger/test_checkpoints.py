from contextlib import suppress

import pytest
from ledgers import NOW, at

from limner.core.errors import KeyRefused, LedgerBroken
from limner.store.database import transaction
from limner.store.ledger import checkpoints
from limner.store.ledger.checkpoints import Cadence
from limner.store.ledger.entries import Kind
from limner.store.ledger.ledger import Ledger
from limner.store.ledger.notes import parse_checkpoint


@pytest.fixture
def with_cadence(store, home):
    def with_cadence(num_entries, seconds) -> Ledger:
        cadence = Cadence(num_entries, seconds)
        return Ledger(store._engine, store._blobs, home / "keys", cadence)

    return with_cadence


def signed_sizes(ledger):
    return [one.position + 1 for one in ledger.entries_of(Kind.CHECKPOINT)]


def test_a_checkpoint_is_signed_by_the_key_it_names(ledger, fill):
    fill(3)
    assert ledger.key().signature_on(ledger.note()) is not None


def test_a_checkpoint_covers_itself(ledger, fill):
    fill(3)
    assert parse_checkpoint(ledger.note().text).num_entries == ledger.count() == 5


def test_the_time_of_a_checkpoint_is_in_the_ledger(ledger, fill):
    fill(3, is_signed=False)
    ledger.sign(at(9))
    assert ledger.entries_of(Kind.CHECKPOINT)[0].recorded_at == at(9)


def test_nothing_new_is_nothing_to_sign(ledger, fill):
    fill(3)
    assert (ledger.sign(at(9)), ledger.count()) == (None, 5)


def test_an_empty_ledger_is_not_signed(ledger):
    assert ledger.sign(NOW) is None


def test_a_checkpoint_is_due_after_so_many_entries(with_cadence):
    ledger = with_cadence(4, 1e9)
    for k in range(10):
        ledger.append("note", {"number": k}, recorded_at=NOW)
    assert signed_sizes(ledger) == [5, 10]


def test_a_checkpoint_is_due_after_so_many_seconds(with_cadence):
    ledger = with_cadence(10**6, 60)
    for seconds in (0, 30, 61, 62, 130):
        ledger.append("note", {}, recorded_at=at(seconds))
    assert signed_sizes(ledger) == [5, 8]


def test_a_clock_that_jumps_back_does_not_stop_signing(with_cadence):
    ledger = with_cadence(3, 60)
    for seconds in (1000, 0, 0, 0):
        ledger.append("note", {}, recorded_at=at(seconds))
    assert signed_sizes(ledger) == [4]


def test_the_key_file_is_for_its_owner_alone(home, fill):
    fill(1)
    modes = [(home / name).stat().st_mode & 0o777 for name in ("keys", "keys/ledger.key")]
    assert modes == [0o700, 0o600]


@pytest.mark.parametrize("mode", [0o604, 0o640, 0o644, 0o660])
def test_a_key_that_others_can_use_is_refused(home, ledger, fill, mode):
    fill(1)
    (home / "keys" / "ledger.key").chmod(mode)
    ledger.append("note", {}, recorded_at=at(1))
    with pytest.raises(KeyRefused, match=f"has mode {mode:04o}; others than its owner can use it"):
        ledger.sign(at(2))


def test_a_missing_key_is_refused_and_not_made_anew(home, ledger, fill):
    fill(1)
    (home / "keys" / "ledger.key").unlink()
    ledger.append("note", {}, recorded_at=at(1))
    with pytest.raises(KeyRefused, match=r"ledger\.key' is missing"):
        ledger.sign(at(2))
    assert not (home / "keys" / "ledger.key").exists()


def test_what_was_appended_stays_when_it_cannot_be_signed(home, with_cadence):
    ledger = with_cadence(2, 60)
    ledger.append("note", {}, recorded_at=NOW)
    (home / "keys" / "ledger.key").chmod(0o644)
    ledger.append("note", {"number": 1}, recorded_at=NOW)
    with pytest.raises(KeyRefused):
        ledger.append("note", {"number": 2}, recorded_at=NOW)
    assert [one.document for one in ledger.entries_of("note")][1:] == [{"number": 1}, {"number": 2}]


@pytest.mark.parametrize(
    "content", ["", "not a key\n", "PRIVATE+KEY+a+00000000+AAAA\n", "\x00\xff"]
)
def test_a_key_file_that_holds_no_key_is_refused(home, ledger, fill, content):
    fill(1)
    (home / "keys" / "ledger.key").write_text(content, encoding="latin-1")
    ledger.append("note", {}, recorded_at=at(1))
    with pytest.raises(KeyRefused):
        ledger.sign(at(2))


def test_the_key_of_another_ledger_is_refused(home, ledger, fill, tmp_path, open_copy):
    fill(1)
    other = open_copy(tmp_path / "other")
    other.append("note", {}, recorded_at=NOW)
    other.ledger.sign(NOW)
    key = (tmp_path / "other" / "keys" / "ledger.key").read_bytes()
    (home / "keys" / "ledger.key").write_bytes(key)
    ledger.append("note", {}, recorded_at=at(1))
    with pytest.raises(KeyRefused, match="the ledger is signed with"):
        ledger.sign(at(2))


def test_a_ledger_that_was_rewritten_is_not_signed(ledger, fill, tamper):
    fill(3)
    tamper(("UPDATE ledger_entries SET leaf_sha256 = ? WHERE position = 1", (b"x" * 32,)))
    ledger.append("note", {}, recorded_at=at(1))
    with pytest.raises(LedgerBroken, match="does not go on from its checkpoint of 5 entries"):
        ledger.sign(at(2))


def test_a_ledger_that_was_cut_short_is_not_signed(ledger, fill, tamper):
    fill(3)
    tamper("DELETE FROM ledger_entries WHERE position > 2")
    with pytest.raises(LedgerBroken, match="does not go on from its checkpoint of 5 entries"):
        ledger.sign(at(2))


def test_a_rotated_key_is_taken_over_with_both_signatures(ledger, fill):
    fill(2)
    old = ledger.key()
    note = ledger.rotate_key(at(5))
    assert old != ledger.key()
    assert all(one.signature_on(note) for one in (old, ledger.key()))


def test_after_a_rotation_the_new_key_signs_alone(ledger, fill):
    fill(2)
    old = ledger.key()
    ledger.rotate_key(at(5))
    fill(2, start=60)
    assert (old.signature_on(ledger.note()), ledger.verify().faults) == (None, ())


def test_a_lost_key_can_be_rotated_and_that_is_told(home, ledger, fill):
    fill(2)
    (home / "keys" / "ledger.key").unlink()
    ledger.rotate_key(at(5))
    found = ledger.verify()
    assert found.is_good
    assert any(
        "believe it only if you know that the old key was lost" in one for one in found.remarks
    )


def test_a_ledger_without_a_key_has_none_to_rotate(ledger):
    with pytest.raises(KeyRefused, match="no key yet"):
        ledger.rotate_key(NOW)


def test_a_rotation_killed_after_its_commit_is_finished(home, store, ledger, fill):
    fill(2)
    with transaction(store._engine) as connection:
        checkpoints.rotate_key(connection, home / "keys", at(5))
    fill(1, start=60)
    assert ledger.own_key() == ledger.key()
    assert not (home / "keys" / "ledger.key.next").exists()


def test_a_rotation_killed_before_its_commit_never_was(home, store, ledger, fill):
    fill(2)
    before = ledger.key()
    with suppress(ZeroDivisionError), transaction(store._engine) as connection:
        checkpoints.rotate_key(connection, home / "keys", at(5))
        raise ZeroDivisionError
    fill(1, start=60)
    assert (ledger.key(), ledger.verify().is_good) == (before, True)


def test_a_rotation_can_follow_one_that_was_never_committed(home, store, ledger, fill):
    fill(2)
    with suppress(ZeroDivisionError), transaction(store._engine) as connection:
        checkpoints.rotate_key(connection, home / "keys", at(5))
        raise ZeroDivisionError
    ledger.rotate_key(at(6))
    assert ledger.own_key() == ledger.key()
