"""Prompts of our domain, read: which things they name, in which colours, how many, where, on what.

A small grammar for what our captions say: "flat style, two red apples to the left of a tree, on a
blue background". It reads no sentences, no negations and no verbs. Words it cannot place are
counted, so that a check can say how much of the prompt it looked at.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from limner.checks.atoms.vocabulary import (
    COLOURS,
    GROUNDS,
    NUMBERS,
    RELATIONS,
    SIDES,
    Name,
    Vocabulary,
)
from limner.core.judging import Cause, CheckNotAble, ImageSubject

ARTICLES = frozenset(("a", "an", "the", "some"))
STARTS = ARTICLES | NUMBERS.keys() | {"and"}
SIZES = frozenset(("small", "tiny", "little", "big", "large", "huge"))
KINDS = frozenset(("emoji", "icon", "sticker", "picture", "image", "drawing", "illustration"))
JOINTS = frozenset(("and", "with", "next", "to", "beside", "near", "in", "on", "of", "at"))

_GROUND = "|".join(sorted(map(re.escape, GROUNDS), key=len, reverse=True))
_BACKGROUND = re.compile(
    rf"(?:\b(?:on|with|against|in front of) )?(?:\b(?:an?|the) )?\b({_GROUND})"
    rf"(?: (?:and|to) ({_GROUND}))?(?: gradient)? background\b"
)
_ON_COLOUR = re.compile(rf"\bon ({_GROUND})$")
_LEAD = re.compile(rf"^(?:an? )?(?:{'|'.join(KINDS)}) of ")
_PHRASES = sorted((*RELATIONS, *SIDES), key=len, reverse=True)
_SPLIT = re.compile(r"[,;:.!?()\[\]\"\n]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Thing:
    """One thing a prompt names.

    Attributes:
        name: in the singular, as it was said.
        takes_article: whether "a" or "an" stands before it.
        is_known: the models were trained on pictures of it.
        count: that was said; ``None`` without a number.
        colours: plain colour words, as said of it.
    """

    name: str
    takes_article: bool
    is_known: bool
    count: int | None = None
    colours: tuple[str, ...] = ()

    @property
    def named(self) -> str:
        """Its name as captions say it: "an apple"."""
        return self._with_article(self.name)

    @property
    def described(self) -> str:
        """Its name with its colours: "a red and white apple"."""
        return self._with_article(f"{' and '.join(self.colours)} {self.name}".strip())

    def _with_article(self, words: str) -> str:
        if not self.takes_article:
            return words
        is_consonant = words[0] not in "aeiou" or words.startswith(("uni", "one", "euro", "ufo"))
        return f"{'a' if is_consonant else 'an'} {words}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """What a prompt asks for.

    Attributes:
        things: in the order they are named.
        relation: where the first thing is against the second: left, right, above or below.
        ground: colour word of a plain background, or ``transparent``; ``None`` if none was said.
        num_unread: words that were not understood.
    """

    things: tuple[Thing, ...] = ()
    relation: str | None = None
    ground: str | None = None
    num_unread: int = 0

    @property
    def is_known(self) -> bool:
        """Whether it names things, and the models were trained on pictures of every one."""
        return bool(self.things) and all(thing.is_known for thing in self.things)

    @property
    def num_things(self) -> int:
        """Things there should be, counted; one where no number was said."""
        return sum(thing.count or 1 for thing in self.things)


@dataclass(frozen=True, slots=True)
class _Read:
    things: tuple[Thing, ...] = ()
    relation: str | None = None
    num_unread: int = 0


def prompt_of(subject: ImageSubject) -> str:
    """The text a picture was drawn from.

    Raises:
        CheckNotAble: there is none, as with an incoming picture.
    """
    if subject.prompt is None:
        raise CheckNotAble(Cause.NOT_APPLICABLE, "The picture was not drawn from a prompt.")
    return subject.prompt


def read_prompt(text: str, vocabulary: Vocabulary) -> Prompt:
    """Read a prompt; what cannot be understood is counted, never an error.

    Raises:
        CheckNotAble: the vocabulary is missing.
    """
    text, ground = _without_ground(" ".join(text.lower().split()))
    chunks = [chunk.split() for chunk in _SPLIT.split(text)]
    chunks = [_without_style(words, vocabulary) for words in chunks]
    chunks = [words for words in chunks if words]
    prompt = Prompt(ground=ground)
    for number, words in enumerate(chunks):
        if number and not _starts_thing(words):
            continue
        read = _read_chunk(_LEAD.sub("", " ".join(words)).split(), vocabulary)
        prompt = replace(
            prompt,
            things=prompt.things + read.things,
            relation=prompt.relation or (read.relation if not prompt.things else None),
            num_unread=prompt.num_unread + read.num_unread,
        )
    return prompt


def _starts_thing(words: Sequence[str]) -> bool:
    """Whether what follows the subject names another thing; else it is a keyword."""
    if words[0] in STARTS or (words[0] in COLOURS and len(words) > 1):
        return True
    return any(one == "and" and after in STARTS for one, after in pairwise(words))


def _without_ground(text: str) -> tuple[str, str | None]:
    chunks = [chunk.strip() for chunk in text.split(",")]
    for number, chunk in enumerate(chunks):
        found = _BACKGROUND.search(chunk) or _ON_COLOUR.search(chunk)
        if found is not None:
            is_plain = found.re is _ON_COLOUR or found.group(2) is None
            chunks[number] = chunk[: found.start()] + chunk[found.end() :]
            return ",".join(chunks), GROUNDS[found.group(1)] if is_plain else None
    return text, None


def _without_style(words: list[str], vocabulary: Vocabulary) -> list[str]:
    for length in range(len(words), 0, -1):
        for start in range(len(words) - length + 1):
            if tuple(words[start : start + length]) in vocabulary.styles:
                before = words[:start]
                while before and before[-1] in ("in", "a", "an", "of"):
                    before.pop()
                return before + words[start + length :]
    return words


def _read_chunk(words: Sequence[str], vocabulary: Vocabulary) -> _Read:
    """Read things from left to right, and how the first two stand to each other."""
    reader = _Reader(words, vocabulary)
    while not reader.is_done:
        reader.step()
    return reader.finished()


class _Reader:
    """Reads one chunk word by word, and remembers what was said of the thing that comes next."""

    def __init__(self, words: Sequence[str], vocabulary: Vocabulary) -> None:
        self._words, self._vocabulary = words, vocabulary
        self._at = 0
        self._things: list[Thing] = []
        self._relation: str | None = None
        self._count: int | None = None
        self._colours: list[str] = []
        self._unknown: list[str] = []
        self._num_unread = 0

    @property
    def is_done(self) -> bool:
        return self._at >= len(self._words)

    def step(self) -> None:
        """Take the next name, number, colour or place, the longest first."""
        word = self._words[self._at]
        phrase = self._phrase_here()
        if phrase is not None:
            self._end_thing()
            self._take_place(phrase)
        elif (found := self._name_here()) is not None:
            name, length = found
            self._num_unread += len(self._unknown)
            self._unknown = []
            self._add(name)
            self._at += length
        elif (number := self._number_here()) is not None:
            self._count = NUMBERS[number]
            self._at += len(number.split())
        else:
            self._take_word(word)
            self._at += 1

    def finished(self) -> _Read:
        self._end_thing()
        has_two = len(self._things) >= 2
        return _Read(tuple(self._things), self._relation if has_two else None, self._num_unread)

    def _take_word(self, word: str) -> None:
        if word in COLOURS:
            self._colours.append(COLOURS[word])
        elif word in JOINTS:
            if not (word == "and" and self._colours and not self._unknown):
                self._end_thing()
        elif word not in ARTICLES and word not in SIZES and word not in KINDS:
            self._unknown.append(word)

    def _take_place(self, phrase: str) -> None:
        place = RELATIONS.get(phrase) or SIDES[phrase]
        if self._relation is None and len(self._things) == 1:
            self._relation = place
        self._at += len(phrase.split())

    def _add(self, name: Name) -> None:
        self._things.append(
            Thing(
                name=name.said,
                takes_article=name.takes_article,
                is_known=name.is_known,
                count=self._count,
                colours=tuple(dict.fromkeys(self._colours)),
            )
        )
        self._count, self._colours = None, []

    def _end_thing(self) -> None:
        """Words that were no name: a thing of their own if none was named, else left unread."""
        if self._unknown and (self._count or self._colours or not self._things):
            self._add(Name(said=" ".join(self._unknown), takes_article=True, is_known=False))
        else:
            self._num_unread += len(self._unknown) + len(self._colours)
        self._unknown, self._colours, self._count = [], [], None

    def _phrase_here(self) -> str | None:
        rest = " ".join(self._words[self._at : self._at + 5]) + " "
        return next((one for one in _PHRASES if rest.startswith(one + " ")), None)

    def _number_here(self) -> str | None:
        rest = " ".join(self._words[self._at : self._at + 2]) + " "
        return next((one for one in NUMBERS if rest.startswith(one + " ")), None)

    def _name_here(self) -> tuple[Name, int] | None:
        is_many = self._count is not None and self._count > 1
        for length in range(min(self._vocabulary.longest, len(self._words) - self._at), 0, -1):
            words = tuple(self._words[self._at : self._at + length])
            name = self._vocabulary.find(words, is_many=is_many)
            if name is not None and not self._is_colour_of_next(words):
                return name, length
        return None

    def _is_colour_of_next(self, words: tuple[str, ...]) -> bool:
        """Whether the first word is a colour and what follows is a thing, as in "red apple".

        Alone, or before a joint, "orange" is the fruit.
        """
        if words[0] not in COLOURS:
            return False
        if len(words) > 1:
            return self._vocabulary.find(words[1:], is_many=False) is not None
        after = self._words[self._at + 1 : self._at + 2]
        return bool(after) and after[0] not in JOINTS and after[0] not in KINDS
