"""Reading gates from YAML: every key known, every value allowed, or one clear sentence.

The gate in force is ``gate.yaml`` in the data folder, or the shipped one where there is none. A
file that cannot be read lets nothing pass; no other is taken in its place.
"""

from __future__ import annotations

from datetime import date
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, ValidationError, model_validator

from limner.core.errors import GateInvalid
from limner.core.gates import Direction, Gate, Rule
from limner.core.given_file import read_text_at_most, reason_of
from limner.core.settings import Settings
from limner.studio.yaml_file import Strict, load_yaml, spoken

GATE_FILE = "gate.yaml"
SHIPPED = "standard"
MAX_BYTES = 200_000
MAX_RULES = 60  # what a ledger entry about an answer has room for

Text = Annotated[str, Field(min_length=1, max_length=200)]


class _Rule(Strict):
    id: Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=60)]
    metric: Annotated[str, Field(pattern=r"^[a-z0-9_-]+\.[a-z0-9_]+$", max_length=100)]
    suite: Annotated[str, Field(pattern=r"^[a-z0-9]+([-.][a-z0-9]+)*$", max_length=80)]
    slice: Annotated[str, Field(max_length=200)] = ""
    direction: Direction
    limit: float = Field(allow_inf_nan=False)
    min_num: Annotated[int, Field(ge=1)]
    max_age_days: Annotated[int, Field(ge=1, le=3650)]
    confidence: Annotated[float, Field(gt=0, lt=1)] = 0.95


class _Gate(Strict):
    format: Literal["limner.gate/1"]
    name: Text
    owner: Text
    review_by: date
    licences: Annotated[tuple[Text, ...], Field(min_length=1)]
    rules: Annotated[tuple[_Rule, ...], Field(min_length=1, max_length=MAX_RULES)]
    pauses_when_overdue: tuple[Literal["gate", "criteria", "suites"], ...] = ()

    @model_validator(mode="after")
    def _ids_are_single(self) -> Self:
        ids = [one.id for one in self.rules]
        if doubled := sorted({one for one in ids if ids.count(one) > 1}):
            raise ValueError(f"the id {doubled[0]!r} is used twice")
        return self

    def record(self) -> Gate:
        return Gate(
            name=self.name,
            owner=self.owner,
            review_by=self.review_by,
            licences=self.licences,
            rules=tuple(Rule(**one.model_dump()) for one in self.rules),
            pauses_when_overdue=self.pauses_when_overdue,
        )


def gate_in_force(settings: Settings) -> Gate:
    """The gate that models pass here; errors as `read_gate`."""
    own = settings.home / GATE_FILE
    return read_gate(str(own) if own.exists() else SHIPPED)


def read_gate(source: str) -> Gate:
    """A gate from a file, or the one that is shipped.

    Args:
        source: path, or ``standard``.

    Raises:
        GateInvalid: it cannot be read, or something in it is not allowed; says where.
    """
    return parse_gate(_gate_text(source), source)


def parse_gate(text: str, source: str) -> Gate:
    """A gate from YAML text.

    Args:
        text: of the file.
        source: its name, for the sentence when something is wrong.

    Raises:
        GateInvalid: something in it is not allowed; says where and what is.
    """
    if len(text) > MAX_BYTES:
        raise GateInvalid(
            f"The gate {source} has {len(text):,} characters; allowed are {MAX_BYTES:,}."
        )
    try:
        return _Gate.model_validate(load_yaml(text)).record()
    except ValidationError as error:  # which is a ValueError too
        raise GateInvalid(f"The gate {source} is not valid: {spoken(error)}.") from error
    except ValueError as error:
        raise GateInvalid(f"The gate {source} is not YAML: {error}.") from error


def _gate_text(source: str) -> str:
    if source == SHIPPED:
        return (files("limner.studio") / "gates" / f"{source}.yaml").read_text(encoding="utf-8")
    try:
        return read_text_at_most(Path(source).expanduser(), MAX_BYTES)
    except OSError as error:
        raise GateInvalid(
            f"The gate {source!r} cannot be read: {reason_of(error)}.",
            hint=f"Shipped is {SHIPPED!r}; your own is {GATE_FILE} in the data folder.",
        ) from error
