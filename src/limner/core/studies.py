"""The records of a study: people see two pictures side by side and say which is better, blindly.

What is shown, in which order and on which side, is fixed before the first answer. Answers are only
ever added. This module draws, shows and ranks nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple, Self

STUDY_FORMAT = "limner.study/1"


class PairKind(StrEnum):
    """Why a pair is shown."""

    PAIR = "pair"
    REPEAT = "repeat"
    SAME_MODEL = "same model"


class Choice(StrEnum):
    """What a person says of a pair."""

    LEFT = "left"
    RIGHT = "right"
    TIE = "tie"


class Side(NamedTuple):
    """One picture of a pair: the run it is from, and its seed there."""

    run_id: str
    seed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two pictures of one prompt.

    Attributes:
        number: place in the study, from 0.
        case_id: of the suite.
        repeats: number of the pair this one shows again the other way round; ``None`` for others.
    """

    number: int
    case_id: str
    left: Side
    right: Side
    kind: PairKind
    repeats: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """Two runs of one suite beside each other, for people to look at.

    Attributes:
        study_id: ``study-`` and 12 hex digits.
        first_run, second_run: ids.
        begun_at: UTC.
    """

    study_id: str
    first_run: str
    second_run: str
    begun_at: datetime
    pairs: tuple[Pair, ...]

    def to_document(self) -> dict[str, object]:
        """JSON form of the plan."""
        return {"format": STUDY_FORMAT, "pairs": [asdict(one) for one in self.pairs]}

    @classmethod
    def of_document(
        cls, study_id: str, runs: tuple[str, str], begun_at: datetime, document: Mapping[str, Any]
    ) -> Self:
        """The study whose plan this is, as it was stored."""
        pairs = (
            Pair(
                **one
                | {
                    "left": Side(*one["left"]),
                    "right": Side(*one["right"]),
                    "kind": PairKind(one["kind"]),
                }
            )
            for one in document["pairs"]
        )
        return cls(
            study_id=study_id,
            first_run=runs[0],
            second_run=runs[1],
            begun_at=begun_at,
            pairs=tuple(pairs),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PairAnswer:
    """What one person said of one pair.

    Attributes:
        by: their name; where it is read back, a commitment whose name may have been erased.
        seconds: they took.
        answered_at: UTC.
    """

    number: int
    choice: Choice
    by: str
    seconds: float
    answered_at: datetime
