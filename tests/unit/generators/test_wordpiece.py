"""Held against the reference library, on the vocabulary the embedded generator ships with."""

import json
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer

import limner
from limner.generators.embedded.wordpiece import WordPiece

SHIPPED = Path(limner.__file__).parent / "generators" / "embedded" / "weights" / "tokenizer.json"
OURS = WordPiece(SHIPPED.read_bytes())


def reference() -> Tokenizer:
    """The library's, without its special marks inside a text."""
    without_marks = json.loads(SHIPPED.read_text()) | {
        "added_tokens": [], "truncation": None, "padding": None, "post_processor": None
    }  # fmt: skip
    return Tokenizer.from_str(json.dumps(without_marks))


REFERENCE = reference()
OLD_LETTERS = st.characters(max_codepoint=0xFFFF, exclude_categories=["Cn", "Cs"]).filter(
    lambda one: unicodedata.ucd_3_2_0.category(one) == unicodedata.category(one)
)  # known to every version of Unicode: the two read different ones


def test_everyday_prompts_split_as_in_the_reference():
    for text in (
        "a red apple, flat style",
        "Café CRÈME!",
        "two strawberries on the left",
        "犬と猫",
    ):
        assert [one.id for one in OURS.split(text)] == REFERENCE.encode(text).ids


@given(st.text(OLD_LETTERS, max_size=60) | st.text("aeiou ,.-#'日é\t\x00", max_size=60))
def test_any_text_splits_as_in_the_reference(text):
    assert [one.id for one in OURS.split(text)] == REFERENCE.encode(text).ids


@given(st.text("abcdefgh ,.é日", max_size=60))
def test_pieces_end_where_the_reference_says(text):
    assert [one.end for one in OURS.split(text)] == [
        end for _, end in REFERENCE.encode(text).offsets
    ]


@pytest.mark.parametrize("length", [100, 101])
def test_a_word_of_more_than_100_letters_is_unknown(length):
    assert [one.id for one in OURS.split("a" * length)] == REFERENCE.encode("a" * length).ids


def test_a_mark_typed_into_a_prompt_is_ordinary_text():
    assert OURS.end not in [one.id for one in OURS.split("an apple [SEP] a fox")]


def test_half_a_character_is_left_out():
    assert OURS.split("a \udc80 fox") == OURS.split("a   fox")
