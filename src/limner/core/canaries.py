"""The record of a canary set: the pictures of a run that are drawn again and held against it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, Self

CANARY_FORMAT = "limner.canary-set/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class CanarySet:
    """A run whose pictures were found good, and are to come out like that again.

    Attributes:
        canary_id: ``canary-`` and 12 hex digits.
        stream: name of the model that draws them.
        run_id: of the run that was kept.
        set_at: UTC; `set_by` who kept it.
    """

    canary_id: str
    stream: str
    run_id: str
    set_at: datetime
    set_by: str = ""

    def to_document(self) -> dict[str, object]:
        """JSON form; the time in UTC."""
        set_at = self.set_at.astimezone(UTC).isoformat()
        return {"format": CANARY_FORMAT, **asdict(self), "set_at": set_at}

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        """The set whose JSON form this is, as it was stored."""
        values = {key: value for key, value in document.items() if key != "format"}
        values["set_at"] = datetime.fromisoformat(values["set_at"])
        return cls(**values)
