"""The register in the store, on every database; what it blocks in use is told in the studio's."""

from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa
from ledgers import NOW
from recipes import RECIPE

from limner.core.errors import BadInput, StorageUnavailable
from limner.core.hashing import sha256_of_bytes
from limner.core.recipe import ImageRecord
from limner.core.records import Size
from limner.core.rights import OptedOut, RightsEntry, RightsKind, RightsState
from limner.store import schema
from limner.store.database import transaction
from limner.store.ledger.commitments import commit
from limner.store.ledger.entries import Kind
from limner.store.rights_looks import RightsLook

OPT_OUT = RightsEntry(kind=RightsKind.OPT_OUT, opted_out=OptedOut.NAME, name="Jane Doe")
CONSENT = RightsEntry(
    kind=RightsKind.CONSENT, name="Jane Doe", purpose="posters", expires_at=NOW + timedelta(days=30)
)

LOOK = RightsLook("sha256:" + "0" * 64, b"p" * 32, b"l" * 32, "sha256:files")


def store_image(store, name, prompt):
    content = name.encode()
    record = ImageRecord(
        image_id=sha256_of_bytes(content),
        pixels_sha256=sha256_of_bytes(b"pixels of " + content),
        file_format="png",
        num_bytes=len(content),
        size=Size(64, 64),
        created_at=NOW,
        seconds=0.5,
        recipe=replace(RECIPE, prompt=prompt),
    )
    return store.add_image(record, content)


def test_an_entry_reads_back(store):
    stored = store.rights.add(CONSENT, NOW)
    assert store.rights.find(stored.entry_id, NOW) == stored
    assert (stored.entry, stored.state) == (CONSENT, RightsState.IN_FORCE)


def test_a_name_is_found_among_many(store):
    for number in range(50):
        store.rights.add(replace(OPT_OUT, name=f"person {number}"), NOW)
    blocker = store.rights.blocker_of_request(texts=["a hat on Person-37's head"], now=NOW)
    assert blocker is not None
    assert blocker.entry_id == 38


def test_affected_images_are_listed_and_blocked_once(store):
    image = store_image(store, "one", "jane doe")
    store_image(store, "two", "a fox")
    stored = store.rights.add(OPT_OUT, NOW)
    (affected,) = store.rights.affected(stored.entry_id)
    assert (affected.image_id, affected.is_blocked) == (image.image_id, False)
    ids = [image.image_id]
    assert store.rights.block(ids, stored.as_match, NOW) == ids
    assert store.rights.block(ids, stored.as_match, NOW) == []
    assert store.rights.block_in_force(image.image_id).entry_id == stored.entry_id


def test_an_image_that_was_erased_meanwhile_is_not_blocked(store):
    image = store_image(store, "one", "jane doe")
    stored = store.rights.add(OPT_OUT, NOW)
    store.erase_image(image.image_id, reason="person_asked", recorded_at=NOW)
    assert store.rights.block([image.image_id], stored.as_match, NOW) == []


def test_every_change_has_its_entry_in_the_ledger(store):
    stored = store.rights.add(CONSENT, NOW)
    store.rights.withdraw(stored.entry_id, reason="person_asked", now=NOW)
    store.rights.erase(stored.entry_id, reason="person_asked", now=NOW)
    entries = store.ledger.entries_of(Kind.RIGHTS_CHANGE, subject="rights:1")
    assert [one.document["event"] for one in entries] == ["registered", "withdrawn", "erased"]
    assert store.ledger.verify().is_good


def test_the_ledger_has_a_commitment_that_only_the_salt_opens(store):
    stored = store.rights.add(CONSENT, NOW)
    (entry,) = store.ledger.entries_of(Kind.RIGHTS_CHANGE)
    assert str(entry.document["entry"]).startswith("sha256:")
    assert entry.document["entry"] != commit("Jane Doe", bytes(32))
    assert stored.entry.name == "Jane Doe"


