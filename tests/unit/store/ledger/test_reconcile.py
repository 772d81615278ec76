"""Files, rows and entries agree, or the gap is named."""

import pytest
from ledgers import NOW, at, make_home_before_ledger, record_of
from recipes import RECIPE

from limner.core.hashing import sha256_of_bytes
from limner.core.records import OriginalFile
from limner.store.ledger.entries import Kind
from limner.store.ledger.reconcile import Gap


@pytest.fixture
def images(store):
    return [store.add_image(record_of(content), content) for content in (b"one", b"two")]


def gaps_of(ledger):
    return [(one.gap, one.name) for one in ledger.reconcile().gaps]


def test_a_stored_image_is_an_entry(images, ledger):
    subjects = [one.subject for one in ledger.entries_of(Kind.IMAGE_STORED)]
    assert subjects == [one.image_id for one in images]


def test_an_image_stored_twice_is_one_entry(images, store, ledger):
    store.add_image(record_of(b"one"), b"one")
    assert len(ledger.entries_of(Kind.IMAGE_STORED)) == 2


def test_an_entry_holds_neither_prompt_nor_what_it_can_be_guessed_from(images, ledger):
    text = ledger.entries_of(Kind.IMAGE_STORED)[0].text
    assert RECIPE.prompt not in text
    assert RECIPE.sha256 not in text


def test_images_as_they_were_stored_have_no_gap(images, store, ledger):
    store.add_source("sha256:" + "3" * 64, OriginalFile(b"png", "png"), NOW)
    found = ledger.reconcile()
    assert (found.gaps, found.num_images, found.num_entries, found.num_sources) == ((), 2, 2, 1)


def test_what_goes_alongside_an_image_is_stored_with_it(store, ledger):
    from limner.store.ledger.appending import append_entry

    record = record_of(b"one")
    store.add_image(
        record,
        b"one",
        lambda connection, _entry: append_entry(
            connection, "decision", {}, subject=record.image_id, recorded_at=NOW
        ),
    )
    kinds = [one.kind for one in ledger.entries_of(subject=record.image_id)]
    assert kinds == ["image_stored", "decision"]


def test_what_fails_alongside_an_image_takes_the_image_with_it(home, store, ledger):
    def fail(connection, entry):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        store.add_image(record_of(b"one"), b"one", fail)
    store.clear_unsettled()
    assert (store.count_images(), ledger.count(), ledger.reconcile().gaps) == (0, 0, ())
    assert list((home / "blobs").glob("??/*")) == []


def test_a_missing_file_is_named(images, store, ledger):
    store._blobs.path_of(images[0].image_id, "png").unlink()
    assert gaps_of(ledger) == [(Gap.FILE_MISSING, images[0].image_id)]


def test_a_changed_file_is_named(images, store, ledger):
    store._blobs.path_of(images[0].image_id, "png").write_bytes(b"forged")
    assert gaps_of(ledger) == [(Gap.FILE_CHANGED, images[0].image_id)]


def test_a_file_that_belongs_to_no_image_is_named(images, store, ledger):
    blob_sha256 = store._blobs.add(b"three", "png")
    store._blobs.settle(blob_sha256, "png")
    assert gaps_of(ledger) == [(Gap.FILE_WITHOUT_ROW, blob_sha256)]


def test_a_file_whose_transaction_is_open_is_no_gap(images, store, ledger):
    store._blobs.add(b"three", "png")
    assert gaps_of(ledger) == []


def test_a_row_without_an_entry_is_named(images, ledger, tamper):
    tamper(("DELETE FROM ledger_entries WHERE subject = ?", (images[1].image_id,)))
    assert gaps_of(ledger) == [(Gap.ROW_WITHOUT_ENTRY, images[1].image_id)]


def test_an_entry_without_a_row_is_named(images, store, ledger, tamper):
    tamper(("DELETE FROM images WHERE image_id = ?", (images[1].image_id,)))
    assert gaps_of(ledger) == [
        (Gap.ENTRY_WITHOUT_ROW, images[1].image_id),
        (Gap.FILE_WITHOUT_ROW, images[1].image_id),
    ]


@pytest.mark.parametrize(
    ("column", "value", "named"),
    [
        ("pixels_sha256", "sha256:00", "pixels_sha256"),
        ("num_bytes", 9, "num_bytes"),
        ("width_px", 9, "size"),
        ("created_at", "2020-01-01T00:00:00+00:00", "created_at"),
        ("recipe", "{}", "recipe"),
        ("recipe_sha256", "sha256:00", "recipe, recipe_sha256"),
    ],
)
def test_a_changed_row_is_named_with_what_changed(images, ledger, tamper, column, value, named):
    tamper((f"UPDATE images SET {column} = ? WHERE image_id = ?", (value, images[0].image_id)))
    found = ledger.reconcile().gaps
    assert [one.sentence for one in found] == [
        f"The row of {images[0].image_id} differs from its entry in {named}."
    ]


