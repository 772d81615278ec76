"""Twins of a prompt: the same wish in other words, so that both pictures must show the same.

Every twin is made by rule from the prompt alone, or taken from the shipped table of translations,
so that the same suite has the same twins.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from importlib.resources import files

import numpy as np

from limner.core.errors import BadInput

SYNONYMS: Mapping[str, str] = {
    "car": "automobile", "cup": "mug", "gift": "present", "bunny": "rabbit", "donut": "doughnut",
    "picture": "image", "t-shirt": "tee shirt", "cat face": "kitty face",
    "soccer ball": "football", "purple": "violet", "grey": "gray", "above": "over",
    "below": "under", "to the left of": "left of", "to the right of": "right of",
    "two": "2", "three": "3", "four": "4", "background": "backdrop", "bus": "coach",
    "hamburger": "burger",
}  # fmt: skip
GENDERS = ("woman", "man")
SKIN_TONES = ("light", "medium-light", "medium", "medium-dark", "dark")
_PERSON = re.compile(r"\b(person|people|man|woman|doctor|teacher|farmer|cook|pilot|nurse)\b")
LEAST_LETTERS = 4


def typos(prompt: str, rng: np.random.Generator) -> str:
    """The prompt with two neighbouring letters of one longer word swapped."""
    words = prompt.split(" ")
    long = [at for at, word in enumerate(words) if len(word) >= LEAST_LETTERS and word.isalpha()]
    if not long:
        return prompt
    at = int(rng.choice(long))
    word = words[at]
    inner = [k for k in range(1, len(word) - 1) if word[k] != word[k + 1]]
    if not inner:
        return prompt
    k = int(rng.choice(inner))
    words[at] = word[:k] + word[k + 1] + word[k] + word[k + 2 :]
    return " ".join(words)


def synonyms(prompt: str, rng: np.random.Generator) -> str:
    """The prompt with every word that has a synonym replaced by it."""
    del rng
    pattern = "|".join(map(re.escape, sorted(SYNONYMS, key=len, reverse=True)))
    said = re.sub(rf"\b({pattern})\b", lambda found: SYNONYMS[found.group(1)], prompt)
    return re.sub(r"\ba (?=[aeo])", "an ", said)


def upper_case(prompt: str, rng: np.random.Generator) -> str:
    """The prompt in capitals."""
    del rng
    return prompt.upper()


def paraphrase(prompt: str, rng: np.random.Generator) -> str:
    """The prompt with words around it that ask for nothing more."""
    forms = ("please draw {}", "i would like {}", "{}, nicely drawn", "show me {}")
    return str(rng.choice(forms)).format(prompt)


TWINS: Mapping[str, Callable[[str, np.random.Generator], str]] = {
    "typos": typos,
    "synonyms": synonyms,
    "upper-case": upper_case,
    "paraphrase": paraphrase,
}
"""How a twin is made, by name."""


def twins_of(prompt: str, kind: str, key: str) -> list[tuple[str, str]]:
    """Twins of a prompt.

    Args:
        prompt: to be said otherwise.
        kind: of `TWINS`, or ``translation``, ``gender`` or ``skin-tone``.
        key: decides by which chance it is made; the same key gives the same twin.

    Returns:
        Pairs of a name and the prompt; none where it would be the prompt itself, and no
        translation where the shipped table has none.

    Raises:
        BadInput: no such kind.
    """
    if kind == "gender":
        return [(word, _of_person(prompt, word)) for word in GENDERS if _PERSON.search(prompt)]
    if kind == "skin-tone":
        return [
            (tone, f"{prompt}, {tone} skin tone") for tone in SKIN_TONES if _PERSON.search(prompt)
        ]
    if kind == "translation":
        return list(_translations().get(prompt, {}).items())
    if kind not in TWINS:
        known = ", ".join((*TWINS, "translation", "gender", "skin-tone"))
        raise BadInput(f"The twin {kind!r} is not known; allowed are {known}.")
    rng = np.random.default_rng(list(f"{kind} {key}".encode()))
    twin = TWINS[kind](prompt, rng)
    return [] if twin == prompt else [(kind, twin)]


@lru_cache(maxsize=1)
def _translations() -> dict[str, dict[str, str]]:
    """What each prompt of the shipped table is in other languages, by their names."""
    shipped = files("limner.evals") / "suites" / "translations.tsv"
    rows = csv.DictReader(shipped.read_text(encoding="utf-8").splitlines(), delimiter="\t")
    return {
        row["prompt"]: {name.lower(): said for name, said in row.items() if name != "prompt"}
        for row in rows
    }


def _of_person(prompt: str, word: str) -> str:
    """The prompt about a woman or a man: "a doctor" becomes "a woman doctor"."""
    found = _PERSON.search(prompt)
    assert found is not None
    said = found.group(1)
    new = word if said in ("person", "man", "woman") else f"{word} {said}"
    return prompt[: found.start()] + new + prompt[found.end() :]
