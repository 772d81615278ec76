"""The record of a shadow: what a candidate made of a request that the serving model had drawn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

LOST = "lost"
"""Fault of a picture that was begun and never brought to its end: the process died with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shadow:
    """What came of one picture drawn silently beside a served one.

    Attributes:
        model_sha256: of the candidate.
        image_id: of the served image, whose request and seed it has.
        shadow_id: of the candidate's picture, which is stored and never leaves; ``None`` where
            there is none.
        fault: code of what came instead; empty where there is a picture.
        outcome: what the rules would have decided about it; empty without a picture.
        verdicts: of each check on it, by the check's name.
        versions: of these checks, by name.
        seconds: wall time of drawing it; 0 without a picture.
        drawn_at: UTC.
    """

    model_sha256: str
    image_id: str
    drawn_at: datetime
    shadow_id: str | None = None
    fault: str = LOST
    outcome: str = ""
    verdicts: Mapping[str, str] = field(default_factory=dict[str, str])
    versions: Mapping[str, str] = field(default_factory=dict[str, str])
    seconds: float = 0.0
