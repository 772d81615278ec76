from dataclasses import replace
from datetime import timedelta

import pytest
from ledgers import NOW, record_of
from streams import RELEASED

from limner.core.deciding import Outcome
from limner.core.errors import SealFailed, StorageUnavailable
from limner.core.hashing import sha256_of_bytes
from limner.core.records import OriginalFile
from limner.store.judgements import StoredSeal, add_judgement
from limner.store.ledger.entries import Kind
from limner.store.repository import Store


def test_an_image_reads_back_with_its_record(store):
    record = store.add_image(record_of(b"one"), b"one")
    assert store.image_by_id(record.image_id) == record
    assert store.read_image(record) == b"one"


def test_an_image_is_found_by_its_pixels(store):
    record = store.add_image(record_of(b"one"), b"one")
    assert store.image_by_pixels(record.pixels_sha256) == record


def test_storing_the_same_bytes_again_keeps_the_first_record(store):
    first = store.add_image(record_of(b"one"), b"one")
    assert store.add_image(record_of(b"one", seconds=9.0), b"one") == first


def test_recent_looks_are_those_of_the_newest_images_that_have_one(store):
    for number in range(4):
        content, when = str(number).encode(), NOW + timedelta(seconds=number)
        pdq = None if number == 2 else bytes([number]) * 32
        store.add_image(record_of(content, created_at=when, pdq=pdq), content)
    assert [look.pdq[0] for look in store.recent_looks(2)] == [3, 1]
    assert [look.image_id for look in store.recent_looks(9)] == [
        sha256_of_bytes(content) for content in (b"3", b"1", b"0")
    ]


def test_an_unknown_image_is_none(store):
    assert store.image_by_id("sha256:" + "0" * 64) is None


def test_no_row_is_left_when_the_blob_cannot_be_written(store, home):
    (home / "blobs" / sha256_of_bytes(b"one")[7:9]).write_bytes(b"in the way")
    with pytest.raises(StorageUnavailable):
        store.add_image(record_of(b"one"), b"one")
    assert store.count_images() == 0


def test_opening_discards_a_blob_whose_row_was_never_committed(store, home, database_url):
    blob_sha256 = store._blobs.add(b"orphan", "png")
    Store.open(home, database_url).close()
    assert not store._blobs.path_of(blob_sha256, "png").exists()


def test_opening_keeps_a_blob_that_was_committed_but_not_settled(store, home, database_url):
    record = store.add_image(record_of(b"one"), b"one")
    intent = home / "blobs" / "intents" / f"{record.image_id[7:]}.png.intent"
    intent.write_bytes(b"")
    Store.open(home, database_url).close()
    assert (store.read_image(record), intent.exists()) == (b"one", False)


def test_a_source_reads_back(store):
    store.add_source("sha256:" + "3" * 64, OriginalFile(b"png", "png"), NOW)
    assert store.read_source("sha256:" + "3" * 64) == OriginalFile(b"png", "png")


def test_two_files_of_one_picture_are_both_kept(store):
    pixels_sha256 = "sha256:" + "3" * 64
    first = store.add_source(pixels_sha256, OriginalFile(b"png", "png"), NOW)
    second = store.add_source(pixels_sha256, OriginalFile(b"jpeg", "jpeg"), NOW)
    assert store.read_source(pixels_sha256, first) == OriginalFile(b"png", "png")
    assert store.read_source(pixels_sha256, second) == OriginalFile(b"jpeg", "jpeg")


def test_a_source_has_one_entry_in_the_ledger(store):
    pixels_sha256 = "sha256:" + "3" * 64
    for _ in range(2):
        blob_sha256 = store.add_source(pixels_sha256, OriginalFile(b"png", "png"), NOW)
    (entry,) = store.ledger.entries_of(Kind.SOURCE_STORED)
    assert entry.subject == blob_sha256
    assert entry.document == {
        "pixels_sha256": pixels_sha256,
        "file_format": "png",
        "num_bytes": 3,
    }


def test_an_unknown_source_is_none(store):
    assert store.read_source("sha256:" + "3" * 64) is None


def test_one_blob_serves_two_sources(store, home):
    store.add_source("sha256:" + "3" * 64, OriginalFile(b"png", "png"), NOW)
    store.add_source("sha256:" + "4" * 64, OriginalFile(b"png", "png"), NOW)
    assert store.read_source("sha256:" + "4" * 64) == OriginalFile(b"png", "png")


def decide(store, image_id, decision=RELEASED):
    def write(connection):
        return add_judgement(connection, image_id, [], decision, decided_by="rule", now=NOW)

    return store.judge(image_id, write, NOW)


def seal(content, *, decision_id=1, sealed_at=NOW, **form):
    """A seal of the image ``one``, and its file."""
    stored = StoredSeal(
        sealed_sha256=sha256_of_bytes(content),
        image_id=sha256_of_bytes(b"one"),
        decision_id=decision_id,
        sealed_at=sealed_at,
        manifest_id=f"urn:{content.decode()}",
        stamped_at=None,
        **form,
    )
    return stored, content


def test_the_seal_of_every_form_is_found_by_its_form(store):
    image_id = store.add_image(record_of(b"one"), b"one").image_id
    decided = decide(store, image_id)
    forms = ({}, {"file_format": "webp"}, {"is_beside": True})
    for number, form in enumerate(forms):
        assert store.seal_of(image_id, **form) is None
        made = seal(b"%d" % number, **form)
        assert store.add_seal(decided, lambda made=made: made, "png") == made
        assert store.seal_of(image_id, **form) == made[0]


def test_the_seal_of_the_last_decision_holds_also_after_a_clock_that_jumped_back(store):
    image_id = store.add_image(record_of(b"one"), b"one").image_id
    store.add_seal(decide(store, image_id), lambda: seal(b"sealed"), "png")
    again = decide(store, image_id)
    earlier = NOW - timedelta(hours=1)
    made = seal(b"again", decision_id=again.decision_id, sealed_at=earlier)
    store.add_seal(again, lambda: made, "png")
    assert store.seal_of(image_id) == made[0]


def test_nothing_is_kept_of_a_seal_whose_image_was_erased_meanwhile(store):
    image_id = store.add_image(record_of(b"one"), b"one").image_id
    decided = decide(store, image_id)
    ahead = store.write_ahead(b"sealed", "png")
    store.erase_image(image_id, reason="person_asked", recorded_at=NOW)
    with pytest.raises(SealFailed, match="erased meanwhile"):
        store.add_seal(decided, lambda: seal(b"sealed"), "png", ahead=ahead)
    assert store.seal_of(image_id) is None
    assert not store._blobs.path_of(sha256_of_bytes(b"sealed"), "png").exists()


def test_no_seal_is_kept_of_a_release_that_was_overtaken(store):
    image_id = store.add_image(record_of(b"one"), b"one").image_id
    decided = decide(store, image_id)
    decide(store, image_id, replace(RELEASED, outcome=Outcome.REFUSED))
    with pytest.raises(SealFailed, match="decided otherwise"):
        store.add_seal(decided, lambda: seal(b"sealed"), "png")
    assert store.seal_of(image_id) is None


def test_nothing_is_kept_of_a_seal_that_does_not_hold(store):
    image_id = store.add_image(record_of(b"one"), b"one").image_id
    decided = decide(store, image_id)
    before = store.ledger.count()

    def fail():
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        store.add_seal(decided, fail, "png", ahead=store.write_ahead(b"sealed", "png"))
    assert (store.seal_of(image_id), store.ledger.count()) == (None, before)
