import pytest
from hypothesis import given
from hypothesis import strategies as st

from limner.core.errors import BadInput
from limner.studio.prompts import expand_all, expand_at_random, is_template


@pytest.fixture
def wildcards(tmp_path):
    (tmp_path / "colour.txt").write_text("red\nblue\n")
    return tmp_path


@given(st.text(alphabet=st.characters(exclude_characters="{_")))
def test_text_without_marks_is_no_template(text):
    assert not is_template(text)


@pytest.mark.parametrize("text", ["a {red|blue} fox", "a __colour__ fox"])
def test_text_with_marks_is_a_template(text):
    assert is_template(text)


def test_two_lonely_underscores_are_no_template():
    assert not is_template("a __ fox")


def test_the_same_seed_gives_the_same_prompt(wildcards):
    template = "a {tiny|huge} __colour__ {fox|cat|dog}"
    assert expand_at_random(template, 7, wildcards) == expand_at_random(template, 7, wildcards)


def test_seeds_reach_every_choice(wildcards):
    prompts = {expand_at_random("__colour__ {fox|cat}", seed, wildcards) for seed in range(40)}
    assert prompts == {"red fox", "blue fox", "red cat", "blue cat"}


def test_expand_all_gives_every_combination(wildcards):
    assert sorted(expand_all("{a|b} __colour__", wildcards, 10)) == [
        "a blue",
        "a red",
        "b blue",
        "b red",
    ]


def test_expand_all_refuses_too_many(wildcards):
    with pytest.raises(BadInput, match="more than 3 combinations; allowed are up to 3"):
        expand_all("{a|b} {c|d}", wildcards, 3)


@pytest.mark.parametrize(
    ("template", "sentence"),
    [
        ("a __mood__ fox", "Unknown wildcard 'mood'; known are colour in"),
        ("a __../colour__ fox", "Unknown wildcard '../colour'"),
        ("a {red|blue fox", "cannot be read"),
        ("a ${colour} fox", "cannot be read"),
        ("icon #1 of a {red|blue} fox", "holds '#'"),
    ],
)
def test_a_bad_template_is_refused_by_name(wildcards, template, sentence):
    with pytest.raises(BadInput) as refused:
        expand_at_random(template, 1, wildcards)
    assert sentence in refused.value.message


def test_wildcards_are_unknown_where_there_is_no_folder(tmp_path):
    with pytest.raises(BadInput, match="known are none"):
        expand_at_random("a __colour__ fox", 1, tmp_path / "gone")
