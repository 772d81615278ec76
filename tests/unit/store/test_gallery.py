from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from limner.core.deciding import Outcome
from limner.core.judging import Verdict
from limner.store import schema
from limner.store.database import reading, transaction
from limner.store.gallery import Place, Search, StoredGrid, note_outcomes, shelve, take_off
from limner.store.repository import Store
from limner.studio.studio import Studio

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def two(studio: Studio) -> list[str]:
    """Two images of nobody."""
    return [one.image_id for one in studio.generate("A Red FOX, 100%", n=2, seed=1)]


def found(store: Store, search: Search, **options) -> set[str]:
    asked = {"owner": None, "viewer": "ada", "after": None, "limit": 10} | options
    return {one.image_id for one in store.gallery.page(search, **asked)}


def change(store: Store, do, *arguments) -> None:
    with transaction(store.gallery._engine) as connection:
        do(connection, *arguments)


def test_a_drawn_image_is_on_the_shelf_of_who_asked(studio: Studio):
    studio.parts.requester = "ada"
    (image,) = studio.generate("a fox")
    assert studio.parts.store.gallery.owners_of(image.image_id) == {"ada"}


@pytest.mark.parametrize("words", ["fox", "FOX red", "100%", "  "])
def test_words_are_found_without_case_and_as_they_are_written(studio: Studio, two, words: str):
    assert found(studio.parts.store, Search(words=words)) == set(two)


@pytest.mark.parametrize("words", ["cat", "fox cat", "fo_", "100%%", "/"])
def test_words_that_are_not_there_find_nothing(studio: Studio, two, words: str):
    assert found(studio.parts.store, Search(words=words)) == set()


@pytest.mark.parametrize("recipe", ["seed:1 style:plain", "SEED:1", "operation:text seed:1"])
def test_a_fact_of_the_recipe_finds_the_image_drawn_with_it(studio: Studio, recipe: str):
    first, _ = (one.image_id for one in studio.generate("a fox", n=2, seed=1, style="plain"))
    assert found(studio.parts.store, Search(recipe=recipe)) == {first}


def test_a_word_of_the_recipe_may_be_in_any_fact(studio: Studio, two):
    assert found(studio.parts.store, Search(recipe="painted")) == set(two)


@pytest.mark.parametrize("recipe", ["seed:", "seed:10", "size:1", "style:striped", "seed:_"])
def test_a_fact_is_found_whole_or_not_at_all(studio: Studio, two, recipe: str):
    assert found(studio.parts.store, Search(recipe=recipe)) == set()


def test_a_shelf_is_seen_by_its_owner_alone(studio: Studio, two):
    store = studio.parts.store
    change(store, shelve, two[0], "ada")
    assert found(store, Search(), owner="ada") == {two[0]}
    assert found(store, Search(), owner="ben") == set()


def test_an_image_of_two_people_is_listed_once_for_who_sees_all(studio: Studio, two):
    store = studio.parts.store
    change(store, shelve, two[0], "ada")
    page = store.gallery.page(Search(), owner=None, viewer="op", after=None, limit=10)
    assert sorted(one.image_id for one in page) == sorted(two)


def test_pages_follow_each_other_without_gap_or_overlap(studio: Studio):
    ids = {one.image_id for one in studio.generate("a fox", n=7, seed=1)}
    gallery, after, listed = studio.parts.store.gallery, None, []
    while page := gallery.page(Search(), owner=None, viewer="", after=after, limit=3):
        listed += [one.image_id for one in page]
        after = page[-1].place
    assert len(listed) == 7
    assert set(listed) == ids


def test_words_are_paged_like_everything_else(studio: Studio):
    ids = {one.image_id for one in studio.generate("a fox", n=5, seed=1)}
    gallery = studio.parts.store.gallery
    search = Search(words="fox")
    first = gallery.page(search, owner=None, viewer="", after=None, limit=3)
    rest = gallery.page(search, owner=None, viewer="", after=first[-1].place, limit=3)
    assert {one.image_id for one in [*first, *rest]} == ids


def test_an_outcome_is_the_one_that_holds_now(studio: Studio, two):
    store = studio.parts.store
    change(store, note_outcomes, {two[0]: Outcome.REFUSED})
    assert found(store, Search(outcome=Outcome.REFUSED)) == {two[0]}
    assert found(store, Search(outcome=Outcome.RELEASED)) == {two[1]}


