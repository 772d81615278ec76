import json

import pytest

from limner.core.errors import BadInput, LimnerError
from limner.store.ledger.entries import Kind
from limner.studio.erase import erase
from limner.studio.redraw import show
from limner.studio.verify import verify


def drawn(studio, tmp_path, prompt="a fox", seed=1):
    (image,) = studio.generate(prompt, seed=seed)
    return image, image.save(tmp_path / f"{seed}.png")


def blob_files(home):
    return [one for one in (home / "blobs").rglob("*") if one.is_file()]


def test_an_erased_image_leaves_no_file_and_no_row(studio, home, tmp_path):
    image, _ = drawn(studio, tmp_path)
    erase(studio.parts, [image.image_id])
    assert (studio.parts.store.image_by_id(image.image_id), blob_files(home)) == (None, [])


def test_no_word_of_the_prompt_is_left_in_the_data_folder(studio, home, tmp_path):
    image, _ = drawn(studio, tmp_path, prompt="hippopotamus janeway")
    erase(studio.parts, [image.image_id])
    studio.close()
    files = [one for one in home.rglob("*") if one.is_file()]
    assert not [one for one in files if b"janeway" in one.read_bytes()]


def test_other_images_stay(studio, tmp_path):
    image, _ = drawn(studio, tmp_path)
    other, _ = drawn(studio, tmp_path, seed=2)
    erase(studio.parts, [image.image_id])
    assert studio.parts.store.read_image(other.record)


def test_a_picture_it_started_from_goes_with_the_last_image_that_needs_it(studio, photo):
    first, second = studio.variations(photo, "a fox", n=2, seed=1)
    source = first.recipe.source_sha256
    erase(studio.parts, [first.image_id])
    assert studio.parts.store.read_source(source) is not None
    erase(studio.parts, [second.image_id])
    assert studio.parts.store.read_source(source) is None


def test_the_ledger_still_verifies_and_says_that_it_was_erased(studio, tmp_path):
    image, _ = drawn(studio, tmp_path)
    erase(studio.parts, [image.image_id], reason="kept_long_enough")
    store = studio.parts.store
    (entry,) = store.ledger.entries_of(Kind.ERASURE, subject=image.image_id)
    assert entry.document["reason"] == "kept_long_enough"
    assert store.ledger.verify().is_good
    assert store.ledger.reconcile().gaps == ()


def test_what_was_decided_stays(studio, tmp_path):
    image, _ = drawn(studio, tmp_path)
    erase(studio.parts, [image.image_id])
    assert studio.parts.store.last_decision(image.image_id) is not None


def test_show_and_verify_of_a_copy_say_that_it_was_erased(studio, tmp_path):
    image, path = drawn(studio, tmp_path)
    erase(studio.parts, [image.image_id])
    assert show(studio.parts, path).notices == (
        "This image was erased here at 2026-01-01 00:00:00 UTC.",
    )
    verified = verify(studio.parts, path)
    assert "This image was erased here at 2026-01-01 00:00:00 UTC." in verified.barred


def test_an_image_is_erased_by_the_file_that_left_and_the_file_stays(studio, tmp_path):
    image, path = drawn(studio, tmp_path)
    (erased,) = erase(studio.parts, [str(path)])
    assert (erased.image_id, erased.has_copy, path.is_file()) == (image.image_id, True, True)


def test_an_image_may_be_drawn_and_stored_again(studio, tmp_path):
    image, _ = drawn(studio, tmp_path)
    erase(studio.parts, [image.image_id])
    (again,) = studio.generate("a fox", seed=1)
    assert again.image_id == image.image_id
    assert studio.parts.store.erased_at(image.image_id) is None
    assert studio.parts.store.ledger.reconcile().gaps == ()


@pytest.mark.parametrize("unknown", ["sha256:" + "0" * 64, "gone.png"])
def test_one_unknown_image_and_nothing_is_erased(studio, tmp_path, unknown):
    image, _ = drawn(studio, tmp_path)
    with pytest.raises(LimnerError):
        erase(studio.parts, [image.image_id, unknown])
    assert studio.parts.store.image_by_id(image.image_id) is not None


def test_a_picture_of_somebody_else_is_not_stored_here(studio, photo):
    with pytest.raises(BadInput, match="is not stored here; nothing was erased"):
        erase(studio.parts, [str(photo)])


def test_erasing_twice_says_when_it_was_erased(studio, tmp_path):
    _, path = drawn(studio, tmp_path)
    erase(studio.parts, [str(path)])
    with pytest.raises(BadInput, match="was erased before, at 2026-01-01"):
        erase(studio.parts, [str(path)])


def test_an_unknown_reason_is_refused(studio, tmp_path):
    image, _ = drawn(studio, tmp_path)
    with pytest.raises(BadInput, match="Unknown reason 'because'"):
        erase(studio.parts, [image.image_id], reason="because")


def test_the_command_line_says_what_it_did_not_touch(limner):
    limner("generate", "a fox", "--seed", "1", "--out", "fox.png")
    result = limner("erase", "fox.png")
    assert "fox.png: image sha256:" in result.stdout
    assert "Not touched: fox.png" in result.stderr
    assert "was erased here" in limner("show", "fox.png").stdout


def test_the_command_line_prints_json(limner):
    limner("generate", "a fox", "--seed", "1", "--out", "fox.png")
    assert json.loads(limner("erase", "fox.png", "--json").stdout)["has_copy"] is True


def test_the_command_asks_tells_what_goes_and_what_stays_and_erases_a_person(limner, studio):
    studio.parts.requester = "ada"
    (image,) = studio.generate("a fox", seed=1)
    unsure = limner("erase", "--person", "ada", typed="n\n")
    assert unsure.exit_code == 2
    assert "nobody said yes" in unsure.stderr
    told = limner("erase", "--person", "ada", typed="y\n")
    assert "the shelf with their images (1)" in told.stdout
    assert "--with-images erases them too" in told.stdout
    assert "Erased; entry" in told.stdout
    assert studio.parts.store.gallery.owners_of(image.image_id) == set()
    again = limner("erase", "--person", "ada", "--yes")
    assert "Nobody named 'ada' is known here" in again.stderr


def test_images_of_a_person_go_with_them_where_that_is_asked(limner, studio):
    studio.parts.requester = "ada"
    (image,) = studio.generate("a fox", seed=1)
    done = limner("erase", "--person", "ada", "--with-images", "--yes", "--json")
    assert json.loads(done.stdout)["erased_images"] == [image.image_id]
    assert studio.parts.store.image_by_id(image.image_id) is None


def test_images_and_a_person_at_once_or_neither_is_refused(limner):
    for said in (("erase",), ("erase", "a.png", "--person", "ada"), ("erase", "a.png", "--yes")):
        refused = limner(*said)
        assert refused.exit_code == 2
        assert "--person" in refused.stderr


def test_nobody_is_no_person(limner, studio):
    studio.generate("a fox", seed=1)
    assert "Nobody named '' is known here" in limner("erase", "--person", "", "--yes").stderr
    refused = limner("erase", "--person", "\udcff", "--yes")
    assert "half a character" in refused.stderr
