import pytest
import sqlalchemy as sa
from ledgers import ON_SQLITE, at

from limner.store.database import transaction
from limner.store.ledger.commitments import MAX_NAMED, commit, is_commitment_to, keep_commitment
from limner.store.ledger.entries import Kind


@pytest.fixture
def opens(store):
    def opens(commitment, value):
        with transaction(store._engine) as connection:
            return is_commitment_to(connection, commitment, value)

    return opens


def test_a_commitment_opens_to_its_value_only(ledger, opens):
    commitment = ledger.commit("reviewer-7", "Ada Lovelace")
    assert (opens(commitment, "Ada Lovelace"), opens(commitment, "Ada")) == (True, False)


def test_one_value_has_another_commitment_every_time(ledger):
    assert ledger.commit("a", "same") != ledger.commit("a", "same")


def test_a_commitment_depends_on_salt_and_value():
    made = {commit(value, salt) for value in ("a", "b") for salt in (bytes(32), b"x" * 32)}
    assert len(made) == 4


def test_after_erasing_nobody_can_tell_the_value(ledger, opens):
    commitment = ledger.commit("reviewer-7", "Ada Lovelace")
    ledger.erase("reviewer-7", reason="person_asked", recorded_at=at(1))
    assert opens(commitment, "Ada Lovelace") is None


def test_erasing_leaves_the_salts_of_others(ledger, opens):
    commitment = ledger.commit("reviewer-8", "Grace Hopper")
    ledger.erase("reviewer-7", reason="person_asked", recorded_at=at(1))
    assert opens(commitment, "Grace Hopper") is True


def test_an_erasure_is_an_entry_that_names_nobody(ledger):
    commitment = ledger.commit("reviewer-7", "Ada Lovelace")
    ledger.erase("reviewer-7", reason="person_asked", recorded_at=at(1))
    entry = ledger.entries_of(Kind.ERASURE)[0]
    assert (entry.subject, entry.document) == (
        None,
        {"reason": "person_asked", "commitments": [commitment]},
    )


def test_an_erasure_of_many_is_told_in_several_entries(store, ledger):
    with transaction(store._engine) as connection:
        for k in range(MAX_NAMED + 1):
            keep_commitment(connection, "reviewer-7", str(k))
    num_erased = ledger.erase("reviewer-7", reason="person_asked", recorded_at=at(1))
    named = [len(one.document["commitments"]) for one in ledger.entries_of(Kind.ERASURE)]
    assert (num_erased, named) == (MAX_NAMED + 1, [MAX_NAMED, 1])


def test_every_proof_stays_valid_after_erasing(ledger):
    ledger.append("review", {"reviewer": ledger.commit("r", "Ada")}, recorded_at=at(0))
    ledger.sign(at(1))
    ledger.erase("r", reason="person_asked", recorded_at=at(2))
    ledger.sign(at(3))
    assert ledger.verify().faults == ()


@ON_SQLITE
def test_erased_salts_are_not_left_in_the_files_of_the_database(home, store, ledger):
    for k in range(50):
        ledger.commit("reviewer-7", f"value {k}")
    salts = salts_of(store, "reviewer-7")
    assert all(one in bytes_of(home) for one in salts), "the search must be able to find them"
    ledger.erase("reviewer-7", reason="person_asked", recorded_at=at(1))
    assert not any(one in bytes_of(home) for one in salts)


def salts_of(store, subject):
    with transaction(store._engine) as connection:
        query = sa.text("SELECT salt FROM ledger_salts WHERE subject = :subject")
        return list(connection.scalars(query, {"subject": subject}))


def bytes_of(home):
    return b"".join(path.read_bytes() for path in sorted(home.glob("limner.sqlite3*")))
