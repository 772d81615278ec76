"""Language: whether the prompt is in a language the generator can serve, which is English.

It looks words up in a list and knows no grammar. What it cannot tell: a language whose words are
English words too, and English with many rare words or names, which it holds for foreign.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cached_property
from pathlib import Path

from limner.core.hashing import sha256_of_bytes
from limner.core.judging import Better, Cause, CheckCard, CheckNotAble, Finding, Limits
from limner.core.records import Request

WORDS_FILE = Path(__file__).parent / "words.txt"

_WORD = re.compile(r"[^\W\d_]+")
_LATIN = re.compile(r"[a-z]+")


class Language:
    """Share of words that are English, 0-1, with half a known and half an unknown word added.

    The added halves keep a single unknown word, which may be a rare one, from failing alone.

    Args:
        words_file: known words, one a line; lines that start with ``#`` say where from.
    """

    def __init__(self, words_file: Path = WORDS_FILE) -> None:
        self._words_file = words_file

    @property
    def card(self) -> CheckCard:
        """What this check is.

        The limits were set on names of emoji in English and 26 other languages that the list was
        not made from (docs/log.md, "Checks").
        """
        return CheckCard(
            name="language",
            version="1",
            question="Is the prompt in English, which the generator was trained on?",
            better=Better.HIGHER,
            limits=Limits(pass_at=0.6, fail_at=0.24),
            ingredients=self._ingredients,
        )

    def measure(self, request: Request) -> Finding:
        """Look every word of the prompt up.

        Raises:
            CheckNotAble: the list of words is missing.
        """
        asked = folded_words(request.prompt)
        num_known = sum(word in self._words for word in asked)
        score = (num_known + 0.5) / (len(asked) + 1)
        foreign = "Most words of the prompt are not English words the generator knows."
        return Finding(
            score=score,
            notes=(foreign,) if score < 0.5 else (),
            details={"words": len(asked), "known_words": num_known},
        )

    @cached_property
    def _content(self) -> bytes | None:
        try:
            return self._words_file.read_bytes()
        except OSError:
            return None

    @cached_property
    def _ingredients(self) -> dict[str, str]:
        content = self._content
        return {} if content is None else {self._words_file.name: sha256_of_bytes(content)}

    @cached_property
    def _words(self) -> frozenset[str]:
        if self._content is None:
            note = f"The list of words {self._words_file.name!r} cannot be read."
            raise CheckNotAble(Cause.WEIGHTS_ABSENT, note)
        lines = self._content.decode().splitlines()
        return frozenset(line for line in lines if not line.startswith("#"))


def folded_words(text: str) -> list[str]:
    """The words of a text in small letters without accents.

    A letter of another script than Latin counts as a word, because such scripts are often written
    without spaces.
    """
    plain = "".join(
        one
        for one in unicodedata.normalize("NFKD", text.casefold())
        if unicodedata.category(one) != "Mn"
    )
    return [word for run in _WORD.findall(plain) for word in _split(run)]


def _split(run: str) -> list[str]:
    return [run] if _LATIN.fullmatch(run) else [*_LATIN.findall(run), *_LATIN.sub("", run)]
