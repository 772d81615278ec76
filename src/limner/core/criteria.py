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
from functools import cached_property
from typing import Literal, cast

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

    @property
    def keeps(self) -> bool:
        """Whether the image does not leave by itself."""
        return self in (Consequence.HOLD, Consequence.REFUSE)


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
        fail_precision: share of bad ones among those that fail, 0-1; ``None`` where not asked.
    """

    precision: float
    recall: float | None
    confidence: float
    fail_precision: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """What was shown about the limits of one criterion, and by what.

    It counts for results of exactly the check it was made with; see `is_of`.

    Attributes:
        certified_on: day, UTC.
        card_sha256: of the check's card (`CheckCard.sha256`); another card voids the certificate.
        labels_sha256: tagged hash of the labels it rests on.
        num_labels: how many those were.
        delta: probability that what it says is wrong, 0-1, of all its promises together.
        pass_at: the limit that was certified; equal to the criterion's.
        fail_at: the same; ``None`` where only `pass_at` was certified.
        precision, recall, fail_precision: promised shares, as in `Target`.
    """

    certified_on: date
    card_sha256: str
    labels_sha256: str
    num_labels: int
    delta: float
    pass_at: float
    fail_at: float | None
    precision: float
    recall: float | None
    fail_precision: float | None

    def is_of(self, card_sha256: str | None) -> bool:
        """Whether it speaks of results made by the check with this card."""
        return self.card_sha256 == card_sha256

    def is_for(self, limits: Limits) -> bool:
        """Whether these are the limits that were certified."""
        is_fail_kept = self.fail_at is None or self.fail_at == limits.fail_at
        return self.pass_at == limits.pass_at and is_fail_kept

    def keeps(self, target: Target) -> bool:
        """Whether it promises all a target asks, as surely."""
        asked = (target.precision, target.recall, target.fail_precision)
        shown = (self.precision, self.recall, self.fail_precision)
        is_kept = all(
            want is None or (have is not None and have >= want)
            for want, have in zip(asked, shown, strict=True)
        )
        return is_kept and 1 - self.delta >= target.confidence - 1e-9  # 1 - 0.05 is not 0.95


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
            hold and `fail` is chosen instead of going by the verdict; where `limits` are
            certified, the graver of the two, so that costs never release what the limits do not.
        target: what certification of `limits` is held to.
        certified: what was shown about `limits`; ``None`` when nothing was.
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
    certified: Certificate | None = None


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
    """How often people are asked by chance, and how often they are measured; shares, 0-1.

    Attributes:
        released: of images released by rule that a person looks at afterwards.
        refused: of those refused by rule.
        honeypots: of the cards a person is given whose right answer is known from past ones.
    """

    released: float = 0.0
    refused: float = 0.0
    honeypots: float = 0.0


@dataclass(frozen=True, kw_only=True)  # no slots: its hash is kept
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
        return _with_days_as_text(document)

    @cached_property
    def sha256(self) -> str:
        """Tagged hash of the canonical JSON; two files that say the same have the same hash."""
        return sha256_of_document(self.to_document())


def _with_days_as_text(document: dict[str, object]) -> dict[str, object]:
    return {key: _value_as_text(value) for key, value in document.items()}


def _value_as_text(value: object) -> object:
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, dict):
        return _with_days_as_text(cast(dict[str, object], value))
    if isinstance(value, tuple):
        return tuple(_value_as_text(one) for one in cast(tuple[object, ...], value))
    return value
