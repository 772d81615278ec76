"""Reading criteria from YAML: every key known, every value allowed, or one clear sentence.

The shipped criteria, ``personal`` and ``team``, are read by the same code as a team's own file.
A file that cannot be read holds everything (see judging.py); it never falls back to another.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, ValidationError, model_validator

from limner.core.criteria import (
    AlwaysReview,
    AuditRates,
    Certificate,
    Consequence,
    Costs,
    Criteria,
    Criterion,
    Target,
)
from limner.core.errors import CriteriaInvalid
from limner.core.given_file import read_text_at_most, reason_of
from limner.core.judging import CheckCard, Limits, Verdict
from limner.core.records import Operation
from limner.core.settings import Settings
from limner.studio.yaml_file import Strict, load_yaml, spoken

CRITERIA_FILE = "criteria.yaml"
AUTO = "auto"
SHIPPED = ("personal", "team")
MAX_BYTES = 1_000_000

Share = Annotated[float, Field(ge=0, le=1)]
Cost = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Text = Annotated[str, Field(min_length=1, max_length=500)]
Hash = Annotated[str, Field(pattern=r"^sha256:[0-9a-f]{64}$")]


class _Limits(Strict):
    pass_at: float = Field(allow_inf_nan=False)
    fail_at: float = Field(allow_inf_nan=False)


class _Costs(Strict):
    false_accept: Cost
    false_reject: Cost
    review: Cost


class _Target(Strict):
    precision: Share
    recall: Share | None = None
    confidence: Share
    fail_precision: Share | None = None


class _Certificate(Strict):
    certified_on: date
    card_sha256: Hash
    labels_sha256: Hash
    num_labels: Annotated[int, Field(gt=0)]
    delta: Annotated[float, Field(gt=0, lt=1)]
    pass_at: float = Field(allow_inf_nan=False)
    fail_at: float | None = Field(default=None, allow_inf_nan=False)
    precision: Share
    recall: Share | None = None
    fail_precision: Share | None = None


class _Criterion(Strict):
    id: Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=60)]
    question: Text
    about: Literal["request", "image"]
    check: Text
    version: Text
    limits: _Limits | None = None
    fail: Literal["warn", "hold", "refuse"]
    unsure: Literal["release", "warn", "hold", "refuse"]
    error: Literal["hold", "refuse"]
    not_applicable: Literal["release", "warn", "hold", "refuse"] | None = None
    costs: _Costs | None = None
    target: _Target | None = None
    certified: _Certificate | None = None

    @model_validator(mode="after")
    def _certificate_is_of_this(self) -> Self:
        if self.certified is None:
            return self
        record = self.record()
        assert record.certified is not None
        if record.limits is None or not record.certified.is_for(record.limits):
            raise ValueError(
                "'limits' are not those that were certified; certify them again, or leave "
                "'certified' out"
            )
        if record.target is None or not record.certified.keeps(record.target):
            raise ValueError(
                "'target' asks for more than was certified; certify again, or leave 'certified' out"
            )
        return self

    def record(self) -> Criterion:
        return Criterion(
            id=self.id,
            question=self.question,
            about=self.about,
            check=self.check,
            version=self.version,
            limits=None if self.limits is None else Limits(**self.limits.model_dump()),
            fail=Consequence(self.fail),
            unsure=Consequence(self.unsure),
            error=Consequence(self.error),
            not_applicable=None
            if self.not_applicable is None
            else Consequence(self.not_applicable),
            costs=None if self.costs is None else Costs(**self.costs.model_dump()),
            target=None if self.target is None else Target(**self.target.model_dump()),
            certified=(
                None if self.certified is None else Certificate(**self.certified.model_dump())
            ),
        )


class _AlwaysReview(Strict):
    reason: Text
    impact: tuple[str, ...] = ()
    operations: tuple[Operation, ...] = ()
    check: str | None = None
    verdicts: tuple[Verdict, ...] = ()

    @model_validator(mode="after")
    def _check_and_verdicts_go_together(self) -> Self:
        if (self.check is None) != (not self.verdicts):
            raise ValueError("'check' and 'verdicts' are given together or not at all")
        return self


class _Audit(Strict):
    released: Share
    refused: Share
    honeypots: Annotated[float, Field(ge=0, le=0.5)] = 0.0


class _Criteria(Strict):
    format: Literal["limner.criteria/1"]
    name: Text
    owner: Text
    review_by: date
    impact_tiers: Annotated[
        dict[str, Annotated[float, Field(gt=0, allow_inf_nan=False)]], Field(min_length=1)
    ]
    default_impact: str
    second_reviewer: tuple[str, ...] = ()
    may_requester_review: bool = False
    always_review: tuple[_AlwaysReview, ...] = ()
    audit: _Audit
    criteria: Annotated[tuple[_Criterion, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _names_are_known(self) -> Self:
        named = [self.default_impact, *self.second_reviewer]
        named += [tier for rule in self.always_review for tier in rule.impact]
        for tier in named:
            if tier not in self.impact_tiers:
                raise ValueError(
                    f"the impact tier {tier!r} is none of {', '.join(self.impact_tiers)}"
                )
        ids = [one.id for one in self.criteria]
        if doubled := sorted({one for one in ids if ids.count(one) > 1}):
            raise ValueError(f"the id {doubled[0]!r} is used twice")
        checks = [one.check for one in self.criteria]
        if doubled := sorted({one for one in checks if checks.count(one) > 1}):
            raise ValueError(f"the check {doubled[0]!r} is asked by two criteria")
        if not any(one.check == "integrity" and one.fail != "warn" for one in self.criteria):
            raise ValueError("the check 'integrity' cannot be left out, nor only warn")
        return self

    def record(self) -> Criteria:
        return Criteria(
            name=self.name,
            owner=self.owner,
            review_by=self.review_by,
            impact_tiers=dict(self.impact_tiers),
            default_impact=self.default_impact,
            second_reviewer=self.second_reviewer,
            may_requester_review=self.may_requester_review,
            always_review=tuple(AlwaysReview(**one.model_dump()) for one in self.always_review),
            audit=AuditRates(**self.audit.model_dump()),
            criteria=tuple(one.record() for one in self.criteria),
        )


def shipped_text(name: str) -> str:
    """The text of shipped criteria, ``personal`` or ``team``."""
    return (files("limner.studio") / "criteria" / f"{name}.yaml").read_text(encoding="utf-8")


def source_in_force(settings: Settings) -> str:
    """Where the criteria in force come from: a path, or ``personal`` or ``team``."""
    if settings.criteria != AUTO:
        return settings.criteria
    own = settings.home / CRITERIA_FILE
    return str(own) if own.exists() else "personal"


def criteria_in_force(settings: Settings) -> Criteria:
    """The criteria that the settings name.

    Raises:
        CriteriaInvalid: they cannot be read; nothing else is taken in their place.
    """
    return read_criteria(source_in_force(settings))


def read_criteria(source: str) -> Criteria:
    """Criteria from a file, or those that are shipped.

    Args:
        source: path, or ``personal`` or ``team``.

    Raises:
        CriteriaInvalid: it cannot be read, or something in it is not allowed; says where.
    """
    return parse_criteria(criteria_text(source), source)


def criteria_text(source: str) -> str:
    """The text of criteria; arguments and errors as `read_criteria`."""
    if source in SHIPPED:
        return shipped_text(source)
    try:
        return read_text_at_most(Path(source).expanduser(), MAX_BYTES)
    except OSError as error:
        raise CriteriaInvalid(
            f"The criteria file {source!r} cannot be read: {reason_of(error)}."
        ) from error


def parse_criteria(text: str, source: str) -> Criteria:
    """Criteria from YAML text.

    Args:
        text: of the file.
        source: its name, for the sentence when something is wrong.

    Raises:
        CriteriaInvalid: something in it is not allowed; says where and what is.
    """
    if len(text) > MAX_BYTES:
        raise CriteriaInvalid(
            f"The criteria in {source} have {len(text):,} characters; allowed are {MAX_BYTES:,}."
        )
    try:
        return _Criteria.model_validate(load_yaml(text)).record()
    except ValidationError as error:  # which is a ValueError too
        raise CriteriaInvalid(
            f"The criteria in {source} are not valid: {spoken(error)}.",
            hint="Correct it, then run `limner criteria check`. "
            "While the criteria in force are not valid, every image is held.",
        ) from error
    except ValueError as error:
        raise CriteriaInvalid(f"The criteria in {source} are not YAML: {error}.") from error


def require_known_checks(criteria: Criteria, cards: Iterable[CheckCard]) -> None:
    """Every check that is named is there, in that version, on that kind of subject.

    Raises:
        CriteriaInvalid: one is not; says which there are.
    """
    known = {card.name: card for card in cards}
    for one in criteria.criteria:
        card = known.get(one.check)
        if card is None:
            raise CriteriaInvalid(
                f"Criterion {one.id!r} names the check {one.check!r}; "
                f"there are {', '.join(sorted(known))}."
            )
        if card.version != one.version:
            raise CriteriaInvalid(
                f"Criterion {one.id!r} was set for version {one.version!r} of the check "
                f"{one.check!r}; installed is {card.version!r}.",
                hint="Look at the change, then write the new version into the criteria.",
            )
