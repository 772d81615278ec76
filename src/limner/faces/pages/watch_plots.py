"""Readings of one measure as a small plot: its course, the limit, and where alarms were. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from limner.core.watching import Method, Reading, ReadingVerdict

WIDTH, HEIGHT = 240, 64  # of the plot's own units
EDGE = 4
SHARES = (Method.CHI_SQUARE, Method.CBPE, Method.AUDIT_CHART)  # others tell medians


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """Where things lie in the plot, from its upper left corner.

    Attributes:
        line: points of the course, as SVG has them.
        limit_y: height of the limit.
        alarms: x and y of readings that are alarms.
        last: x and y of the newest reading.
    """

    line: str
    limit_y: float
    alarms: tuple[tuple[float, float], ...]
    last: tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasureShown:
    """One measure as the page shows it.

    Attributes:
        course: ``None`` where there never was a verdict.
        value, limit: as words, of the newest reading.
        change: before and after, as words; empty where there is no single number, or nothing of
            it before and after.
        is_median: whether those are medians; else they are shares.
    """

    measure: str
    method: str
    verdict: str
    course: Course | None
    value: str
    limit: str
    change: str
    is_median: bool
    note: str


def show_measure(readings: Sequence[Reading]) -> MeasureShown:
    """The readings of one measure by one method, oldest first; at least one."""
    newest, judged = readings[-1], [one for one in readings if one.value is not None]
    return MeasureShown(
        measure=newest.measure,
        method=str(newest.method),
        verdict=str(newest.verdict),
        course=course_of(judged) if judged else None,
        value="" if newest.value is None else f"{newest.value:.2f}",
        limit="" if newest.limit is None else f"{newest.limit:.2f}",
        change=_change(newest),
        is_median=newest.method not in SHARES,
        note=newest.note,
    )


def course_of(readings: Sequence[Reading]) -> Course:
    """The course of readings that have a value, oldest first; at least one.

    Across is the place in the stream, upwards the evidence of a change; the plot always has room
    for the limit.
    """
    first, last = readings[0].position, readings[-1].position
    limit = max(one.limit or 0.0 for one in readings)
    top = 1.15 * max(limit, *(one.value or 0.0 for one in readings)) or 1.0

    def x_of(reading: Reading) -> float:
        share = (reading.position - first) / (last - first) if last > first else 1.0
        return round(EDGE + share * (WIDTH - 2 * EDGE), 1)

    def y_of(value: float) -> float:
        return round(HEIGHT - EDGE - value / top * (HEIGHT - 2 * EDGE), 1)

    points = [(x_of(one), y_of(one.value or 0.0)) for one in readings]
    return Course(
        line=" ".join(f"{x},{y}" for x, y in points),
        limit_y=y_of(limit),
        alarms=tuple(
            point
            for point, one in zip(points, readings, strict=True)
            if one.verdict is ReadingVerdict.ALARM
        ),
        last=points[-1],
    )


def _change(reading: Reading) -> str:
    if reading.before is None or reading.after is None:
        return ""
    is_share = reading.method in SHARES
    if is_share and reading.before == reading.after == 0:
        return ""

    def told(value: float) -> str:
        return f"{100 * value:.1f} %" if is_share else f"{value:.3g}"

    interval = ""
    if reading.low is not None and reading.high is not None:
        interval = f" ({told(reading.low)} – {told(reading.high)})"  # noqa: RUF001 - as in print
    return f"{told(reading.before)} → {told(reading.after)}{interval}"
