"""Words as they are meant: without accents, look-alike letters, digits for letters, letters apart.

Within reason: it undoes what people commonly do to get past a list of words, not everything that
can be done. Words run together, misspellings and other languages stay unseen.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

# Letters of other scripts that look like a Latin one. After the Unicode Consortium's confusables
# (UTS 39), the small letters of Cyrillic and Greek only.
_LOOKALIKES = str.maketrans(
    "аеорсухіјѕԁһԛԝвкмнтгпαβεικνορτυχγω",
    "aeopcyxijsdhqwbkmhtrnabeikvoptuxyw",
)
_LEET = {"0": "o", "3": "e", "4": "a", "5": "s", "7": "t", "8": "b", "@": "a", "$": "s", "€": "e"}
_LEET_EITHER = {"1": "il", "!": "il", "|": "il"}
_TOKEN = re.compile(r"[^\W_][\w@$€!|]*|[@$€][\w@$€!|]+")
_RULE_TOKEN = re.compile(r"[^\W_]+\*?")
_RUN = re.compile(r"(.)\1{2,}")
LEAST_SPELLED_OUT = 3  # single letters in a row that are read as one word


def spellings(text: str) -> list[frozenset[str]]:
    """For every word of a text the words it may be meant as, all in small Latin letters."""
    tokens = _TOKEN.findall(folded(text).replace("_", " "))
    return [_meanings(token) for token in _joined(tokens)]


def rule_words(text: str) -> tuple[str, ...]:
    """The words of a rule, cut as those of a prompt are; a ``*`` at a word's end is kept."""
    return tuple(_joined(_RULE_TOKEN.findall(folded(text))))


def folded(text: str) -> str:
    """Small letters, no accents, no invisible characters, look-alikes as Latin letters."""
    plain = "".join(
        one
        for one in unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text).casefold())
        if unicodedata.category(one) not in ("Mn", "Cf")
    )
    return plain.translate(_LOOKALIKES)


def _joined(tokens: Sequence[str]) -> list[str]:
    """Letters that stand apart, as one word: n, u, d, e -> nude."""
    words: list[str] = []
    letters: list[str] = []
    for token in [*tokens, ""]:
        if len(token) == 1:
            letters.append(token)
            continue
        words += ["".join(letters)] if len(letters) >= LEAST_SPELLED_OUT else letters
        letters = []
        words += [token] if token else []
    return words


def _meanings(token: str) -> frozenset[str]:
    bare = token.rstrip("!|")
    read = {bare}
    if any(one.isalpha() for one in bare):
        plain = "".join(_LEET.get(one, one) for one in bare)
        for place in range(2):
            read.add("".join(_LEET_EITHER.get(one, one * 2)[place] for one in plain))
    shorter = {_RUN.sub(kept, word) for word in read for kept in (r"\1", r"\1\1")}
    return frozenset(read | shorter)