def test_held_images_are_counted_as_waiting(studio: Studio, two):
    store = studio.parts.store
    change(store, note_outcomes, {two[0]: Outcome.HELD})
    assert store.gallery.count_held() == 1


def test_a_held_image_of_two_people_is_counted_once(studio: Studio, two):
    store = studio.parts.store
    change(store, shelve, two[0], "ada")
    change(store, note_outcomes, {two[0]: Outcome.HELD})
    assert store.gallery.count_held() == 1


def test_what_a_check_said_is_found(studio: Studio, two):
    store = studio.parts.store
    assert found(store, Search(check="integrity", verdict=Verdict.PASS)) == set(two)
    assert found(store, Search(check="integrity", verdict=Verdict.FAIL)) == set()


def test_both_days_of_a_span_belong_to_it(studio: Studio, two):
    store = studio.parts.store
    assert found(store, Search(since=NOW, until=NOW)) == set(two)
    assert found(store, Search(until=datetime(2025, 12, 31, tzinfo=UTC))) == set()
    assert found(store, Search(since=datetime(2026, 1, 2, tzinfo=UTC))) == set()


def test_stars_boards_and_tags_find_only_ones_own(studio: Studio, two):
    store = studio.parts.store
    board = store.boards.create("ada", "Foxes", NOW)
    store.boards.star("ada", [two[0]], NOW)
    store.boards.put("ada", board.board_id, [two[0]], NOW)
    store.boards.tag("ada", [two[0]], "Best", NOW)
    searches = (Search(is_starred=True), Search(board_id=board.board_id), Search(tag="BEST"))
    for search in searches:
        assert found(store, search, viewer="ada") == {two[0]}
        assert found(store, search, viewer="ben") == set()


def test_an_erased_image_leaves_no_row_of_the_gallery(studio: Studio, two):
    store = studio.parts.store
    board = store.boards.create("ada", "Foxes", NOW)
    store.boards.star("ada", [two[0]], NOW)
    store.boards.put("ada", board.board_id, [two[0]], NOW)
    store.boards.tag("ada", [two[0]], "best", NOW)
    store.erase_image(two[0], reason="other", recorded_at=NOW)
    with reading(store.gallery._engine) as connection:
        for table in (schema.gallery, schema.stars, schema.board_images, schema.image_tags):
            left = sa.select(sa.func.count()).where(table.c.image_id == two[0])
            assert connection.scalar(left) == 0


def test_taking_off_one_image_leaves_the_other(studio: Studio, two):
    change(studio.parts.store, take_off, two[0])
    assert found(studio.parts.store, Search()) == {two[1]}


def test_neighbours_are_the_next_newer_and_the_next_older(studio: Studio):
    studio.generate("a fox", n=3, seed=1)
    gallery = studio.parts.store.gallery
    newest, middle, oldest = (
        one.image_id for one in gallery.page(Search(), owner=None, viewer="", after=None, limit=3)
    )
    assert gallery.neighbours(middle, owner=None) == (newest, oldest)
    assert gallery.neighbours(newest, owner=None) == (None, middle)


def test_a_picture_is_kept_for_who_gave_it(store: Store):
    store.gallery.keep_picture("ada", "sha256:1", NOW)
    store.gallery.keep_picture("ada", "sha256:1", NOW)
    assert store.gallery.is_kept_for("ada", "sha256:1")
    assert not store.gallery.is_kept_for("ben", "sha256:1")


def test_a_grid_is_found_by_its_id(store: Store):
    grid = StoredGrid(grid_id="g", owner="ada", document="{}")
    store.jobs.add_grid(grid, [], NOW)
    assert store.gallery.find_grid("g") == grid
    assert store.gallery.find_grid("h") is None


@pytest.mark.parametrize("owner", [None, "ada"])
@pytest.mark.parametrize(
    "search",
    [
        Search(),
        Search(words="red fox", style="plain", outcome=Outcome.HELD),
        Search(since=NOW, until=NOW, check="integrity", verdict=Verdict.FAIL),
        Search(words="100%", tag="best", board_id="b", is_starred=True),
    ],
)
def test_every_search_is_understood_by_every_database(store: Store, search: Search, owner):
    after = Place("2026-01-01", "sha256:1")
    page = store.gallery.page(search, owner=owner, viewer="ada", after=after, limit=5)
    assert page == []
