import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from recipes import RECIPE

from limner.core.hashing import canonical_json
from limner.core.recipe import Recipe
from limner.core.records import Margins, Size, parse_size


def test_recipe_reads_back_from_its_json():
    recipe = replace(RECIPE, margins=Margins(1, 2, 3, 4), notices=("one", "two"))
    assert Recipe.from_document(json.loads(canonical_json(recipe.to_document()))) == recipe


def test_recipe_hash_changes_with_an_ingredient():
    changed = replace(RECIPE, ingredients={"network.bin": "sha256:" + "1" * 64})
    assert changed.sha256 != RECIPE.sha256


@pytest.mark.parametrize(
    "change",
    [
        {"format": "limner.recipe/999"},
        {"surprise": 1},
        {"size": "wide"},
        {"size": 7},
        {"operation": "dance"},
        {"margins": [1, 2]},
    ],
)
def test_from_document_refuses_what_is_not_a_recipe(change):
    with pytest.raises(ValueError, match=r"\w"):
        Recipe.from_document(RECIPE.to_document() | change)


@given(st.integers(1, 10_000), st.integers(1, 10_000))
def test_parse_size_reads_back_what_a_size_prints(width_px, height_px):
    assert parse_size(str(Size(width_px, height_px))) == Size(width_px, height_px)


def test_parse_size_takes_one_number_for_a_square():
    assert parse_size("256") == Size(256, 256)


@given(st.text().filter(lambda text: not any(one.isdigit() for one in text)))
def test_parse_size_refuses_text_without_numbers(text):
    with pytest.raises(ValueError, match="is not a size"):
        parse_size(text)
