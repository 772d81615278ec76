"""Twins say the same in other words."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from limner.core.errors import BadInput
from limner.evals.perturbation import TWINS, twins_of, typos

PROMPTS = st.text("abcdefg ", min_size=1, max_size=40)


@given(PROMPTS, st.integers(0, 9))
def test_a_typo_moves_letters_and_loses_none(prompt: str, seed: int):
    assert sorted(typos(prompt, np.random.default_rng(seed))) == sorted(prompt)


@given(PROMPTS, st.sampled_from(sorted(TWINS)))
def test_a_twin_is_never_the_prompt_itself(prompt: str, kind: str):
    assert prompt not in [twin for _, twin in twins_of(prompt, kind, "case")]


@given(PROMPTS, st.sampled_from(sorted(TWINS)))
def test_the_same_case_has_the_same_twin(prompt: str, kind: str):
    assert twins_of(prompt, kind, "case") == twins_of(prompt, kind, "case")


def test_synonyms_replace_whole_words():
    assert twins_of("a car above a carpet", "synonyms", "x") == [
        ("synonyms", "an automobile over a carpet")
    ]


def test_a_prompt_without_people_has_no_gender():
    assert twins_of("a fox", "gender", "x") == []


def test_a_translation_is_told_by_its_language():
    assert twins_of("a red balloon", "translation", "x") == [
        ("german", "ein roter Luftballon"),
        ("spanish", "un globo rojo"),
    ]


def test_a_prompt_nobody_translated_has_no_translation():
    assert twins_of("a fox in a box", "translation", "x") == []


def test_an_unknown_twin_is_refused_by_name():
    with pytest.raises(BadInput, match="'pirate' is not known; allowed are typos"):
        twins_of("a fox", "pirate", "x")
