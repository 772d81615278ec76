import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from solid_sprites import sprite_of
from training.data import captions
from training.data.manifest import read as read_manifest
from training.data.pool import Pool
from training.data.scenes import SceneMaker

from limner.checks.atoms.prompts import Prompt, Thing, read_prompt
from limner.checks.atoms.vocabulary import Vocabulary

VOCABULARY = Vocabulary()


def read(text: str) -> Prompt:
    return read_prompt(text, VOCABULARY)


def thing(name: str, *, article: bool = True, **fields) -> Thing:
    return Thing(name=name, takes_article=article, is_known=True, **fields)


@pytest.mark.parametrize(
    ("text", "things"),
    [
        ("a fox", (thing("fox"),)),
        ("A Red Fox", (thing("fox", colours=("red",)),)),
        ("fox emoji", (thing("fox"),)),
        ("a picture of a fox", (thing("fox"),)),
        ("flat style, a fox, animal, wild", (thing("fox"),)),
        ("a fox in flat style", (thing("fox"),)),
        ("three apples", (thing("apple", count=3),)),
        ("3 green apples", (thing("apple", count=3, colours=("green",)),)),
        ("a red and white mushroom", (thing("mushroom", colours=("red", "white")),)),
        ("a cup of coffee", (thing("cup of coffee"),)),
        ("skull and crossbones", (thing("skull and crossbones"),)),
        ("a fox and a house", (thing("fox"), thing("house"))),
        ("a fox, a house and a tree", (thing("fox"), thing("house"), thing("tree"))),
        ("a fox next to a house", (thing("fox"), thing("house"))),
        ("an orange cat", (thing("cat", colours=("orange",)),)),
        ("a gray house", (thing("house", colours=("grey",)),)),
        ("houses", (thing("houses", article=False),)),
        ("two houses", (thing("house", count=2),)),
    ],
)
def test_things_are_read_with_number_and_colours(text, things):
    assert read(text).things == things


@pytest.mark.parametrize(
    ("text", "relation"),
    [
        ("a fox to the left of a house", "left"),
        ("a fox right of a house", "right"),
        ("a fox above a house", "above"),
        ("a fox under a house", "below"),
        ("a fox on the left and a house on the right", "left"),
        ("a fox at the bottom and a house at the top", "below"),
        ("a fox and a house", None),
        ("a small fox on the left", None),
    ],
)
def test_places_are_read(text, relation):
    assert read(text).relation == relation


@pytest.mark.parametrize(
    ("text", "ground"),
    [
        ("a fox on a blue background", "blue"),
        ("a fox, light green background", "light green"),
        ("a fox with a dark blue background, animal", "dark blue"),
        ("a fox on white", "white"),
        ("a fox, no background", "transparent"),
        ("a fox on a transparent background", "transparent"),
        ("a fox, red to blue gradient background", None),
        ("a fox", None),
    ],
)
def test_backgrounds_are_read(text, ground):
    assert (read(text).ground, read(text).things) == (ground, (thing("fox"),))


def test_a_thing_nobody_trained_on_is_not_known():
    assert read("two purple gizmos").things == (
        Thing(name="gizmos", takes_article=True, is_known=False, count=2, colours=("purple",)),
    )


def test_words_that_are_not_understood_are_counted():
    assert read("a very angry fox").num_unread == 2


@pytest.mark.parametrize("text", ["", "   ", ",,,", "red", "on a blue background", "!?"])
def test_a_prompt_that_names_nothing_has_no_things(text):
    assert read(text).things == ()


@pytest.mark.parametrize(
    ("text", "named"), [("apple", "an apple"), ("unicorn", "a unicorn"), ("houses", "houses")]
)
def test_a_thing_is_named_as_captions_name_it(text, named):
    assert read(text).things[0].named == named


@settings(max_examples=200)
@given(st.text(max_size=120))
def test_any_text_can_be_read(text):
    assert isinstance(read(text), Prompt)


def test_captions_of_training_are_read_as_they_were_meant():
    rng = np.random.default_rng(20261128)
    maker = SceneMaker(Pool(read_manifest()), sprite_of, rng)
    wrong = []
    for _ in range(600):
        scene = maker.draw()
        meant = [placement.row.concept for placement in scene.placements]
        meant = meant[:1] if scene.kind == "count" else meant
        prompt = read(scene.caption)
        said = {name.lower() for concept in meant for name in names_of(concept)}
        is_read = len(prompt.things) == len(meant) and {one.name for one in prompt.things} <= said
        is_counted = scene.kind != "count" or prompt.things[0].count == len(scene.placements)
        is_placed = scene.kind != "pair" or prompt.relation is not None
        if not (is_read and is_counted and is_placed):
            wrong.append(scene.caption)
    assert len(wrong) <= 3, wrong


def names_of(concept: str) -> list[str]:
    return [concept, *captions.words().synonyms.get(concept, ())]
