"""The records of criteria: what a team asks of every image, set beforehand.

Costs, limits, consequences, impact tiers, always-review rules and audit rates, with an owner and
a date to look at them again. How a file becomes these records is the studio's (criteria_file.py);
what follows from them is worked out in deciding.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from enum import StrEnum
from typing import Literal

from limner.core.hashing import sha256_of_document
from limner.core.judging import Limits, Verdict
from limner.core.records import Operation

CRITERIA_FORMAT = "limner.criteria/1"


class Consequence(StrEnum):
    """What follows from one criterion, from the mildest to the gravest."""

    RELEASE = "release"
    WARN = "warn"
    HOLD = "hold"
    REFUSE = "refuse"

    @property
    def gravity(self) -> int:
        """0 for RELEASE to 3 for REFUSE; the gravest of all criteria is the decision."""
        return list(Consequence).index(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs:
    """What mistakes cost, all in one unit of the team's choice (money, minutes, points).

    Attributes:
        false_accept: of releasing a bad image, at impact 1; tiers multiply it.
        false_reject: of refusing a good one.
        review: of asking a person.
    """

    false_accept: float
    false_reject: float
    review: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What automatic decisions on one criterion are to keep, and how surely.

    Attributes:
        precision: share of good ones among those released, 0-1.
        recall: share of the bad ones that are not released, 0-1; ``None`` where not asked.
        confidence: probability, 0-1, that the promise holds when a limit is certified.
    """

    precision: float
    recall: float | None
    confidence: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Criterion:
    """One question and what follows from its answer.

    Attributes:
        id: unique in its criteria; reasons and statistics name it.
        question: "yes" is good.
        about: what is asked about.
        check: name of the check that answers.
        version: of the check the criterion was set for; another version's result does not count.
        limits: laid to the score; ``None`` takes those of the check's card.
        fail, unsure: consequence of the verdict. A pass releases.
        error: consequence of an error and of a missing result: HOLD or REFUSE, never milder.
        not_applicable: consequence where the check says that its question does not arise, as that
            about a prompt that names nothing; ``None`` takes `error`.
        costs: when given, and the check's probability is calibrated, the cheapest of release,
            hold and `fail` is chosen instead of going by the verdict.
        target: what certification of `limits` is held to.
    """

    id: str
    question: str
    about: Literal["request", "image"]
    check: str
    version: str
    limits: Limits | None
    fail: Consequence
    unsure: Consequence
    error: Consequence
    costs: Costs | None = None
    target: Target | None = None
    not_applicable: Consequence | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AlwaysReview:
    """Goes to a person whatever the checks say, when everything given here holds.

    Attributes:
        reason: told to the reviewer.
        impact: names of tiers; empty for any.
        operations: empty for any.
        check: with `verdicts`, a check that answered so; ``None`` for any.
    """

    reason: str
    impact: tuple[str, ...] = ()
    operations: tuple[Operation, ...] = ()
    check: str | None = None
    verdicts: tuple[Verdict, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRates:
    """Shares, 0-1, of automatic decisions that a person looks at afterwards, by chance."""

    released: float = 0.0
    refused: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Criteria:
    """Everything that decides about an image.

    Attributes:
        owner: who answers for it.
        review_by: day it is to be looked at again; passed, it is told, and still in force.
        impact_tiers: multiplier of `Costs.false_accept` by name.
        default_impact: tier of requests that name none.
        second_reviewer: tiers on which two people must agree.
        may_requester_review: somebody works alone and answers about their own images; never
            where two people must agree.
        criteria: at least one; with none, everything is held.
    """

    name: str
    owner: str
    review_by: date
    impact_tiers: Mapping[str, float]
    default_impact: str
    second_reviewer: tuple[str, ...]
    may_requester_review: bool
    always_review: tuple[AlwaysReview, ...]
    audit: AuditRates
    criteria: tuple[Criterion, ...]

    def to_document(self) -> dict[str, object]:
        """JSON form, one key per attribute and ``format``."""
        document: dict[str, object] = {"format": CRITERIA_FORMAT, **asdict(self)}
        document["review_by"] = self.review_by.isoformat()
        return document

    @property
    def sha256(self) -> str:
        """Tagged hash of the canonical JSON; two files that say the same have the same hash."""
        return sha256_of_document(self.to_document())
