"""What is asked: prompts whose fulfilment a program can tell, none chosen by its outcome."""

from __future__ import annotations

import csv
import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

from training.data import colours
from training.data.captions import COUNT_WORDS, plural, with_article
from training.data.manifest import Row
from training.data.manifest import read as read_manifest

from limner.evals.specification import RELATIONS, Asked
from limner.generators.embedded.weights import CARD_FILE, PACKAGED

SEEN_CONCEPTS = Path(__file__).parent / "seen_concepts.csv"
LEAST_STYLES = 4
EMOJI_STYLES = (
    "fluent",
    "flat",
    "noto",
    "twemoji",
    "3d",
    "blob",
    "emojione",
    "firefox",
    "streamline",
)
PLAIN_THINGS = (
    "balloon", "car", "umbrella", "tulip", "star", "heart", "book", "top hat", "bird", "fish",
    "house", "t-shirt", "cup of coffee", "butterfly", "gift", "bus", "rocket", "mushroom", "key",
    "bell",
)  # fmt: skip
COUNTED_THINGS = (
    "apple", "star", "heart", "cat face", "car", "mushroom", "fish", "egg", "house", "tomato",
    "dog face", "strawberry", "balloon", "pear", "rocket", "pizza", "lemon", "bell", "snail",
    "donut",
)  # fmt: skip
PLACED_PAIRS = (
    ("cat face", "apple"), ("tree", "house"), ("car", "star"), ("dog face", "pizza"),
    ("fish", "banana"), ("rocket", "sun"), ("strawberry", "book"), ("bird", "donut"),
    ("heart", "guitar"), ("mushroom", "snail"), ("bus", "tomato"), ("panda", "rose"),
    ("frog", "cup of coffee"), ("hamburger", "key"), ("crown", "lemon"), ("butterfly", "cactus"),
    ("octopus", "pear"), ("soccer ball", "gift"), ("pumpkin", "ghost"), ("bell", "carrot"),
)  # fmt: skip
STYLED_THINGS = ("apple", "cat face", "house", "car", "heart", "star")
OBJECT_COLOURS = (
    "red",
    "orange",
    "yellow",
    "green",
    "blue",
    "purple",
    "pink",
    "brown",
    "black",
    "white",
)


@cache
def manifest() -> tuple[Row, ...]:
    """The rows of all pictures, held-out ones among them."""
    return tuple(read_manifest())


@cache
def concepts() -> tuple[str, ...]:
    """Every concept of the manifest, held-out ones among them: what the referee chooses from."""
    return tuple(sorted({row.concept for row in manifest()}))


@cache
def trained_styles() -> Mapping[str, frozenset[str]]:
    """The styles in which each concept was trained on."""
    styles: dict[str, set[str]] = defaultdict(set)
    for row in manifest():
        if row.split == "train":
            styles[row.concept].add(row.style)
    return {concept: frozenset(names) for concept, names in styles.items()}


@cache
def drawn_concepts() -> frozenset[str]:
    """The concepts that the committed weights were trained on, as their card says."""
    return frozenset(json.loads((PACKAGED / CARD_FILE).read_text())["concepts"])


def named(concept: str) -> str:
    """The plainest caption of a concept."""
    return with_article(concept, concept)


def seen_concepts() -> list[Asked]:
    """The committed 300 concepts, each in an emoji style it was trained in, taken in turn."""
    with SEEN_CONCEPTS.open(newline="") as file:
        names = [row["concept"] for row in csv.DictReader(file)]
    return [
        Asked(
            prompt=named(name), concept=name, style=_style_in_turn(number, trained_styles()[name])
        )
        for number, name in enumerate(names)
    ]


def _style_in_turn(number: int, allowed: frozenset[str]) -> str:
    turned = [
        EMOJI_STYLES[(number + step) % len(EMOJI_STYLES)] for step in range(len(EMOJI_STYLES))
    ]
    return next((style for style in turned if style in allowed), "")


def held_out_concepts() -> list[Asked]:
    """All concepts never trained on, the emoji styles in turn."""
    names = [name for name in concepts() if name not in trained_styles()]
    return [
        Asked(prompt=named(name), concept=name, style=EMOJI_STYLES[number % len(EMOJI_STYLES)])
        for number, name in enumerate(names)
    ]


def held_out_combinations() -> list[Asked]:
    """All pairs of a trained concept and a trained style that were never seen together."""
    pairs = sorted({(row.concept, row.style) for row in manifest() if row.split == "heldout_style"})
    return [Asked(prompt=named(concept), concept=concept, style=style) for concept, style in pairs]


def grounds() -> list[Asked]:
    """Every background word under six things each."""
    words = colours.background_words()
    return [
        Asked(
            prompt=f"{named(thing)}, on {with_article(word, word)} background",
            concept=thing,
            ground=word,
        )
        for turn in range(6)
        for number, word in enumerate(words)
        for thing in (PLAIN_THINGS[(number + turn * 7) % len(PLAIN_THINGS)],)
    ]


def coloured_things() -> list[Asked]:
    """Twenty things that come in any colour, four colours each."""
    return [
        Asked(prompt=with_article(f"{word} {thing}", thing), concept=thing, colour=word)
        for turn in range(4)
        for number, thing in enumerate(PLAIN_THINGS)
        for word in (OBJECT_COLOURS[(number + turn * 3) % len(OBJECT_COLOURS)],)
    ]


def counted_things() -> list[Asked]:
    """Twenty things, one to four of each."""
    return [
        Asked(
            prompt=named(thing) if count == 1 else f"{COUNT_WORDS[count]} {plural(thing)}",
            concept=thing,
            count=count,
        )
        for thing in COUNTED_THINGS
        for count in (1, 2, 3, 4)
    ]


def placed_pairs() -> list[Asked]:
    """Twenty pairs of things in all four relations."""
    return [
        Asked(
            prompt=f"{named(one)} {phrase} {named(other)}",
            concept=one,
            other=other,
            relation=relation,
        )
        for one, other in PLACED_PAIRS
        for relation, phrase in RELATIONS.items()
    ]


def styled_things(styles: Sequence[str]) -> list[Asked]:
    """Six things in every style."""
    return [
        Asked(prompt=named(thing), concept=thing, style=style)
        for thing in STYLED_THINGS
        for style in styles
    ]
