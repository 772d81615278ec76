"""The records of what was taught here: labels and normal sets, and what was measured of them.

A version is known by its hash and never changed; teaching again adds the next. The newest version
of a name is in force, unless that says that the name is used no longer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple, Self

from limner.core.hashing import sha256_of_bytes, sha256_of_document


class LearntKind(StrEnum):
    """What was taught."""

    LABEL = "label"
    NORMAL = "normal"


class Share(NamedTuple):
    """A measured share, 0-1, with its 95 % interval; nothing where it is a share of nothing."""

    value: float | None
    low: float | None
    high: float | None
    num: int


class Side(NamedTuple):
    """What one verdict of a label is worth.

    Attributes:
        at: score from which it is given; ``None`` where no threshold is certified.
        precision_low: lower bound of how often it is right there, 0-1.
        recall: of the held-out examples of its kind, the share that gets it.
        why_not: one sentence where it is not certified; empty where it is.
    """

    at: float | None
    precision_low: float | None
    recall: Share
    why_not: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelFacts:
    """What is known of a label that was taught.

    Attributes:
        tagger: tagged hash of every file of the network it was learnt on.
        examples_sha256: of the ids of all examples, by kind.
        cameras: that took them, each with a size: see `core.looking.camera_of_size`.
        num_yes, num_no: examples it was learnt on.
        strength: how little the line was held back.
        precision, recall: of calling it from a score of 0.5, on held-out examples.
        asked_precision: share of right ones among those called ``yes``, and among those called
            ``no``, that a certified threshold keeps, 0-1.
        confidence: probability that both promises hold.
        yes, no: what the verdicts are worth.
    """

    tagger: Mapping[str, str]
    examples_sha256: str
    num_yes: int
    num_no: int
    strength: float
    precision: Share
    recall: Share
    asked_precision: float
    confidence: float
    yes: Side
    no: Side
    cameras: tuple[str, ...] = ()

    def verdict_of(self, score: float) -> str:
        """``yes`` or ``no`` where a certified threshold says so; else ``unsure``."""
        if self.yes.at is not None and score >= self.yes.at:
            return "yes"
        return "no" if self.no.at is not None and score <= self.no.at else "unsure"

    def to_document(self) -> dict[str, Any]:
        """JSON form, one key per attribute."""
        return {
            "tagger": dict(self.tagger),
            "examples_sha256": self.examples_sha256,
            "num_yes": self.num_yes,
            "num_no": self.num_no,
            "strength": self.strength,
            "precision": self.precision._asdict(),
            "recall": self.recall._asdict(),
            "asked_precision": self.asked_precision,
            "confidence": self.confidence,
            "yes": _side_document(self.yes),
            "no": _side_document(self.no),
            "cameras": list(self.cameras),
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        """Facts from their JSON form."""
        named: dict[str, Any] = {
            **document,
            "precision": Share(**document["precision"]),
            "recall": Share(**document["recall"]),
            "yes": _side_of(document["yes"]),
            "no": _side_of(document["no"]),
            "cameras": tuple(document.get("cameras", ())),
        }
        return cls(**named)


class Bound(NamedTuple):
    """A distance from a normal set at which a verdict changes.

    Attributes:
        at: ``None`` where it is not certified.
        num, num_past: held-out parts it rests on, and those of them on its wrong side.
        why_not: one sentence where it is not certified; empty where it is.
    """

    at: float | None
    num: int
    num_past: int
    why_not: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NormalFacts:
    """What is known of a normal set.

    Attributes:
        tagger: tagged hash of every file of the network whose features it keeps.
        examples_sha256: of the ids of all examples, by kind.
        cameras: that took them, each with a size: see `core.looking.camera_of_size`.
        num_good: good parts it was learnt on.
        usual: median distance of held-out good parts; `highest` the greatest.
        limit: largest share of good parts that are called anomalous, and of bad ones that are
            called normal, that a certified bound keeps, 0-1.
        confidence: probability, for each bound, that it keeps that.
        anomalous: above it a part is anomalous; rests on good parts.
        normal: below it a part is normal; rests on bad parts.
    """

    tagger: Mapping[str, str]
    examples_sha256: str
    num_good: int
    usual: float
    highest: float
    limit: float
    confidence: float
    anomalous: Bound
    normal: Bound
    cameras: tuple[str, ...] = ()

    def verdict_of(self, score: float) -> str:
        """``anomalous`` or ``normal`` where a certified bound says so; else ``unsure``."""
        if self.anomalous.at is not None and score > self.anomalous.at:
            return "anomalous"
        return "normal" if self.normal.at is not None and score < self.normal.at else "unsure"

    def to_document(self) -> dict[str, Any]:
        """JSON form, one key per attribute."""
        return {
            "tagger": dict(self.tagger),
            "examples_sha256": self.examples_sha256,
            "num_good": self.num_good,
            "usual": self.usual,
            "highest": self.highest,
            "limit": self.limit,
            "confidence": self.confidence,
            "anomalous": self.anomalous._asdict(),
            "normal": self.normal._asdict(),
            "cameras": list(self.cameras),
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        """Facts from their JSON form."""
        bounds: dict[str, Any] = {one: Bound(**document[one]) for one in ("anomalous", "normal")}
        bounds["cameras"] = tuple(document.get("cameras", ()))
        return cls(**{**document, **bounds})


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Learnt:
    """One version of a label or a normal set.

    Attributes:
        document: `LabelFacts` or `NormalFacts` as JSON; empty where the name is used no longer.
        content: what was learnt, as safetensors; empty likewise.
        replaces: hash of the version before it; ``None`` for the first.
    """

    kind: LearntKind
    name: str
    learnt_at: datetime
    document: Mapping[str, Any]
    content: bytes
    replaces: str | None

    @property
    def is_in_use(self) -> bool:
        """Looks are made with it while it is the newest of its name."""
        return bool(self.content)

    def has_learnt_from(self, camera: str) -> bool:
        """Whether a picture of this camera and size, or of the camera at all, is an example."""
        cameras: Sequence[str] = self.document.get("cameras", ())
        return any(one == camera or one.startswith(f"{camera} ") for one in cameras)

    @property
    def sha256(self) -> str:
        """Tagged hash of all but the time."""
        return sha256_of_document(
            {
                "kind": str(self.kind),
                "name": self.name,
                "document": dict(self.document),
                "content": sha256_of_bytes(self.content),
                "replaces": self.replaces,
            }
        )

    @property
    def version(self) -> str:
        """The start of its hash, as people are told."""
        return self.sha256.removeprefix("sha256:")[:12]


def _side_document(side: Side) -> dict[str, Any]:
    return {**side._asdict(), "recall": side.recall._asdict()}


def _side_of(document: Mapping[str, Any]) -> Side:
    named: dict[str, Any] = {**document, "recall": Share(**document["recall"])}
    return Side(**named)
