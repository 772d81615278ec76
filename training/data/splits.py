"""What is never trained on: some concepts in all styles, and one style of some others.

Held out means held out: a concept is judged by its core words ("tiger face" and "tiger" are one),
and every concept that contains the core words of a held-out one goes with it. The choice depends
on the seed and the concepts alone, and is committed as two lists; later packages follow the lists.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Mapping, Sequence, Set
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
    (
        "a an and big closed front icon in large new of old on open side sign small symbol "
        "the view with"
    ).split()
)

# The head of one of these is the animal again, while "hot face" is not "hot".
HEADED = frozenset(
    (
        "bear cat chick cow dog dragon fox frog hamster horse koala lion monkey moon mouse "
        "panda pig rabbit robot sun tiger unicorn wolf zebra"
    ).split()
)

# What people ask for first has to be in the training set.
EVERYDAY = frozenset((DATA_DIR / "everyday.txt").read_text().split())


def core(concept: str) -> frozenset[str]:
    """The telling words of a concept in the singular; all its words when every one is a filler."""
    words = [_singular(word) for word in re.findall(r"[a-z0-9]+", concept.lower())]
    headed = any(word in HEADED for word in words)
    telling = frozenset(
        word for word in words if word not in FILLERS and not (headed and word in ("face", "head"))
    )
    return telling or frozenset(words)


def _singular(word: str) -> str:
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-3] + "y" if word.endswith("ies") and len(word) > 4 else word[:-1]
    return word


def is_held_out(concept: str, held_cores: Iterable[frozenset[str]]) -> bool:
    """Whether a concept is a held-out one or contains one."""
    words = core(concept)
    return any(words >= held for held in held_cores)


def choose(
    styles_of: Mapping[str, Sequence[str]],
    seed: int,
    concepts: Sequence[str] = (),
    styles: Mapping[str, str] | None = None,
    trained: Set[tuple[str, str]] = frozenset(),
) -> tuple[list[str], dict[str, str]]:
    """Draw the held-out concepts, and one held-out style for each of some others, or add to an
    earlier draw.

    Args:
        styles_of: the styles of each concept.
        seed: of the draw.
        concepts: held out by an earlier draw.
        styles: held out by an earlier draw.
        trained: (concept, style) pairs that a model has seen and that can be held out no more.

    Returns:
        The held-out concepts, and style by concept, both sorted.
    """
    generator = np.random.default_rng(seed)
    cores = {concept: core(concept) for concept in styles_of}
    held = [concept for concept in styles_of if is_held_out(concept, map(core, concepts))]
    held_styles = {
        concept: style for concept, style in (styles or {}).items() if concept not in held
    }
    seen = {concept for concept, _ in trained}
    rich = sorted(
        concept for concept, names in styles_of.items() if len(set(names)) >= LEAST_STYLES
    )
    for concept in _shuffled([name for name in rich if not cores[name] & EVERYDAY], generator):
        relatives = [other for other, words in cores.items() if words >= cores[concept]]
        room = CONCEPT_SHARE * len(styles_of) - len(held)
        if room >= 0.5 and len(relatives) <= MOST_RELATIVES and not seen.intersection(relatives):
            held += [relative for relative in relatives if relative not in held]
    for concept in _shuffled(
        [name for name in rich if name not in held and name not in held_styles], generator
    ):
        free = sorted({style for style in styles_of[concept] if (concept, style) not in trained})
        if free and len(held_styles) < round(STYLE_SHARE * len(styles_of)):
            held_styles[concept] = str(generator.choice(free))
    kept_styles = {concept: style for concept, style in held_styles.items() if concept not in held}
    return sorted({*concepts, *held}), dict(sorted(kept_styles.items()))


def _shuffled(names: Sequence[str], generator: np.random.Generator) -> list[str]:
    return [names[number] for number in generator.permutation(len(names))]


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


def split_of(
    concept: str, style: str, held_cores: Iterable[frozenset[str]], held_styles: Mapping[str, str]
) -> Split:
    """The split of one picture."""
    if is_held_out(concept, held_cores):
        return "heldout_concept"
    return "heldout_style" if held_styles.get(concept) == style else "train"