def test_an_expiry_is_noted_once(store):
    store.rights.add(CONSENT, NOW)
    for days in (31, 32):
        now = NOW + timedelta(days=days)
        assert store.rights.blocker_of_request(texts=["jane doe"], now=now) is not None
    events = [one.document["event"] for one in store.ledger.entries_of(Kind.RIGHTS_CHANGE)]
    assert events == ["registered", "expired"]


def test_one_bad_entry_and_none_of_a_file_is_kept(store):
    with pytest.raises(BadInput):
        store.rights.import_all([OPT_OUT, replace(CONSENT, name=None)], file_sha256="x", now=NOW)
    assert store.rights.entries(NOW) == []
    assert store.ledger.count() == 0


def test_pictures_of_an_opt_out_are_blocked_while_it_is_in_force(store):
    stored = store.rights.add(OPT_OUT, NOW, looks=[LOOK])
    assert store.rights.blocked_looks(NOW).looks == [(stored.entry_id, *LOOK[1:])]
    store.rights.withdraw(stored.entry_id, reason="other", now=NOW)
    assert store.rights.blocked_looks(NOW).looks == []


def test_pictures_of_a_consent_are_blocked_from_its_end_on(store):
    stored = store.rights.add(CONSENT, NOW, looks=[LOOK])
    assert store.rights.blocked_looks(NOW).looks == []
    ended = NOW + timedelta(days=31)
    assert [one.entry_id for one in store.rights.blocked_looks(ended).looks] == [stored.entry_id]
    assert store.rights.blocked_looks(NOW).looks != []  # the clock jumped back


def test_a_withdrawal_names_more_pictures(store):
    stored = store.rights.add(CONSENT, NOW, looks=[LOOK])
    other = LOOK._replace(pixels_sha256="sha256:" + "1" * 64)
    store.rights.withdraw(stored.entry_id, reason="other", looks=[LOOK, other], now=NOW)
    assert len(store.rights.blocked_looks(NOW).looks) == 2


def test_pictures_that_are_known_are_not_read_again(store):
    store.rights.add(OPT_OUT, NOW, looks=[LOOK])
    known = store.rights.blocked_looks(NOW).state
    assert store.rights.blocked_looks(NOW, known) == (known, [], True)
    other = store.rights.add(OPT_OUT, NOW, looks=[LOOK])
    state, looks, is_more = store.rights.blocked_looks(NOW, known)
    assert (looks, is_more) == ([(other.entry_id, *LOOK[1:])], True)
    assert state != known


def test_whatever_happens_to_an_entry_has_all_pictures_read_again(store):
    first = store.rights.add(OPT_OUT, NOW, looks=[LOOK])
    second = store.rights.add(CONSENT, NOW, looks=[LOOK])
    known = store.rights.blocked_looks(NOW).state
    store.rights.withdraw(first.entry_id, reason="other", now=NOW)
    withdrawn = store.rights.blocked_looks(NOW, known)
    assert (withdrawn.looks, withdrawn.is_more) == ([], False)
    ended = NOW + timedelta(days=31)
    expired = store.rights.blocked_looks(ended, withdrawn.state)
    assert [one.entry_id for one in expired.looks] == [second.entry_id]
    assert not expired.is_more


def test_a_renewal_takes_the_pictures_along(store):
    first = store.rights.add(CONSENT, NOW, looks=[LOOK])
    second = store.rights.add(CONSENT, NOW, renews=first.entry_id)
    assert store.rights.blocked_looks(NOW).looks == []
    store.rights.withdraw(second.entry_id, reason="other", now=NOW)
    assert [one.entry_id for one in store.rights.blocked_looks(NOW).looks] == [second.entry_id]


@pytest.mark.parametrize(
    "table", ["rights_entries", "rights_events", "rights_keys", "rights_looks"]
)
def test_the_register_cannot_be_rewritten(store, table):
    key = "sha256:" + "0" * 64
    stored = store.rights.add(replace(CONSENT, keys=(key,)), NOW, looks=[LOOK])
    store.rights.withdraw(stored.entry_id, reason="other", now=NOW)
    with pytest.raises(StorageUnavailable, match="append-only"):
        with transaction(store._engine) as connection:
            connection.execute(sa.delete(schema.metadata.tables[table]))
