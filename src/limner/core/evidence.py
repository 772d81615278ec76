"""The records of evidence: one measured number, its bounds, and what exactly it was measured on.

A run makes evidence; a gate reads it (gating.py). Evidence never changes: what it cites by hash has
to be the same when it is used, or it has expired. This module measures nothing and judges nothing.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, Self

from limner.core.errors import EvidenceInvalid
from limner.core.hashing import sha256_of_document
from limner.core.judging import CheckCard

EVIDENCE_FORMAT = "limner.evidence/1"
SHARE = "share"
AGREEMENT = "agreement"  # last part of a metric: how often a check says what people say


@dataclass(frozen=True, slots=True, kw_only=True)
class Basis:
    """Everything that has to stay as it is for evidence to hold: tagged hashes.

    Attributes:
        model_sha256: of the model version, see `core.models.ModelVersion.sha256`.
        suite_sha256: of the suite's specification.
        checks_sha256: of every check that judged, see `checks_sha256`.
        criteria_sha256: of the criteria judged by.
        data_sha256: of what was measured on: prompts and seeds.
    """

    model_sha256: str
    suite_sha256: str
    checks_sha256: str
    criteria_sha256: str
    data_sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """One measured number.

    Attributes:
        metric: stable lower-case name, such as ``atoms.pass_rate``; gates name it.
        slice: part of the suite it is about, such as ``colour``; empty for all of it.
        suite: name of the suite, such as ``basics``.
        unit: ``share`` for what is 0-1; else the unit's name, such as ``seconds``.
        estimate: finite.
        low, high: ends of the two-sided interval, finite, `estimate` between them.
        confidence: with which the interval covers the truth, above 0 and below 1.
        num: independent observations it rests on: prompts, where seeds share one; labelled
            pictures, where people said what they saw.
        run: id of the run.
        started_at: of the run's first sample, UTC. What was registered later is post hoc.
        measured_at: of its last result, UTC. Its age counts from here.
        basis: what it was measured on.
        asked_by: who started the run.
        labelled_by: people whose labels it rests on; empty where programs alone judged. Labels of
            somebody with an interest in the answer do not count, nor those of a person whose name
            was erased and is empty here; see gating.py.
        expires_at: when it counts no more, whatever a gate allows, UTC; ``None`` where age alone
            ends it.
    """

    metric: str
    suite: str
    slice: str = ""
    unit: str = SHARE
    estimate: float
    low: float
    high: float
    confidence: float
    num: int
    run: str
    started_at: datetime
    measured_at: datetime
    basis: Basis
    asked_by: str = ""
    labelled_by: tuple[str, ...] = ()
    expires_at: datetime | None = None

    def __post_init__(self) -> None:
        """Refuse what is no measurement: a number that is not finite, a clock without a zone."""
        _require_interval(self)
        _require_times(self)

    def to_document(self) -> dict[str, object]:
        """JSON form, one key per attribute and ``format``; times in UTC.

        Without an end there is no key for it, so that older evidence keeps its hash.
        """
        document: dict[str, object] = {
            "format": EVIDENCE_FORMAT,
            **asdict(self),
            "started_at": self.started_at.astimezone(UTC).isoformat(),
            "measured_at": self.measured_at.astimezone(UTC).isoformat(),
            "labelled_by": list(self.labelled_by),
        }
        if self.expires_at is None:
            del document["expires_at"]
        else:
            document["expires_at"] = self.expires_at.astimezone(UTC).isoformat()
        return document

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        """The evidence whose JSON form this is.

        Raises:
            EvidenceInvalid: it is not one.
        """
        values = {key: value for key, value in document.items() if key != "format"}
        try:
            values["basis"] = Basis(**values["basis"])
            values["labelled_by"] = tuple(values["labelled_by"])
            for name in ("started_at", "measured_at", "expires_at"):
                if name != "expires_at" or name in values:
                    values[name] = datetime.fromisoformat(values[name])
            return cls(**values)
        except (KeyError, TypeError, ValueError) as error:
            raise EvidenceInvalid(f"This is no evidence: {error}.") from error

    @property
    def sha256(self) -> str:
        """Tagged hash of the canonical JSON."""
        return sha256_of_document(self.to_document())


def checks_sha256(cards: Mapping[str, CheckCard]) -> str:
    """Tagged hash of the checks that judged.

    Args:
        cards: of the checks a run used, by name; their order does not matter.
    """
    return sha256_of_document({name: card.sha256 for name, card in cards.items()})


def _require_interval(evidence: Evidence) -> None:
    low, value, high = evidence.low, evidence.estimate, evidence.high
    if not all(math.isfinite(one) for one in (low, value, high)):
        raise EvidenceInvalid(
            f"The evidence on {evidence.metric!r} is {value!r} from {low!r} to {high!r}; "
            "every one of them must be a finite number."
        )
    if not low <= value <= high:
        raise EvidenceInvalid(
            f"The evidence on {evidence.metric!r} is {value!r}, outside its own bounds "
            f"{low!r} to {high!r}."
        )
    if evidence.unit == SHARE and not (0 <= low and high <= 1):
        raise EvidenceInvalid(
            f"The evidence on {evidence.metric!r} is a share from {low!r} to {high!r}; "
            "shares are 0 to 1."
        )
    if not 0 < evidence.confidence < 1 or evidence.num < 1:
        raise EvidenceInvalid(
            f"The evidence on {evidence.metric!r} has the confidence {evidence.confidence!r} and "
            f"{evidence.num!r} observations; it needs one above 0 and below 1, and at least one."
        )


def _require_times(evidence: Evidence) -> None:
    for name in ("started_at", "measured_at", "expires_at"):
        at: datetime | None = getattr(evidence, name)
        if at is not None and at.tzinfo is None:
            raise EvidenceInvalid(
                f"The evidence on {evidence.metric!r} has {name} {at.isoformat()!r}, which names "
                "no time zone.",
                hint="Write times in UTC, such as 2026-01-31T12:00:00+00:00.",
            )
    if evidence.measured_at < evidence.started_at:
        raise EvidenceInvalid(
            f"The evidence on {evidence.metric!r} was measured at "
            f"{evidence.measured_at.isoformat()}, before its run began at "
            f"{evidence.started_at.isoformat()}."
        )
    if evidence.expires_at is not None and evidence.expires_at <= evidence.measured_at:
        raise EvidenceInvalid(
            f"The evidence on {evidence.metric!r} would end at {evidence.expires_at.isoformat()}, "
            f"not after it was measured at {evidence.measured_at.isoformat()}."
        )
