"""Reading suites from YAML.

Shipped suites are read by the same code as a team's own. Every key is known and every value
allowed, or one clear sentence says what is wrong.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from datetime import date
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, ValidationError, model_validator

from limner.core.errors import BadInput, SuiteInvalid
from limner.core.given_file import read_text_at_most, reason_of
from limner.core.limits import MAX_IMAGES
from limner.core.records import SEED_COUNT
from limner.evals.perturbation import twins_of
from limner.evals.specification import Asked
from limner.evals.suite import Aspect, Case, Suite, Way
from limner.studio.yaml_file import Strict, load_yaml, spoken

SHIPPED = ("basics", "robust", "fair", "safe", "private", "steady", "incoming")
EARLIER = (
    "basics@2",
    "robust@1",
    "safe@1",
)  # as they were; what was measured by them can be read again
MAX_BYTES = 4_000_000
MAX_CASES = 10_000

Text = Annotated[str, Field(min_length=1, max_length=500)]
Id = Annotated[str, Field(pattern=r"^[a-z0-9]+([-.][a-z0-9]+)*$", max_length=80)]
Seed = Annotated[int, Field(ge=0, lt=SEED_COUNT)]


class _Case(Strict):
    id: Id
    prompt: Annotated[str, Field(min_length=1, max_length=2000)]
    concept: str = ""
    style: str = ""
    colour: str = ""
    ground: str = ""
    count: Annotated[int, Field(ge=1, le=20)] | None = None
    other: str = ""
    other_colour: str = ""
    relation: Literal["", "left", "right", "above", "below"] = ""
    must_refuse: bool = False
    slices: Annotated[dict[Text, Text], Field(default_factory=dict)]

    @model_validator(mode="after")
    def _fields_fit(self) -> Self:
        if bool(self.relation) and not self.other:
            raise ValueError("'relation' needs 'other', the thing it is a relation to")
        if self.other_colour and not (self.other and self.colour):
            raise ValueError("'other_colour' needs 'other' and 'colour'")
        return self

    def record(self) -> Case:
        asked = self.model_dump(exclude={"id", "must_refuse", "slices"})
        return Case(
            id=self.id, asked=Asked(**asked), slices=self.slices, must_refuse=self.must_refuse
        )


class _Suite(Strict):
    format: Literal["limner.suite/1"]
    name: Id
    version: Text
    question: Text
    owner: Text
    review_by: date
    seeds: Annotated[tuple[Seed, ...], Field(max_length=MAX_IMAGES)]
    checks: Annotated[tuple[Text, ...], Field(min_length=1)]
    aspects: Annotated[dict[Aspect, tuple[Text, ...]], Field(default_factory=dict)]
    ways: tuple[Way, ...] = ()
    twins: tuple[Text, ...] = ()
    cases: Annotated[tuple[_Case, ...], Field(min_length=1, max_length=MAX_CASES)]

    @model_validator(mode="after")
    def _names_are_single(self) -> Self:
        if not self.seeds:
            raise ValueError("there are no seeds; a suite needs at least one, a comparison four")
        _require_single("seed", self.seeds)
        _require_single("id", [one.id for one in self.cases])
        _require_single("check", self.checks)
        _require_single("way", [str(one) for one in self.ways])
        _require_single("twin", self.twins)
        for aspect, names in self.aspects.items():
            for name in names:
                if name not in self.checks:
                    raise ValueError(
                        f"the aspect {str(aspect)!r} names the check {name!r}, which is none of "
                        f"{', '.join(self.checks)}"
                    )
        return self

    def record(self) -> Suite:
        cases = tuple(one for case in self.cases for one in _with_twins(case.record(), self.twins))
        own = {case.id for case in self.cases}
        if taken := next((one.id for one in cases if one.twin_of and one.id in own), None):
            raise BadInput(f"the id {taken!r} is that of a twin; take another for the case.")
        return Suite(
            name=self.name,
            version=self.version,
            question=self.question,
            owner=self.owner,
            review_by=self.review_by,
            seeds=self.seeds,
            checks=self.checks,
            aspects=dict(self.aspects),
            ways=self.ways,
            cases=cases,
        )


def read_suite(source: str) -> Suite:
    """A suite from a file, or one that is shipped.

    Args:
        source: path, or a name of `SHIPPED` or `EARLIER`.

    Raises:
        SuiteInvalid: it cannot be read, or something in it is not allowed; says where.
    """
    return parse_suite(suite_text(source), source)


def suite_text(source: str) -> str:
    """The text of a suite; arguments and errors as `read_suite`."""
    if source in SHIPPED or source in EARLIER:
        folder = files("limner.evals") / "suites"
        folder = folder / "earlier" if source in EARLIER else folder
        return (folder / f"{source}.yaml").read_text(encoding="utf-8")
    try:
        return read_text_at_most(Path(source).expanduser(), MAX_BYTES)
    except OSError as error:
        raise SuiteInvalid(
            f"The suite {source!r} cannot be read: {reason_of(error)}.",
            hint=f"Shipped are {', '.join(SHIPPED)}; earlier versions, {', '.join(EARLIER)}.",
        ) from error


def parse_suite(text: str, source: str) -> Suite:
    """A suite from YAML text.

    Args:
        text: of the file.
        source: its name, for the sentence when something is wrong.

    Raises:
        SuiteInvalid: something in it is not allowed; says where and what is.
    """
    if len(text) > MAX_BYTES:
        raise SuiteInvalid(
            f"The suite {source} has {len(text):,} characters; allowed are {MAX_BYTES:,}."
        )
    try:
        return _Suite.model_validate(load_yaml(text)).record()
    except ValidationError as error:  # which is a ValueError too
        raise SuiteInvalid(f"The suite {source} is not valid: {spoken(error)}.") from error
    except BadInput as error:
        raise SuiteInvalid(f"The suite {source} is not valid: {error.message}") from error
    except ValueError as error:
        raise SuiteInvalid(f"The suite {source} is not YAML: {error}.") from error


def parse_seeds(text: str) -> tuple[int, ...]:
    """Seeds from ``1..4`` or ``1,5,9``.

    Raises:
        BadInput: it is neither, or there are too many.
    """
    first, dots, last = text.partition("..")
    if not re.fullmatch(r"\d{1,10}\.\.\d{1,10}|\d{1,10}(, *\d{1,10})*", text.strip()):
        raise BadInput(f"The seeds are {text!r}; allowed is a list as 1,5,9 or a range as 1..4.")
    seeds = range(int(first), int(last) + 1) if dots else [int(one) for one in text.split(",")]
    if not 1 <= len(seeds) <= MAX_IMAGES or max(seeds) >= SEED_COUNT:
        raise BadInput(
            f"The seeds {text!r} are {len(seeds):,}; allowed are 1 to {MAX_IMAGES}, each below "
            f"{SEED_COUNT:,}."
        )
    return tuple(seeds)


def require_checks(suite: Suite, known: Iterable[str]) -> None:
    """Every check that a suite names is there.

    Raises:
        SuiteInvalid: one is not; says which there are.
    """
    names = sorted(known)
    for name in suite.checks:
        if name not in names:
            raise SuiteInvalid(
                f"The suite {suite.name!r} names the check {name!r}; there are {', '.join(names)}."
            )


def _with_twins(case: Case, kinds: tuple[str, ...]) -> list[Case]:
    """The case and its twins, each in the slice of its kind."""
    if not kinds:
        return [case]
    found = [
        (kind, name, prompt)
        for kind in kinds
        for name, prompt in twins_of(case.asked.prompt, kind, case.id)
    ]
    twins = [
        Case(
            id=f"{case.id}.{name}",
            asked=Asked(**{**case.asked.to_document(), "prompt": prompt}),  # pyright: ignore[reportArgumentType]
            twin_of=case.id,
            slices={**case.slices, "said": name if kind == name else f"{kind}: {name}"},
            must_refuse=case.must_refuse,
        )
        for kind, name, prompt in found
    ]
    itself = Case(
        id=case.id,
        asked=case.asked,
        slices={**case.slices, "said": "plainly"},
        must_refuse=case.must_refuse,
    )
    return [itself, *twins]


def _require_single(what: str, values: Iterable[object]) -> None:
    doubled = next((one for one, num in Counter(values).items() if num > 1), None)
    if doubled is not None:
        raise ValueError(f"the {what} {doubled!r} is used twice")
