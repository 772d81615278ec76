"""A check's result as a small plot: its score on a line, with the limits marked. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from limner.core.judging import Better, CheckCard

WIDTH = 1000  # of the plot's own units
ROOM_SHARE = 0.12  # of the line, behind a limit at its end


@dataclass(frozen=True, slots=True, kw_only=True)
class Plot:
    """Where things lie on the line, 0 .. `WIDTH` from left to right.

    Attributes:
        score_at: where the score is.
        pass_at, fail_at: where the limits are; equal where there is no unsure band.
        is_higher_better: the good side is the right one.
        low, high: the numbers at the ends.
    """

    score_at: float
    pass_at: float
    fail_at: float
    is_higher_better: bool
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckShown:
    """One check's result as a page shows it.

    Attributes:
        question: what it asks; its name where the check is not known any more.
        plot: ``None`` without a score.
        score, limit: as words.
    """

    name: str
    version: str
    question: str
    verdict: str
    score: str
    limit: str
    notes: tuple[str, ...]
    plot: Plot | None


def show_checks(
    results: Sequence[Mapping[str, object]], cards: Mapping[str, CheckCard]
) -> list[CheckShown]:
    """The newest result of every check, in the order in which they first judged."""
    newest = {str(one["check"]): one for one in results}
    return [_shown(one, cards.get(name)) for name, one in newest.items()]


def _shown(result: Mapping[str, object], card: CheckCard | None) -> CheckShown:
    name, score = str(result["check"]), cast("float | None", result["score"])
    limits = cast("dict[str, float] | None", result["limits"])
    plot = None
    if score is not None and limits is not None:
        better = Better.LOWER if card is None else card.better
        plot = plot_of(score, limits["pass_at"], limits["fail_at"], better)
    return CheckShown(
        name=name,
        version=str(result["version"]),
        question=name if card is None else card.question,
        verdict=str(result["verdict"]),
        score="" if score is None else f"{score:.3g}",
        limit="" if limits is None else _limit_words(limits["pass_at"], limits["fail_at"]),
        notes=tuple(str(one) for one in cast("Sequence[Any]", result.get("notes") or ())),
        plot=plot,
    )


def plot_of(score: float, pass_at: float, fail_at: float, better: Better) -> Plot:
    """The plot of a score and its limits.

    The line is 0 .. 1 where everything fits on it, and otherwise as long as it must be. It goes on
    a little behind a limit that is at its end: what passes there has to be seen as good.
    """
    shown = [one for one in (score, pass_at, fail_at) if math.isfinite(one)]
    low, high = min(0.0, *shown), max(1.0, *shown)
    if high > 1 or low < 0:
        room = (max(shown) - min(shown)) * 0.15 or 1.0
        low = min(shown) - room if min(shown) < 0 else 0.0
        high = max(shown) + room
    room = (high - low) * ROOM_SHARE
    low, high = (
        low - room if low in (pass_at, fail_at) else low,
        high + room if high in (pass_at, fail_at) else high,
    )
    return Plot(
        score_at=_at(score, low, high),
        pass_at=_at(pass_at, low, high),
        fail_at=_at(fail_at, low, high),
        is_higher_better=better is Better.HIGHER,
        low=low,
        high=high,
    )


def _at(value: float, low: float, high: float) -> float:
    return round(WIDTH * min(1.0, max(0.0, (value - low) / (high - low))), 1)


def _limit_words(pass_at: float, fail_at: float) -> str:
    if pass_at == fail_at:
        return f"{pass_at:.3g}"
    return f"{pass_at:.3g} / {fail_at:.3g}"