def test_a_recipe_changed_with_its_hash_is_named(images, ledger, tamper):
    recipe = "{}"
    tamper(
        ("UPDATE images SET recipe = ?, recipe_sha256 = ?", (recipe, sha256_of_bytes(b"{}"))),
    )
    assert [one.gap for one in ledger.reconcile().gaps] == [Gap.ROW_CHANGED] * 2


@pytest.fixture
def older(home, open_copy):
    """A data folder with two images from before the ledger, opened by this Limner."""
    make_home_before_ledger(home, [b"one", b"two"])
    return open_copy(home)


def test_images_older_than_the_ledger_are_counted_and_are_no_gap(older):
    older.add_image(record_of(b"three"), b"three")
    found = older.ledger.reconcile()
    assert (found.gaps, found.num_images, found.num_older, found.num_entries) == ((), 3, 2, 1)


def test_the_first_entry_tells_of_the_images_that_are_older(older):
    older.add_image(record_of(b"three"), b"three")
    assert older.ledger.entry_at(0).document["num_images_before"] == 2


def test_an_older_image_can_be_read_and_erased(older):
    record = older.image_by_id(sha256_of_bytes(b"one"))
    assert older.read_image(record) == b"one"
    assert older.erase_image(record.image_id, reason="person_asked", recorded_at=at(1))
    assert older.ledger.reconcile().gaps == ()


def test_an_image_passed_off_as_older_than_the_ledger_is_named(images, ledger, tamper):
    tamper(
        ("DELETE FROM ledger_entries WHERE subject = ?", (images[0].image_id,)),
        ("INSERT INTO images_before_ledger VALUES (?)", (images[0].image_id,)),
    )
    assert gaps_of(ledger) == [(Gap.LIST_CHANGED, "images_before_ledger")]


def test_an_erased_image_is_gone_and_is_no_gap(images, store, ledger):
    store.erase_image(images[0].image_id, reason="person_asked", recorded_at=at(9))
    found = ledger.reconcile()
    assert (found.gaps, found.num_images, found.num_erased) == ((), 1, 1)
    assert store.image_by_id(images[0].image_id) is None
    assert not store._blobs.path_of(images[0].image_id, "png").exists()


def test_an_erased_image_leaves_nothing_to_guess_its_recipe_by(images, home, store):
    store.erase_image(images[0].image_id, reason="person_asked", recorded_at=at(9))
    store.erase_image(images[1].image_id, reason="person_asked", recorded_at=at(9))
    kept = b"".join(one.read_bytes() for one in home.rglob("*") if one.is_file())
    assert RECIPE.prompt.encode() not in kept
    assert RECIPE.sha256.encode() not in kept


def test_the_ledger_holds_after_an_image_is_erased(images, store, ledger):
    ledger.sign(at(1))
    store.erase_image(images[0].image_id, reason="person_asked", recorded_at=at(9))
    ledger.sign(at(10))
    assert ledger.verify().faults == ()


def test_an_erased_image_can_be_stored_again(images, store, ledger):
    store.erase_image(images[0].image_id, reason="person_asked", recorded_at=at(9))
    store.add_image(record_of(b"one", created_at=at(20)), b"one")
    found = ledger.reconcile()
    assert (found.gaps, found.num_images, found.num_erased) == ((), 2, 0)


def test_an_image_that_is_not_there_cannot_be_erased(store, ledger):
    is_erased = store.erase_image("sha256:" + "0" * 64, reason="person_asked", recorded_at=NOW)
    assert (is_erased, ledger.count()) == (False, 0)


def test_a_file_that_a_source_needs_stays_when_its_image_is_erased(images, store, ledger):
    store.add_source("sha256:" + "3" * 64, OriginalFile(b"one", "png"), NOW)
    store.erase_image(images[0].image_id, reason="person_asked", recorded_at=at(9))
    assert store.read_source("sha256:" + "3" * 64) == OriginalFile(b"one", "png")
    assert ledger.reconcile().gaps == ()


def test_a_kept_file_whose_row_is_gone_is_named(store, ledger, tamper):
    file_sha256 = store.add_source("sha256:" + "3" * 64, OriginalFile(b"png", "png"), NOW)
    tamper("DELETE FROM sources")
    assert (Gap.ENTRY_WITHOUT_ROW, file_sha256) in gaps_of(ledger)


def test_a_mark_that_was_changed_in_the_row_is_named(images, ledger, tamper):
    tamper("UPDATE images SET mark = 'another'")
    assert {gap for gap, _ in gaps_of(ledger)} == {Gap.ROW_CHANGED}
