"""The records of the model registry: what a version is, its stages, and which may follow which.

A version never changes: it is known by a hash over its name, version and every file. What happens
to it is appended. Whether its evidence suffices is a gate's answer (gating.py), not decided here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Self

from limner.core.errors import BadInput, StageRefused
from limner.core.gates import Direction
from limner.core.hashing import sha256_of_document

MODEL_FORMAT = "limner.model/1"
DEFAULT_ALIAS = "default"
MAX_NAME_CHARACTERS = 60

_ALIAS = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


class Stage(StrEnum):
    """How far a version has come. Only ACTIVE serves everybody."""

    PROPOSED = "proposed"
    EVALUATING = "evaluating"
    SHADOW = "shadow"
    CANARY = "canary"
    ACTIVE = "active"
    PAUSED = "paused"


class Origin(StrEnum):
    """How a version came here."""

    SHIPPED = "shipped"
    PROPOSED = "proposed"


ROAD = (Stage.PROPOSED, Stage.EVALUATING, Stage.SHADOW, Stage.CANARY, Stage.ACTIVE)
"""The stages in their order; none is skipped."""

GATED = (Stage.SHADOW, Stage.CANARY, Stage.ACTIVE)
"""The stages that are entered through a gate only."""

TRANSITIONS: Mapping[Stage, frozenset[Stage]] = {
    Stage.PROPOSED: frozenset({Stage.EVALUATING, Stage.PAUSED}),
    Stage.EVALUATING: frozenset({Stage.SHADOW, Stage.PAUSED}),
    Stage.SHADOW: frozenset({Stage.CANARY, Stage.PAUSED}),
    Stage.CANARY: frozenset({Stage.ACTIVE, Stage.PAUSED}),
    Stage.ACTIVE: frozenset({Stage.PAUSED}),
    Stage.PAUSED: frozenset({Stage.EVALUATING}),
}
"""Which stage may follow which. A paused version is evaluated again, whatever it was before.

