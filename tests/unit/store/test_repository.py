from dataclasses import replace
from datetime import UTC, datetime

import pytest
from recipes import RECIPE

from limner.core.errors import StorageUnavailable
from limner.core.hashing import sha256_of_bytes
from limner.core.records import ImageRecord, Size
from limner.store.repository import Store

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def record_of(content: bytes, **changes) -> ImageRecord:
    record = ImageRecord(
        image_id=sha256_of_bytes(content),
        pixels_sha256="sha256:" + "2" * 64,
        file_format="png",
        num_bytes=len(content),
        size=Size(64, 64),
        created_at=NOW,
        seconds=0.5,
        recipe=RECIPE,
    )
    return replace(record, **changes)


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


def test_an_unknown_image_is_none(store):
    assert store.image_by_id("sha256:" + "0" * 64) is None


def test_no_row_is_left_when_the_blob_cannot_be_written(store, home):
    (home / "blobs" / sha256_of_bytes(b"one")[7:9]).write_bytes(b"in the way")
    with pytest.raises(StorageUnavailable):
        store.add_image(record_of(b"one"), b"one")
    assert store.count_images() == 0


def test_opening_discards_a_blob_whose_row_was_never_committed(store, home):
    blob_sha256 = store._blobs.add(b"orphan", "png")
    Store.open(home).close()
    assert not store._blobs.path_of(blob_sha256, "png").exists()


def test_opening_keeps_a_blob_that_was_committed_but_not_settled(store, home):
    record = store.add_image(record_of(b"one"), b"one")
    intent = home / "blobs" / "intents" / f"{record.image_id[7:]}.png.intent"
    intent.write_bytes(b"")
    Store.open(home).close()
    assert (store.read_image(record), intent.exists()) == (b"one", False)


def test_a_source_reads_back(store):
    store.add_source("sha256:" + "3" * 64, b"png", NOW)
    assert store.read_source("sha256:" + "3" * 64) == b"png"


def test_an_unknown_source_is_none(store):
    assert store.read_source("sha256:" + "3" * 64) is None


def test_one_blob_serves_two_sources(store, home):
    store.add_source("sha256:" + "3" * 64, b"png", NOW)
    store.add_source("sha256:" + "4" * 64, b"png", NOW)
    assert store.read_source("sha256:" + "4" * 64) == b"png"
