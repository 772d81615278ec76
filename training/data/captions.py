"""Captions from parts: what is shown, in which style and colours, on which background.

A caption is lower case and has one of several forms, from "red apple" to "flat style, a red
apple, fruit, food, on a blue background". Whether it names a style is for the caller to say. A colour behind the picture is always said; a
transparent background is what saying nothing means. Randomness comes from the generator that is
passed in. Needs no torch.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from training.data.concepts import selection
from training.data.packages import DATA_DIR
from training.data.styles import STYLES

SHORT_SHARE = 0.7  # of captions that name no style, without keywords
MOST_WORDS = 20
TRANSPARENT_SAID_SHARE = 0.12

COUNT_WORDS = ("no", "one", "two", "three", "four", "five", "six")


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """What `words.toml` says about nouns, and the synonyms of concepts."""

    mass_nouns: frozenset[str]
    singular_in_s: frozenset[str]
    plurals: Mapping[str, str]
    synonyms: Mapping[str, Sequence[str]]


@cache
def words() -> Words:
    """The committed words; the standard's names of renamed emoji are synonyms too."""
    values = tomllib.loads((DATA_DIR / "words.toml").read_text())
    synonyms: dict[str, list[str]] = {name: list(said) for name, said in values["synonyms"].items()}
    for label, concept in selection().plain_names.items():
        if "'" not in label and label not in values["unsaid"]:
            synonyms.setdefault(concept, []).append(label)
    return Words(
        mass_nouns=frozenset(values["mass_nouns"]),
        singular_in_s=frozenset(values["singular_in_s"]),
        plurals=values["plurals"],
        synonyms=synonyms,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What a caption may say.

    Attributes:
        subject: the noun phrase, as "a red apple" or "three cats".
        style: style word; empty where none is said.
        keywords: one- or two-word tags.
        layout: as "centered"; empty for none.
        background: as "blue background"; empty for a transparent one.
    """

    subject: str
    style: str
    keywords: Sequence[str] = ()
    layout: str = ""
    background: str = ""


def is_plural(name: str) -> bool:
    """Whether a name is said without an article because it is a plural or a substance."""
    last = _head(name).split()[-1]
    return last in words().mass_nouns or _is_plural_word(last)


def _is_plural_word(word: str) -> bool:
    return word in ("leaves", "teeth") or (
        word.endswith("s") and not word.endswith("ss") and word not in words().singular_in_s
    )


def _head(name: str) -> str:
    """The part of a name that carries the number: "cup of coffee" -> "cup"."""
    for joint in (" of ", " with ", " in ", " behind ", " on ", " and ", " without "):
        if joint in name:
            return name.split(joint)[0]
    return name


def with_article(phrase: str, name: str) -> str:
    """Put "a" or "an" before a phrase whose noun is `name`, unless the noun takes none."""
    if is_plural(name):
        return phrase
    sounds_like_consonant = phrase.startswith(("uni", "one", "euro", "ufo"))
    return f"{'an' if phrase[0] in 'aeiou' and not sounds_like_consonant else 'a'} {phrase}"


def plural(name: str) -> str:
    """The plural of a name: "cup of coffee" -> "cups of coffee"."""
    head = _head(name)
    *before, last = head.split()
    if last in words().mass_nouns or _is_plural_word(last):
        many = last
    elif last in words().plurals:
        many = words().plurals[last]
    elif last.endswith("y") and last[-2:-1] not in tuple("aeiou"):
        many = last[:-1] + "ies"
    elif last.endswith(("s", "x", "z", "ch", "sh")):
        many = last + "es"
    else:
        many = last + "s"
    return " ".join((*before, many)) + name[len(head) :]


def can_be_counted(name: str) -> bool:
    """Whether "three ..." makes sense: one thing, with a plural of its own."""
    return not is_plural(name) and " and " not in name


def colour_phrase(words: Sequence[str]) -> str:
    """("red", "white") -> "red and white"."""
    return " and ".join(words)


def coloured(name: str, words: Sequence[str]) -> str:
    """A name with its colour words before it, which it is not given twice."""
    fresh = [word for word in words if word not in name.split()]
    return f"{colour_phrase(fresh)} {name}" if fresh else name


def said_name(concept: str, generator: np.random.Generator, share: float = 0.22) -> str:
    """The concept's name or, at times, what people say as well."""
    others = words().synonyms.get(concept, ())
    if others and generator.random() < share:
        return others[int(generator.integers(len(others)))]
    return concept


def background_phrase(words: Sequence[str], kind: str, generator: np.random.Generator) -> str:
    """How a painted background is said: one word for a plain one, two for a split or a gradient."""
    if kind == "plain":
        forms = (
            f"on a {words[0]} background",
            f"{words[0]} background",
            f"on {words[0]}",
            f"with a {words[0]} background",
        )
        article_right = [form.replace(" a orange", " an orange") for form in forms]
        return article_right[int(generator.choice(4, p=(0.45, 0.35, 0.1, 0.1)))]
    if kind == "gradient":
        return f"{words[0]} to {words[1]} gradient background"
    return f"{words[0]} and {words[1]} background"


def compose(parts: Parts, generator: np.random.Generator) -> str:
    """Write one caption in a form drawn at random."""
    background = parts.background
    if not background and generator.random() < TRANSPARENT_SAID_SHARE:
        background = ("transparent background", "on a transparent background", "no background")[
            int(generator.integers(3))
        ]
    subject = parts.subject
    if not parts.style and generator.random() < SHORT_SHARE:
        return _joined_short(subject, background, generator)
    if parts.style:
        phrases = STYLES[parts.style].phrases
        style = (
            phrases[int(generator.integers(len(phrases)))]
            if generator.random() < 0.6
            else phrases[0]
        )
        form = generator.random()
        lead = (
            [style, subject]
            if form < 0.5
            else [f"{subject} in {style}"]
            if form < 0.65 and style.endswith("style")
            else [subject, style]
        )
    else:
        lead = [subject]
    count = int(generator.integers(0, 5))
    keywords = [
        parts.keywords[number] for number in generator.permutation(len(parts.keywords))[:count]
    ]
    layout = [parts.layout] if parts.layout else []
    return _within_limit(lead, keywords, [*layout, *([background] if background else [])])


def _joined_short(subject: str, background: str, generator: np.random.Generator) -> str:
    bare = subject
    for article in ("a ", "an "):
        if subject.startswith(article) and generator.random() < 0.5:
            bare = subject.removeprefix(article)
            break
    if not background:
        return bare
    return (
        f"{bare} {background}"
        if background.startswith(("on ", "with "))
        else f"{bare}, {background}"
    )


def _within_limit(lead: list[str], keywords: list[str], tail: list[str]) -> str:
    while keywords and len(" ".join([*lead, *keywords, *tail]).split()) > MOST_WORDS:
        keywords.pop()
    return ", ".join([*lead, *keywords, *tail])