The one that came with this install may also go back from paused to active, as `next_stage` has it:
it never went through a gate of this install, and what it came with is what it is held to.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Licence:
    """What allows a version to be used.

    Attributes:
        expression: SPDX; empty where none is known.
        source: where it was read: a file of the version, or a URL.
        reviewer: who read it; empty where nobody has.
    """

    expression: str
    source: str
    reviewer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What the maker says of a version, so that it can be held beside what was measured.

    Attributes:
        text: in the maker's words.
        source: where they say it.
        said_on: day.
        metric, suite, slice: of the evidence that tests it; `metric` is empty where no number
            measured here can.
        direction, limit: what the metric must keep for the claim to be met.
    """

    text: str
    source: str
    said_on: date
    metric: str = ""
    suite: str = ""
    slice: str = ""
    direction: Direction = Direction.AT_LEAST
    limit: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelVersion:
    """One version in the registry.

    Attributes:
        files: tagged SHA-256 of every file, by name.
        card: what the version says of itself: engine, styles, sizes and the like.
        owner: who answers for it.
        review_by: day it is to be looked at again; ``None`` where none is set.
        pauses_when_overdue: its owner chose that a missed review pauses it.
        proposed_by: who brought it; empty for what came with this install.
    """

    name: str
    version: str
    files: Mapping[str, str]
    licence: Licence
    card: Mapping[str, object]
    owner: str
    origin: Origin
    review_by: date | None = None
    pauses_when_overdue: bool = False
    proposed_by: str = ""
    claims: tuple[Claim, ...] = ()

    @property
    def sha256(self) -> str:
        """See `model_sha256`."""
        return model_sha256(self.name, self.version, self.files)

    @property
    def label(self) -> str:
        """As people write it: ``name@version``."""
        return f"{self.name}@{self.version}"

    def to_document(self) -> dict[str, object]:
        """JSON form, one key per attribute and ``format``."""
        return {
            "format": MODEL_FORMAT,
            **asdict(self),
            "files": dict(self.files),
            "review_by": None if self.review_by is None else self.review_by.isoformat(),
            "claims": [{**asdict(one), "said_on": one.said_on.isoformat()} for one in self.claims],
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        """The version whose JSON form this is, as it was stored."""
        values = {key: value for key, value in document.items() if key != "format"}
        values["licence"] = Licence(**values["licence"])
        values["origin"] = Origin(values["origin"])
        if values["review_by"] is not None:
            values["review_by"] = date.fromisoformat(values["review_by"])
        values["claims"] = tuple(_claim_of(one) for one in values["claims"])
        return cls(**values)


class EventKind(StrEnum):
    """What may happen to a version."""

    REGISTERED = "registered"
    MOVED = "moved"
    REVIEWED = "reviewed"


class Cause(StrEnum):
    """Why a version moved; goes into the ledger."""

    SHIPPED = "shipped"
    PROPOSED = "proposed"
    PROMOTED = "promoted"
    ASKED = "asked"
    ROLLED_BACK = "rolled_back"
    HASH_CHANGED = "hash_changed"
    CERTIFICATE_ENDED = "certificate_ended"
    GATE_CLOSED = "gate_closed"
    ALARM = "alarm"
    REVIEW_MISSED = "review_missed"


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelEvent:
    """What happened to a version.

    Attributes:
        stage: it is in from then on.
        cause: why.
        note: one sentence for a person; empty where the cause says it all.
        by: who; empty for what a rule did.
        review_by: the next day to look at it; only of REVIEWED.
    """

    kind: EventKind
    happened_at: datetime
    stage: Stage
    cause: Cause
    note: str = ""
    by: str = ""
    review_by: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelState:
    """A version as it stands now.

    Attributes:
        events: oldest first; at least one.
    """

    version: ModelVersion
    registered_at: datetime
    events: tuple[ModelEvent, ...]

    @property
    def stage(self) -> Stage:
        """The stage it is in."""
        return self.events[-1].stage

    @property
    def last(self) -> ModelEvent:
        """The last time it moved."""
        return next(one for one in reversed(self.events) if one.kind is not EventKind.REVIEWED)

    @property
    def review_by(self) -> date | None:
        """The day it is to be looked at again, as its last review set it."""
        for one in reversed(self.events):
            if one.review_by is not None:
                return one.review_by
        return self.version.review_by


def model_sha256(name: str, version: str, files: Mapping[str, str]) -> str:
    """Tagged hash that a model version is known by.

    Args:
        name: of the model; with `version` and `files` as a `GeneratorCard` has them, the last
            under ``ingredients``.
        version: of its weights.
        files: tagged SHA-256 of every file, by name.
    """
    return sha256_of_document({"name": name, "version": version, "files": dict(files)})


def next_stage(stage: Stage, origin: Origin) -> Stage:
    """The stage that promoting leads to.

    Raises:
        StageRefused: there is none.
    """
    if stage is Stage.ACTIVE:
        raise StageRefused("The model is active already; there is no stage after that.")
    if stage is Stage.PAUSED:
        return Stage.ACTIVE if origin is Origin.SHIPPED else Stage.EVALUATING
    return ROAD[ROAD.index(stage) + 1]


def require_move(stage: Stage, to: Stage, origin: Origin) -> None:
    """Refuse a move that is not on the table.

    Raises:
        StageRefused: says which moves are allowed.
    """
    allowed = set(TRANSITIONS[stage])
    if stage is Stage.PAUSED and origin is Origin.SHIPPED:
        allowed.add(Stage.ACTIVE)
    if to not in allowed:
        listed = ", ".join(str(one) for one in Stage if one in allowed)
        raise StageRefused(
            f"The model is {str(stage)!r} and cannot become {str(to)!r}; from there it can "
            f"become {listed}."
        )


def require_alias(alias: str) -> None:
    """Refuse what is no alias.

    Raises:
        BadInput: says what is allowed.
    """
    if not _ALIAS.fullmatch(alias) or len(alias) > MAX_NAME_CHARACTERS:
        raise BadInput(
            f"The alias is {alias!r}; allowed are up to {MAX_NAME_CHARACTERS} characters of "
            "lower-case words and digits joined by hyphens."
        )


def _claim_of(document: Mapping[str, Any]) -> Claim:
    values = dict(document)
    values["said_on"] = date.fromisoformat(values["said_on"])
    values["direction"] = Direction(values["direction"])
    return Claim(**values)
