"""The records of watching: what a stream is held against, what was read of it, and alarms.

How a reading is made is in monitoring/. Nothing is measured, stored or sent here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, NamedTuple, Self

from limner.core.errors import BadInput

REFERENCE_FORMAT = "limner.watch-reference/1"
ALARM_FORMAT = "limner.alarm/1"

LEAST_REFERENCE = 100
"""Images a reference needs. With fewer, tests find nothing but what anybody sees."""

LEAST_WINDOW = 30
LEAST_AUDITS = 20
"""Answers that an audit chart needs, in the reference and since."""

_REFERENCE_ID = re.compile(r"reference-[0-9a-f]{12}")


class Method(StrEnum):
    """How a reading was made; each has a module in monitoring/."""

    MMD = "mmd"
    KOLMOGOROV_SMIRNOV = "kolmogorov_smirnov"
    CHI_SQUARE = "chi_square"
    MARTINGALE = "martingale"
    CBPE = "cbpe"
    AUDIT_CHART = "audit_chart"
    REVALIDATION = "revalidation"
    CANARY = "canary"


class ReadingVerdict(StrEnum):
    """What a reading says. INSUFFICIENT is no verdict: neither quiet nor an alarm."""

    QUIET = "quiet"
    ALARM = "alarm"
    INSUFFICIENT = "insufficient"


class Sensitivity(NamedTuple):
    """How readily alarms are raised: the one setting people turn.

    Attributes:
        run_length: images between false alarms: within n images of an unchanged stream the
            probability of any alarm is at most n / run_length, over all readings together.
        window: images that are tested together.
    """

    run_length: int
    window: int

    @property
    def window_level(self) -> float:
        """Probability with which all tests of one window together may raise a false alarm.

        Half of what is allowed; the other half is for what is read image by image.
        """
        return self.window / (2 * self.run_length)

    def stream_threshold(self, num_streams: int) -> float:
        """Where each of so many image-by-image statistics raises an alarm."""
        return 2.0 * self.run_length * max(num_streams, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One measurement of a stream against its reference.

    Attributes:
        measure: what was looked at, such as ``score.sharpness``.
        value: evidence of a change: minus the common logarithm of the corrected p, or the common
            logarithm of the sequential statistic; ``None`` without a verdict.
        limit: at which `value` is an alarm, in the same unit.
        num_reference, num_new: observations on either side.
        position: images of the stream since the reference, up to and with the last one read.
        before, after: what is compared, in the measure's own unit: medians or shares; ``None``
            where there is no single number.
        low, high: 95 % interval of `after`, where there is one.
        note: one sentence for a person.
    """

    measure: str
    method: Method
    verdict: ReadingVerdict
    num_reference: int
    num_new: int
    position: int
    value: float | None = None
    limit: float | None = None
    before: float | None = None
    after: float | None = None
    low: float | None = None
    high: float | None = None
    note: str = ""

    def to_document(self) -> dict[str, object]:
        """JSON form, one key per attribute."""
        return asdict(self)

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        """The reading whose JSON form this is, as it was stored."""
        values = dict(document)
        values["method"] = Method(values["method"])
        values["verdict"] = ReadingVerdict(values["verdict"])
        return cls(**values)


