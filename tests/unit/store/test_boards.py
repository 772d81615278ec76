from datetime import UTC, datetime

import pytest

from limner.core.errors import BadInput
from limner.store.repository import Store

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def test_a_star_twice_is_one_star(store: Store):
    store.boards.star("ada", ["i"], NOW)
    store.boards.star("ada", ["i"], NOW)
    assert store.boards.starred("ada", ["i", "j"]) == {"i"}


def test_a_star_taken_off_is_gone(store: Store):
    store.boards.star("ada", ["i"], NOW)
    store.boards.unstar("ada", ["i"])
    assert store.boards.starred("ada", ["i"]) == set()


def test_a_board_of_the_same_name_is_the_same_board(store: Store):
    first = store.boards.create("ada", "Foxes", NOW)
    assert store.boards.create("ada", "  Foxes ", NOW).board_id == first.board_id
    assert store.boards.create("ben", "Foxes", NOW).board_id != first.board_id


def test_boards_are_listed_by_name_with_their_number_of_images(store: Store):
    board = store.boards.create("ada", "Whales", NOW)
    store.boards.create("ada", "Foxes", NOW)
    store.boards.put("ada", board.board_id, ["i", "j", "i"], NOW)
    listed = [(one.name, one.num_images) for one in store.boards.list("ada")]
    assert listed == [("Foxes", 0), ("Whales", 2)]


def test_nobody_puts_images_on_the_board_of_another(store: Store):
    board = store.boards.create("ada", "Foxes", NOW)
    for change in (
        lambda: store.boards.put("ben", board.board_id, ["i"], NOW),
        lambda: store.boards.take("ben", board.board_id, ["i"]),
        lambda: store.boards.remove("ben", board.board_id),
    ):
        with pytest.raises(BadInput, match="There is no board"):
            change()


def test_a_removed_board_lets_go_of_its_images(store: Store):
    board = store.boards.create("ada", "Foxes", NOW)
    store.boards.put("ada", board.board_id, ["i"], NOW)
    store.boards.remove("ada", board.board_id)
    assert store.boards.keeping("ada", "i").board_ids == ()


def test_tags_are_kept_without_case(store: Store):
    store.boards.tag("ada", ["i"], " Winter  Fox ", NOW)
    assert store.boards.keeping("ada", "i").tags == ("winter fox",)
    store.boards.untag("ada", ["i"], "WINTER fox")
    assert store.boards.tags("ada") == []


@pytest.mark.parametrize("name", ["", "  ", "x" * 81, "a\x00b"])
def test_a_name_that_cannot_be_shown_is_refused(store: Store, name: str):
    with pytest.raises(BadInput, match="printable characters"):
        store.boards.create("ada", name, NOW)


def test_keeping_says_where_an_image_is(store: Store):
    board = store.boards.create("ada", "Foxes", NOW)
    store.boards.put("ada", board.board_id, ["i"], NOW)
    store.boards.star("ada", ["i"], NOW)
    kept = store.boards.keeping("ada", "i")
    assert (kept.is_starred, kept.board_ids) == (True, (board.board_id,))
