"""What an icon's name says it shows.

`objects.txt` lists the things; the emoji concepts are known as well. A name is taken only when
its words are one known thing and otherwise harmless words ("amusement-park-ferris-wheel" is a
ferris wheel); anything else, such as "calendar-add", is left out. The harmless words become
keywords.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from training.data.concepts import COLOUR_NAMES, EmojiConcept, plain_text
from training.data.packages import DATA_DIR

LONGEST_PHRASE = 6


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a name says: the concept, its group and the other words of the name."""

    concept: str
    group: str
    keywords: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Known things by their words, words that do no harm around them, and names never taken."""

    concepts: dict[tuple[str, ...], str] = field(default_factory=dict[tuple[str, ...], str])
    groups: dict[str, str] = field(default_factory=dict[str, str])
    harmless: frozenset[str] = frozenset()
    refused: frozenset[tuple[str, ...]] = frozenset()

    def meaning(self, name: str) -> Meaning | None:
        """The meaning of an icon's name; None when the icon should be left out."""
        words = split_words(name)
        if any(_contains(words, refused) for refused in self.refused):
            return None
        for length in range(min(len(words), LONGEST_PHRASE), 0, -1):
            for start in range(len(words) - length, -1, -1):
                concept = self.concepts.get(words[start : start + length])
                rest = words[:start] + words[start + length :]
                if concept is not None and all(word in self.harmless for word in rest):
                    keywords = tuple(word for word in rest if word not in NUMBER_WORDS)
                    return Meaning(concept, self.groups[concept], keywords)
        return None


NUMBER_WORDS = frozenset(
    {"one", "two", "three", "four", "five", "half", "left", "right", "alt", "full"}
)


def split_words(name: str) -> tuple[str, ...]:
    """ "Shopping-bag-2" -> ("shopping", "bag"); numbers at the end are variants, not words."""
    words = re.findall(r"[a-z]+|\d+[a-z]*", plain_text(name).replace("'", ""))
    while len(words) > 1 and (
        words[-1].isdigit() or words[-1] in ("one", "two", "three", "four", "five", "alt")
    ):
        words.pop()
    return tuple(words)


def _contains(words: tuple[str, ...], phrase: tuple[str, ...]) -> bool:
    return any(
        words[start : start + len(phrase)] == phrase
        for start in range(len(words) - len(phrase) + 1)
    )


def vocabulary(emoji: Sequence[EmojiConcept]) -> Vocabulary:
    """Read `objects.txt` and add the emoji concepts; the listed names win."""
    concepts: dict[tuple[str, ...], str] = {}
    groups = {known.concept: known.group for known in emoji}
    refused: set[tuple[str, ...]] = set()
    harmless: set[str] = set(COLOUR_NAMES)
    group = ""
    for line in (DATA_DIR / "objects.txt").read_text().splitlines():
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        if line.startswith("HARMLESS:"):
            harmless.update(line.removeprefix("HARMLESS:").split())
        elif line.startswith("["):
            group = line.strip("[]")
        elif line.startswith("!"):
            refused.add(split_words(line[1:]))
        else:
            concept, _, others = line.partition(":")
            groups.setdefault(concept.strip(), group)
            for name in (concept, *others.split(",")):
                if name.strip():
                    concepts.setdefault(split_words(name), concept.strip())
    for known in emoji:
        for name in (known.concept, known.label):
            concepts.setdefault(split_words(name), known.concept)
    return Vocabulary(concepts, groups, frozenset(harmless), frozenset(refused))
