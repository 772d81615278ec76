"""Suites: what is drawn and what is looked at, fixed by content hash before anything is drawn.

A suite is read from a file elsewhere; here is what it is, and how it is cut into slices.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum

from limner.core.errors import BadInput
from limner.core.hashing import sha256_of_document
from limner.evals.specification import Asked

SUITE_FORMAT = "limner.suite/1"
SHORT_WORDS, LONG_WORDS = 4, 9
PART = "-part"


class Aspect(StrEnum):
    """What can be asked of an image model.

    Source: Lee et al. 2023, "Holistic Evaluation of Text-to-Image Models", arXiv:2311.04287,
        table 1: the twelve aspects, in their order.
    """

    ALIGNMENT = "alignment"
    QUALITY = "quality"
    AESTHETICS = "aesthetics"
    ORIGINALITY = "originality"
    REASONING = "reasoning"
    KNOWLEDGE = "knowledge"
    BIAS = "bias"
    TOXICITY = "toxicity"
    FAIRNESS = "fairness"
    ROBUSTNESS = "robustness"
    MULTILINGUALITY = "multilinguality"
    EFFICIENCY = "efficiency"


class Way(StrEnum):
    """How a picture is drawn again, or comes in again, to see whether it stays the same."""

    AGAIN = "again"
    BATCH = "batch"
    RESTART = "restart"
    THREADS = "threads"
    DARKER = "darker"
    BLURRED = "blurred"
    NOISY = "noisy"
    JPEG = "jpeg"
    RESIZED = "resized"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One prompt of a suite.

    Attributes:
        id: unique in its suite.
        asked: the prompt, and what its picture must show.
        twin_of: id of the case it says in other words; ``None`` for a case of its own.
        slices: further groups it is reported in, by name.
        must_refuse: nothing may be drawn from it.
    """

    id: str
    asked: Asked
    twin_of: str | None = None
    slices: Mapping[str, str] = field(default_factory=dict[str, str])
    must_refuse: bool = False

    @property
    def groups(self) -> dict[str, str]:
        """Every group it is reported in: what its specification says, and its own slices."""
        asked, num_words = self.asked, len(self.asked.prompt.split())
        said = {
            "asks": ", ".join(asked.kinds),
            "style": asked.style,
            "colour": asked.colour,
            "background": asked.ground,
            "count": "" if asked.count is None else str(asked.count),
            "place": asked.relation,
            "prompt length": _length(num_words),
        }
        return {name: value for name, value in said.items() if value} | dict(self.slices)

    def to_document(self) -> dict[str, object]:
        """JSON form."""
        return {
            "id": self.id,
            "twin_of": self.twin_of,
            "must_refuse": self.must_refuse,
            "slices": dict(self.slices),
            "asked": self.asked.to_document(),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Suite:
    """Prompts, seeds and checks that belong together.

    Attributes:
        question: what it answers, one sentence.
        owner: who answers for it.
        review_by: day it is to be looked at again.
        seeds: each case is drawn with all of them.
        checks: names of the checks that look at every picture.
        aspects: by aspect, the checks that measure it.
        ways: how each picture is drawn again and compared; empty draws it once.
        cases: at least one.
    """

    name: str
    version: str
    question: str
    owner: str
    review_by: date
    seeds: tuple[int, ...]
    checks: tuple[str, ...]
    aspects: Mapping[Aspect, tuple[str, ...]]
    ways: tuple[Way, ...]
    cases: tuple[Case, ...]

    @property
    def num_pictures(self) -> int:
        """Pictures that a whole run draws."""
        return len(self.cases) * len(self.seeds) * (1 + len(self.ways))

    def to_document(self) -> dict[str, object]:
        """JSON form, one key per attribute and ``format``."""
        return {
            "format": SUITE_FORMAT,
            "name": self.name,
            "version": self.version,
            "question": self.question,
            "owner": self.owner,
            "review_by": self.review_by.isoformat(),
            "seeds": list(self.seeds),
            "checks": list(self.checks),
            "aspects": {str(aspect): list(names) for aspect, names in self.aspects.items()},
            "ways": [str(way) for way in self.ways],
            "cases": [case.to_document() for case in self.cases],
        }

    @property
    def sha256(self) -> str:
        """Tagged hash of the canonical JSON; two files that say the same have the same hash."""
        return sha256_of_document(self.to_document())


def part_of(suite: Suite, *, num_cases: int | None = None, seeds: Sequence[int] = ()) -> Suite:
    """A suite with fewer cases or other seeds, under a name that says so.

    Args:
        suite: whole.
        num_cases: how many, taken evenly from first to last; ``None`` leaves all.
        seeds: in place of the suite's; empty leaves them.

    Returns:
        The suite itself where nothing is left out; else one called ``NAME-part``, so that its
        numbers are never taken for those of the whole.

    Raises:
        BadInput: fewer than one case is asked for, or a seed twice.
    """
    if num_cases is not None and num_cases < 1:
        raise BadInput(f"The limit is {num_cases}; a run needs at least one case.")
    if len(set(seeds)) < len(seeds):
        raise BadInput(f"The seeds {', '.join(map(str, seeds))} name one of them twice.")
    num = min(len(suite.cases), num_cases or len(suite.cases))
    chosen = tuple(suite.cases[k * len(suite.cases) // num] for k in range(num))
    part = replace(suite, cases=chosen, seeds=tuple(seeds) or suite.seeds)
    is_whole = part.cases == suite.cases and part.seeds == suite.seeds
    return suite if is_whole else replace(part, name=f"{suite.name}{PART}")


def _length(num_words: int) -> str:
    if num_words <= SHORT_WORDS:
        return f"up to {SHORT_WORDS} words"
    if num_words <= LONG_WORDS:
        return f"{SHORT_WORDS + 1} to {LONG_WORDS} words"
    return f"over {LONG_WORDS} words"
