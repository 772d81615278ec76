"""What the parser of prompts knows: names of things, style phrases, colours, numbers, places.

Names and style phrases come from the package, written by ``training/export_vocabulary.py`` from the
captions the models were trained with; the rest is short and stands here.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from limner.checks.colours import WORDS, background_words
from limner.checks.packaged import Packaged

WEIGHTS = Path(__file__).parent / "weights"

NUMBERS: Mapping[str, int] = {
    "one": 1, "single": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6,
    "1": 1, "2": 2, "3": 3, "4": 4, "5": 5, "6": 6, "pair of": 2, "couple of": 2,
}  # fmt: skip
RELATIONS: Mapping[str, str] = {
    "to the left of": "left", "left of": "left", "on the left of": "left",
    "to the right of": "right", "right of": "right", "on the right of": "right",
    "above": "above", "over": "above", "on top of": "above",
    "below": "below", "under": "below", "beneath": "below",
}  # fmt: skip
SIDES: Mapping[str, str] = {
    "on the left": "left", "on the right": "right", "at the top": "above", "at the bottom": "below",
}  # fmt: skip
COLOURS: Mapping[str, str] = {word: word for word in WORDS} | {"gray": "grey", "violet": "purple"}
GROUNDS: Mapping[str, str] = {word: word for word in background_words()} | {
    "gray": "grey", "violet": "purple", "transparent": "transparent", "no": "transparent",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Name:
    """One way to say a thing.

    Attributes:
        said: in the singular.
        takes_article: whether "a" or "an" stands before it.
        is_known: the models were trained on pictures of it.
    """

    said: str
    takes_article: bool
    is_known: bool


class Vocabulary:
    """Names of things and style phrases, read on first use.

    Args:
        folder: of the weights.
    """

    def __init__(self, folder: Path = WEIGHTS) -> None:
        self._weights = Packaged(folder)

    @property
    def ingredients(self) -> Mapping[str, str]:
        """Tagged hash of every file; empty when the card cannot be read."""
        files = self._weights.ingredients
        return {f"atoms/{name}": tagged for name, tagged in files.items()}

    @property
    def card(self) -> Mapping[str, Any]:
        """The card of the weights, with what the judges are calibrated by.

        Raises:
            CheckNotAble: it is missing or cannot be read.
        """
        return self._weights.card

    def find(self, words: tuple[str, ...], *, is_many: bool) -> Name | None:
        """The name that words are; a plural is taken for many of a thing where many are meant.

        Raises:
            CheckNotAble: the file is missing or not the one its card names.
        """
        first, second = (self._plurals, self._names) if is_many else (self._names, self._plurals)
        return first.get(words) or second.get(words)

    @cached_property
    def styles(self) -> frozenset[tuple[str, ...]]:
        """Every phrase that names a style, by its words; errors as `find`."""
        return frozenset(tuple(phrase.split()) for phrase in self._document["style_phrases"])

    @cached_property
    def longest(self) -> int:
        """Words of the longest name."""
        return max(map(len, (*self._names, *self._plurals)))

    @cached_property
    def _names(self) -> Mapping[tuple[str, ...], Name]:
        return {tuple(name.said.split()): name for name, _ in self._listed}

    @cached_property
    def _plurals(self) -> Mapping[tuple[str, ...], Name]:
        return {tuple(many.split()): name for name, many in self._listed if many}

    @cached_property
    def _listed(self) -> list[tuple[Name, str]]:
        rows: list[tuple[str, str, str, bool]] = self._document["names"]
        return [
            (Name(said=said, takes_article=said != phrase, is_known=is_known), many)
            for said, many, phrase, is_known in rows
        ]

    @cached_property
    def _document(self) -> Mapping[str, Any]:
        return json.loads(self._weights.read("vocabulary.json"))
