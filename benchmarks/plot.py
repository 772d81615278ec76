"""Curves as an SVG that reads on a light and on a dark page. It measures nothing."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

WIDTH, HEIGHT = 460, 300  # of one panel
LEFT, RIGHT, TOP, BOTTOM = 64, 36, 44, 48
LEAST_SPAN = 6  # of an axis, so that what hardly grows looks like it
GREY, INK = "#8a8f98", "#3b82c4"
FONT = "font-family='system-ui, sans-serif' font-size='13'"


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """A measured point: where, the median, and the range of the measurements."""

    at: float
    median: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One curve with its axes. Both are logarithmic, so a straight line is a power of `at`.

    Attributes:
        across: what `at` is.
        upwards: what was measured, with its unit.
    """

    title: str
    across: str
    upwards: str
    points: Sequence[Point]


def svg_of(panels: Sequence[Panel], columns: int = 2) -> str:
    """Panels side by side, `columns` in a row."""
    rows = math.ceil(len(panels) / columns)
    corners = [(at % columns * WIDTH, at // columns * HEIGHT) for at in range(len(panels))]
    drawn = [
        f"<g transform='translate({x} {y})'>{_panel(panel)}</g>"
        for (x, y), panel in zip(corners, panels, strict=True)
    ]
    size = f"width='{columns * WIDTH}' height='{rows * HEIGHT}'"
    box = f"viewBox='0 0 {columns * WIDTH} {rows * HEIGHT}'"
    head = f"<svg xmlns='http://www.w3.org/2000/svg' {size} {box} {FONT} fill='{GREY}'>"
    return "\n".join([head, *drawn, "</svg>", ""])


def _panel(panel: Panel) -> str:
    across = _Axis([one.at for one in panel.points], LEFT, WIDTH - RIGHT)
    values = [value for one in panel.points for value in (one.low, one.high)]
    upwards = _Axis(values, HEIGHT - BOTTOM, TOP)
    places = [(across.place(one.at), one) for one in panel.points]
    line = " ".join(f"{x:.1f},{upwards.place(one.median):.1f}" for x, one in places)
    middle = (LEFT + WIDTH - RIGHT) / 2
    parts = [
        f"<text x='{LEFT}' y='20' font-weight='600'>{escape(panel.title)}</text>",
        f"<text x='{middle}' y='{HEIGHT - 10}' text-anchor='middle'>{escape(panel.across)}</text>",
        f"<text x='{LEFT}' y='36' font-size='12'>{escape(panel.upwards)}</text>",
        *(_grid_line(upwards.place(tick), _said(tick)) for tick in upwards.ticks()),
        *(
            f"<text x='{x:.1f}' y='{HEIGHT - BOTTOM + 18}' text-anchor='middle' font-size='12'>"
            f"{_said(one.at)}</text>"
            for x, one in places
        ),
        *(
            f"<line x1='{x:.1f}' x2='{x:.1f}' y1='{upwards.place(one.low):.1f}' "
            f"y2='{upwards.place(one.high):.1f}' stroke='{INK}' stroke-width='2' opacity='.5'/>"
            for x, one in places
        ),
        f"<polyline points='{line}' fill='none' stroke='{INK}' stroke-width='2'/>",
        *(
            f"<circle cx='{x:.1f}' cy='{upwards.place(one.median):.1f}' r='3.5' fill='{INK}'/>"
            for x, one in places
        ),
    ]
    return "".join(parts)


def _grid_line(y: float, said: str) -> str:
    return (
        f"<line x1='{LEFT}' x2='{WIDTH - RIGHT}' y1='{y:.1f}' y2='{y:.1f}' stroke='{GREY}' "
        f"opacity='.3'/><text x='{LEFT - 8}' y='{y + 4:.1f}' text-anchor='end' font-size='12'>"
        f"{said}</text>"
    )


class _Axis:
    """Places numbers above 0 between two ends, by their logarithm."""

    def __init__(self, values: Sequence[float], start: float, end: float) -> None:
        low, high = min(values), max(values)
        room = max(1.15, math.sqrt(LEAST_SPAN * low / high))
        self._low, self._high = low / room, high * room
        self._start, self._end = start, end

    def place(self, value: float) -> float:
        share = math.log(value / self._low) / math.log(self._high / self._low)
        return self._start + share * (self._end - self._start)

    def ticks(self) -> list[float]:
        """Round numbers within the axis, at most six."""
        powers = range(math.floor(math.log10(self._low)), math.ceil(math.log10(self._high)) + 1)
        for steps in ((1, 2, 5), (1, 3), (1,)):
            found = [step * 10.0**power for power in powers for step in steps]
            within = [one for one in found if self._low <= one <= self._high]
            if len(within) <= 6:
                break
        return within or [math.sqrt(self._low * self._high)]


def _said(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
