"""Terms: whether a prompt holds words or names that the team's own file rules out.

Its rules are made anew when the file has changed. A file that cannot be understood is an error with
its line, so that no prompt passes on a rule that was meant otherwise. What it does not see is said
in spelling.py; a name that the file does not list is not recognised.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from pathlib import Path

from limner.checks.request.spelling import rule_words, spellings
from limner.core.errors import BadInput
from limner.core.given_file import read_at_most, reason_of
from limner.core.hashing import sha256_of_bytes
from limner.core.judging import Better, CheckCard, Finding, Limits
from limner.core.records import Request

SHIPPED_TERMS = Path(__file__).parent / "terms.txt"
MAX_BYTES = 10_000_000
_WORDS = re.compile(r"[ ]*[^\W_]+\*?(?:[ .'\u2019-]+[^\W_]+\*?)*[ .]*")


class TermsInvalid(BadInput):
    """The file of terms cannot be understood."""

    code = "terms_invalid"


class Kind(StrEnum):
    """What a rule does to a prompt that matches it."""

    BLOCK = "block"
    ASK = "ask"
    PERSON = "person"
    ALLOW = "allow"


MAX_SHOWN = 40  # characters of a line that is told
SCORES = {Kind.BLOCK: 1.0, Kind.ASK: 0.5, Kind.PERSON: 0.5}
SAYS = {
    Kind.BLOCK: "holds a blocked term",
    Kind.ASK: "holds a term that a person should look at",
    Kind.PERSON: "names a person, whose likeness needs consent",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One line of the file.

    Attributes:
        line: its number, from 1.
        words: folded; one that ends in ``*`` matches every longer word too.
    """

    kind: Kind
    line: int
    words: tuple[str, ...]


class Terms:
    """1.0 for a blocked term, 0.5 for one to ask about or a named person, else 0.0.

    Args:
        path: the file of terms; see the shipped ``terms.txt`` for its form.
    """

    def __init__(self, path: Path = SHIPPED_TERMS) -> None:
        self._path = path

    @property
    def card(self) -> CheckCard:
        """What this check is; its ingredient is the file as it is now."""
        try:
            content = read_at_most(self._path, MAX_BYTES)
            ingredients = {"terms.txt": sha256_of_bytes(content)}
        except OSError:
            ingredients: dict[str, str] = {}
        return CheckCard(
            name="terms",
            version="1",
            question="Is the prompt free of blocked terms and of names of real people?",
            better=Better.LOWER,
            limits=Limits(pass_at=0.0, fail_at=1.0),
            ingredients=ingredients,
        )

    def measure(self, request: Request) -> Finding:
        """Hold the prompt against every rule; notes name the lines, never the words.

        Raises:
            TermsInvalid: the file is missing or cannot be understood.
        """
        broken = broken_rules(request.prompt, read_terms(self._path))
        return Finding(
            score=max((SCORES[rule.kind] for rule in broken), default=0.0),
            notes=tuple(
                f"The prompt {SAYS[rule.kind]} (line {rule.line} of the file of terms)."
                for rule in broken
            ),
            details={"rules_matched": len(broken)},
        )


def read_terms(path: Path) -> tuple[Rule, ...]:
    """The rules of a file.

    Raises:
        TermsInvalid: it cannot be read, or a line is not a rule; the sentence names the line.
    """
    try:
        text = read_at_most(path, MAX_BYTES).decode("utf-8-sig")
    except OSError as error:
        raise TermsInvalid(
            f"The file of terms {str(path)!r} cannot be read: {reason_of(error)}."
        ) from error
    except UnicodeDecodeError as error:
        raise TermsInvalid(f"The file of terms {str(path)!r} is not UTF-8 text.") from error
    return _rules_in(text, path)


@lru_cache(maxsize=4)
def _rules_in(text: str, path: Path) -> tuple[Rule, ...]:
    lines = enumerate(text.splitlines(), start=1)
    return tuple(
        _rule_of(line.strip(), number, path)
        for number, line in lines
        if line.strip() and not line.lstrip().startswith("#")
    )


def broken_rules(prompt: str, rules: Sequence[Rule]) -> list[Rule]:
    """The rules a prompt matches, in the order of the file."""
    said = spellings(prompt)
    anywhere = frozenset[str]().union(*said)
    rules = [rule for rule in rules if all(_is_said(one, anywhere) for one in rule.words)]
    allowed: set[int] = set()
    for rule in rules:
        if rule.kind is Kind.ALLOW:
            for start in _places(said, rule.words):
                allowed.update(range(start, start + len(rule.words)))
    return [
        rule
        for rule in rules
        if rule.kind is not Kind.ALLOW
        and any(
            not allowed.issuperset(range(start, start + len(rule.words)))
            for start in _places(said, rule.words)
        )
    ]


def _places(said: Sequence[frozenset[str]], words: Sequence[str]) -> list[int]:
    return [
        start
        for start in range(len(said) - len(words) + 1)
        if all(_is_said(word, said[start + offset]) for offset, word in enumerate(words))
    ]


def _is_said(word: str, meanings: frozenset[str]) -> bool:
    if word.endswith("*"):
        return any(one.startswith(word[:-1]) for one in meanings)
    return word in meanings


def _rule_of(line: str, number: int, path: Path) -> Rule:
    kind, _, rest = line.partition(" ")
    if kind not in tuple(Kind):
        raise _invalid(
            path, number, f"starts with {_start_of(kind)!r}; allowed are {', '.join(Kind)}"
        )
    if not _WORDS.fullmatch(rest):
        raise _invalid(
            path,
            number,
            f"has {_start_of(rest)!r} after its kind; allowed are words of letters and digits, "
            "each with a * at its end or none",
        )
    words = rule_words(rest)
    if len("".join(words).rstrip("*")) < 2:
        raise _invalid(
            path, number, f"has {rest!r} after its kind; allowed is more than one letter"
        )
    return Rule(kind=Kind(kind), line=number, words=words)


def _start_of(text: str) -> str:
    return text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}…"


def _invalid(path: Path, number: int, what: str) -> TermsInvalid:
    return TermsInvalid(
        f"Line {number} of the file of terms {str(path)!r} {what}.",
        hint="Correct the line; the remarks at the top of the shipped file say the form.",
    )