@dataclass(frozen=True, slots=True, kw_only=True)
class Basis:
    """What a stream is made with: tagged hashes and names; a change of any calls for revalidation.

    Attributes:
        model: what draws, by its hash as in the model registry; empty for incoming images.
        criteria: judged by; empty where there are none.
        checks: by name, the hash of each check's card.
        cameras: kinds of camera and size that incoming images have, as ``model 4000x3000``.
        datasets: of suites, by name, the hash of what runs were measured on.
    """

    model: str = ""
    criteria: str = ""
    checks: Mapping[str, str] = field(default_factory=dict[str, str])
    cameras: tuple[str, ...] = ()
    datasets: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """A stretch of a stream that was found good, which the rest is held against.

    Attributes:
        stream: name of the model whose images it has, or ``incoming``.
        from_at, until_at: of the images' times; both belong to it. The stream goes on after.
        num_images: that were there when it was set.
        sensitivity: in force for this reference.
        basis: what it was made with.
        set_at: UTC; `set_by` who set it.
    """

    reference_id: str
    stream: str
    from_at: datetime
    until_at: datetime
    num_images: int
    sensitivity: Sensitivity
    basis: Basis
    set_at: datetime
    set_by: str = ""

    def to_document(self) -> dict[str, object]:
        """JSON form; times in UTC."""
        return {
            "format": REFERENCE_FORMAT,
            **asdict(self),
            "sensitivity": self.sensitivity._asdict(),
            "basis": {**asdict(self.basis), "cameras": list(self.basis.cameras)},
            **{
                name: getattr(self, name).astimezone(UTC).isoformat()
                for name in ("from_at", "until_at", "set_at")
            },
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        """The reference whose JSON form this is, as it was stored."""
        values = {key: value for key, value in document.items() if key != "format"}
        values["sensitivity"] = Sensitivity(**values["sensitivity"])
        basis = values["basis"]
        values["basis"] = Basis(**basis | {"cameras": tuple(basis["cameras"])})
        for name in ("from_at", "until_at", "set_at"):
            values[name] = datetime.fromisoformat(values[name])
        return cls(**values)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What an alarm says changed.

    Attributes:
        measure: as of the reading.
        note: one sentence.
        slices: the parts of the stream in which it changed most, such as ``style flat icon``.
        examples: image_ids that show it best, the clearest first.
    """

    measure: str
    note: str
    slices: tuple[str, ...] = ()
    examples: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What an alarm did at once, in the transaction that raised it.

    Attributes:
        paused: label of the model that was paused; empty where none was.
        not_paused: why none was, one sentence; empty where one was.
        aliases: moved away from the paused model: ``default -> limner@1.0``.
        ended: evidence that no longer counts, by hash.
    """

    paused: str = ""
    not_paused: str = ""
    aliases: tuple[str, ...] = ()
    ended: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """That a stream changed, what, and what was done.

    Attributes:
        alarm_id: ``alarm-`` and 12 hex digits.
        readings: that raised it.
    """

    alarm_id: str
    reference_id: str
    stream: str
    raised_at: datetime
    readings: tuple[Reading, ...]
    changes: tuple[Change, ...]
    done: Done

    @property
    def title(self) -> str:
        """One sentence: what changed first of all."""
        more = len(self.changes) - 1
        rest = f" And {more} more." if more > 0 else ""
        return f"{self.changes[0].note}{rest}" if self.changes else "The stream changed."

    def to_document(self) -> dict[str, object]:
        """JSON form; times in UTC."""
        return {
            "format": ALARM_FORMAT,
            "alarm_id": self.alarm_id,
            "reference_id": self.reference_id,
            "stream": self.stream,
            "raised_at": self.raised_at.astimezone(UTC).isoformat(),
            "readings": [one.to_document() for one in self.readings],
            "changes": [
                {**asdict(one), "slices": list(one.slices), "examples": list(one.examples)}
                for one in self.changes
            ],
            "done": {
                **asdict(self.done),
                "aliases": list(self.done.aliases),
                "ended": list(self.done.ended),
            },
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        """The alarm whose JSON form this is, as it was stored."""
        values = {key: value for key, value in document.items() if key != "format"}
        values["raised_at"] = datetime.fromisoformat(values["raised_at"])
        values["readings"] = tuple(Reading.from_document(one) for one in values["readings"])
        values["changes"] = tuple(
            Change(**one | {name: tuple(one[name]) for name in ("slices", "examples")})
            for one in values["changes"]
        )
        done = values["done"]
        values["done"] = Done(**done | {name: tuple(done[name]) for name in ("aliases", "ended")})
        return cls(**values)


class Telling(NamedTuple):
    """That somebody was told of an alarm, or could not be.

    Attributes:
        channel: ``log``, ``webhook`` or ``e-mail``.
        to: host or address; never a secret part of it.
        is_told: whether it went out.
        note: why not, one sentence; empty where it did.
    """

    channel: str
    to: str
    told_at: datetime
    is_told: bool
    note: str = ""


def require_reference_id(text: str) -> None:
    """Refuse what is no id of a reference.

    Raises:
        BadInput: says what one looks like.
    """
    if not _REFERENCE_ID.fullmatch(text):
        raise BadInput(
            f"The reference is {text!r}; allowed is 'reference-' and 12 hex digits.",
            hint="Run `limner watch show` to see the references.",
        )
