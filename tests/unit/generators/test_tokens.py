import pytest

from limner.generators.embedded.tokens import Tokens


@pytest.fixture
def tokens(weights_folder) -> Tokens:
    return Tokens((weights_folder / "tokenizer.json").read_bytes(), 8)


def test_the_marks_of_start_and_end_are_not_counted(tokens):
    assert tokens.count("a red apple") == 3


def test_parts_of_words_are_counted(tokens):
    assert tokens.count("foxes") == 2


def test_an_empty_text_has_no_tokens(tokens):
    assert tokens.count("") == 0


def test_capitals_make_no_difference(tokens):
    assert (
        tokens.rows(["A Red Apple"]).ids_BT.tolist() == tokens.rows(["a red apple"]).ids_BT.tolist()
    )


def test_the_kept_part_ends_with_the_last_usable_token(tokens):
    assert tokens.kept_part("a red red apple on fox green green") == "a red red apple on fox"


def test_a_text_that_fits_is_kept_whole(tokens):
    assert tokens.kept_part("a red fox") == "a red fox"


def test_rows_mark_where_tokens_are(tokens):
    rows = tokens.rows(["a fox", ""])
    assert rows.mask_BT.sum(axis=1).tolist() == [4, 2]
    assert rows.ids_BT.shape == (2, 8)


def test_rows_are_shortened_to_whole_steps_of_the_longest(weights_folder):
    tokens = Tokens((weights_folder / "tokenizer.json").read_bytes(), 32)
    rows = tokens.rows(["fox", "a red red apple on fox green green"])
    assert rows.shortened().ids_BT.shape == rows.shortened().mask_BT.shape == (2, 16)
    assert rows.shortened().mask_BT.sum() == rows.mask_BT.sum()
    assert tokens.rows(["fox"]).shortened().ids_BT.shape == (1, 8)
