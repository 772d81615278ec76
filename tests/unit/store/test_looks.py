"""Rows of incoming images, on both databases."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from limner.core.hashing import sha256_of_bytes
from limner.core.looking import Findings, Incoming
from limner.core.records import Size
from limner.store.looks import StoredItem
from limner.store.repository import Store

NOW = datetime(2026, 1, 1, tzinfo=UTC)
CONTENT = b"a picture"
IMAGE = Incoming(
    image_id=sha256_of_bytes(CONTENT), pixels_sha256="sha256:aa", file_format="png", num_bytes=9,
    size=Size(4, 3), source="in/one.png", received_at=NOW, pdq=bytes(range(32)),
)  # fmt: skip
LOOK = {"findings": Findings().to_document(), "results": []}


def receive(store: Store, content: bytes | None = None):
    with store.looks.writing(NOW) as writing:
        writing.receive(IMAGE, b"small", content)
        if not writing.has_look(IMAGE.image_id, "looker"):
            writing.add_look(IMAGE.image_id, "looker", LOOK, NOW)


def receive_and_fail(store: Store):
    with store.looks.writing(NOW) as writing:
        writing.receive(IMAGE, b"small", CONTENT)
        raise RuntimeError


def test_what_came_in_is_given_back(store):
    receive(store)
    assert store.looks.find(IMAGE.image_id) == IMAGE


def test_receiving_again_adds_no_row_and_no_entry(store):
    receive(store)
    receive(store)
    assert len(store.ledger.entries_of("image_received")) == 1


def test_a_file_that_is_needed_later_is_kept_then(store):
    receive(store)
    receive(store, CONTENT)
    kept = store.looks.find(IMAGE.image_id)
    assert (kept, store.looks.read(kept)) == (replace(IMAGE, is_kept=True), CONTENT)


def test_nothing_is_kept_when_the_transaction_fails(store, home):
    with pytest.raises(RuntimeError):
        receive_and_fail(store)
    store.clear_unsettled()
    assert (store.looks.find(IMAGE.image_id), list((home / "blobs").glob("??/*"))) == (None, [])


def test_items_come_in_order_however_many(store):
    store.looks.begin("run", "looker", {"started_at": NOW.isoformat()})
    with store.looks.writing(NOW) as writing:
        for number in reversed(range(1203)):
            writing.add_item("run", StoredItem(number, f"{number}.png", None, "empty", "Empty."))
    assert [one.number for one in store.looks.items("run")] == list(range(1203))


def test_hashes_of_all_are_given(store):
    receive(store)
    assert list(store.looks.hashes()) == [(IMAGE.image_id, IMAGE.pdq)]


def test_what_was_not_decided_yet_is_not_shown(store):
    receive(store)
    assert store.looks.look(IMAGE.image_id, "looker") is None
