import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from training.data import captions
from training.data.captions import Parts
from training.data.splits import core, is_held_out, read_lists
from training.data.styles import STYLES

SEEDS = st.integers(0, 2**32 - 1)
KEYWORDS = st.lists(st.sampled_from(["fruit", "food", "red fruit", "sweet", "plant"]), max_size=8)


def many(parts, count=400):
    generator = np.random.default_rng(0)
    return [captions.compose(parts, generator) for _ in range(count)]


@given(
    SEEDS, KEYWORDS, st.sampled_from(sorted(STYLES)), st.sampled_from(["", "on a blue background"])
)
def test_a_caption_is_plain_lower_case_of_limited_length(seed, keywords, style, background):
    parts = Parts(subject="a red apple", style=style, keywords=keywords, background=background)
    caption = captions.compose(parts, np.random.default_rng(seed))
    assert caption == caption.lower() == caption.strip()
    assert "  " not in caption
    assert ",," not in caption
    assert not caption.endswith(",")
    assert len(caption.split()) <= captions.MOST_WORDS + 4


@given(SEEDS, KEYWORDS)
def test_the_subject_is_always_said(seed, keywords):
    parts = Parts(subject="a red apple", style="flat", keywords=keywords)
    assert "red apple" in captions.compose(parts, np.random.default_rng(seed))


@given(SEEDS)
def test_a_painted_background_is_always_said(seed):
    parts = Parts(subject="a cat", style="noto", background="blue background")
    assert "blue background" in captions.compose(parts, np.random.default_rng(seed))


@given(SEEDS, st.sampled_from(["plain", "split", "gradient"]))
def test_a_background_phrase_names_its_colours(seed, kind):
    phrase = captions.background_phrase(("orange", "teal"), kind, np.random.default_rng(seed))
    assert "orange" in phrase
    assert "a orange" not in phrase
    assert ("teal" in phrase) == (kind != "plain")


@given(SEEDS)
def test_the_same_seed_gives_the_same_caption(seed):
    parts = Parts(subject="a cat", style="3d", keywords=("pet", "animal"))
    first, second = (captions.compose(parts, np.random.default_rng(seed)) for _ in range(2))
    assert first == second


def test_most_captions_that_name_no_style_are_short():
    texts = many(Parts(subject="a red apple", style="", keywords=("fruit",)))
    assert 0.6 <= sum("fruit" not in caption for caption in texts) / 400 <= 0.85


def test_a_style_is_named_where_there_is_one_to_name():
    styled, plain = (many(Parts(subject="a red apple", style=style)) for style in ("sketch", ""))
    assert all("sketch" in caption for caption in styled)
    assert not any("sketch" in caption or "style" in caption for caption in plain)


def test_no_painted_background_is_ever_said_of_a_transparent_one():
    texts = many(Parts(subject="a cat", style="flat"))
    assert any("transparent" in text for text in texts)
    assert not [
        text
        for text in texts
        if "background" in text and "transparent" not in text and "no " not in text
    ]


@pytest.mark.parametrize(
    ("one", "many_of_it"),
    [
        ("cat", "cats"),
        ("cherry", "cherries"),
        ("cup of coffee", "cups of coffee"),
        ("fox", "foxes"),
        ("mouse face", "mouse faces"),
        ("fish", "fish"),
        ("wolf", "wolves"),
        ("monkey", "monkeys"),
        ("shopping bags", "shopping bags"),
        ("bus", "buses"),
        ("dress", "dresses"),
        ("face with tongue", "faces with tongue"),
    ],
)
def test_plural(one, many_of_it):
    assert captions.plural(one) == many_of_it


@pytest.mark.parametrize(
    ("phrase", "name", "said"),
    [
        ("apple", "apple", "an apple"),
        ("red apple", "apple", "a red apple"),
        ("unicorn", "unicorn", "a unicorn"),
        ("scissors", "scissors", "scissors"),
        ("blue rice", "rice", "blue rice"),
        ("compass", "compass", "a compass"),
        ("orange cup of coffee", "cup of coffee", "an orange cup of coffee"),
    ],
)
def test_articles(phrase, name, said):
    assert captions.with_article(phrase, name) == said


def test_a_colour_is_not_said_twice():
    assert captions.coloured("red envelope", ("red", "white")) == "white red envelope"


def test_pairs_of_things_are_not_counted():
    assert not captions.can_be_counted("scissors")
    assert not captions.can_be_counted("fork and knife")


def test_no_caption_names_a_held_out_concept_by_a_synonym():
    cores = [core(concept) for concept in read_lists()[0]]
    for concept, others in captions.words().synonyms.items():
        if not is_held_out(concept, cores):
            assert not [other for other in others if is_held_out(other, cores)]
