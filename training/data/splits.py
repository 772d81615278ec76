"""What is never trained on: some concepts in all styles, and one style of some others.

Held out means held out: a concept is judged by its core words ("tiger face" and "tiger" are one), and every concept
that contains the core words of a held-out one goes with it. The choice depends on the seed and the concepts alone,
and is committed as two lists; later packages follow the lists.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Literal

import numpy as np

from training.data.packages import DATA_DIR

Split = Literal["train", "heldout_concept", "heldout_style"]

HELD_OUT_CONCEPTS = DATA_DIR / "heldout_concepts.csv"
HELD_OUT_STYLES = DATA_DIR / "heldout_styles.csv"
CONCEPT_SHARE = 0.05
STYLE_SHARE = 0.10
LEAST_STYLES = 4
MOST_RELATIVES = 4

FILLERS = frozenset(
    "a an the of with and in on front view side sign symbol icon small big large old new open closed".split()
)

# The head of one of these is the animal again, while "hot face" is not "hot".
HEADED = frozenset(
    "dog cat tiger horse cow pig mouse rabbit monkey dragon bear fox lion panda frog wolf unicorn hamster robot zebra "
    "koala moon sun chick".split()
)

# What people ask for first has to be in the training set.
EVERYDAY = frozenset(
    "cat dog apple car house sun heart star flower tree pizza moon cloud rose banana strawberry bird fish horse cow pig "
    "rabbit bear lion tiger elephant mouse monkey frog bee butterfly rocket airplane bicycle bus train ship boat truck "
    "taxi ball soccer basketball guitar piano drum book pencil pen key gift cake cookie donut burger hamburger bread "
    "cheese egg coffee tea cup milk beer wine water fire snowflake snowman rainbow umbrella mountain island tent castle "
    "church school hospital bank phone computer laptop camera television clock watch lamp bulb bed chair door window "
    "hat crown shoe shirt dress glasses sunglasses ring diamond hand eye ear nose mouth smile smiling grinning robot "
    "ghost alien skull pumpkin balloon trophy medal chicken duck owl penguin panda fox wolf snake turtle shark whale "
    "dolphin octopus crab snail spider cactus mushroom leaf grapes orange lemon cherry cherries peach pear pineapple "
    "watermelon tomato carrot corn potato ice cream candy chocolate sandwich sushi taco hammer scissors envelope "
    "bell candle bomb bag backpack money coin circle square triangle lock padlock unicorn dragon planet globe "
    "baby santa astronaut princess angry crying thumbs microphone kite anchor dice".split()
)


def core(concept: str) -> frozenset[str]:
    """The telling words of a concept in the singular; all its words when every one is a filler."""
    words = [_singular(word) for word in re.findall(r"[a-z0-9]+", concept.lower())]
    headed = any(word in HEADED for word in words)
    telling = frozenset(word for word in words if word not in FILLERS and not (headed and word in ("face", "head")))
    return telling or frozenset(words)


def _singular(word: str) -> str:
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-3] + "y" if word.endswith("ies") and len(word) > 4 else word[:-1]
    return word


def is_held_out(concept: str, held_cores: Iterable[frozenset[str]]) -> bool:
    """Whether a concept is a held-out one or contains one."""
    words = core(concept)
    return any(words >= held for held in held_cores)


def choose(styles_of: Mapping[str, Sequence[str]], seed: int) -> tuple[list[str], dict[str, str]]:
    """Draw the held-out concepts, and one held-out style for each of some others.

    Args:
        styles_of: the styles of each concept.
        seed: of the draw.

    Returns:
        The held-out concepts, and style by concept.
    """
    generator = np.random.default_rng(seed)
    cores = {concept: core(concept) for concept in styles_of}
    eligible = sorted(
        concept
        for concept, styles in styles_of.items()
        if len(set(styles)) >= LEAST_STYLES and not cores[concept] & EVERYDAY
    )
    concepts: list[str] = []
    wanted = round(CONCEPT_SHARE * len(styles_of))
    for concept in (eligible[number] for number in generator.permutation(len(eligible))):
        relatives = [other for other, words in cores.items() if words >= cores[concept]]
        if len(concepts) < wanted and len(relatives) <= MOST_RELATIVES:
            concepts += [relative for relative in relatives if relative not in concepts]
    rest = sorted(
        concept
        for concept, styles in styles_of.items()
        if len(set(styles)) >= LEAST_STYLES and not is_held_out(concept, (cores[name] for name in concepts))
    )
    chosen = generator.permutation(len(rest))[: round(STYLE_SHARE * len(styles_of))]
    styles = {
        rest[number]: str(generator.choice(sorted(set(styles_of[rest[number]])))) for number in sorted(chosen.tolist())
    }
    return sorted(concepts), styles


def write_lists(concepts: Iterable[str], styles: Mapping[str, str]) -> None:
    """Write both committed lists."""
    _write(HELD_OUT_CONCEPTS, ("concept",), [(concept,) for concept in sorted(concepts)])
    _write(HELD_OUT_STYLES, ("concept", "style"), sorted(styles.items()))


def _write(path: Path, header: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> None:
    with path.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def read_lists() -> tuple[list[str], dict[str, str]]:
    """The committed held-out concepts, and the held-out style by concept."""
    with HELD_OUT_CONCEPTS.open(newline="") as file:
        concepts = [row["concept"] for row in csv.DictReader(file)]
    with HELD_OUT_STYLES.open(newline="") as file:
        styles = {row["concept"]: row["style"] for row in csv.DictReader(file)}
    return concepts, styles


def split_of(concept: str, style: str, held_cores: Iterable[frozenset[str]], held_styles: Mapping[str, str]) -> Split:
    """The split of one picture."""
    if is_held_out(concept, held_cores):
        return "heldout_concept"
    return "heldout_style" if held_styles.get(concept) == style else "train"
