"""The plots of a report, drawn as SVG that needs nothing from outside and follows the page's ink.

Lines take their colours from classes of the page's sheet, so light, dark and print each fit.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from markupsafe import Markup

from limner.evals.acceptance import Trust
from limner.evals.intervals import Estimate

WIDTH, HEIGHT = 380, 300
LEFT, RIGHT, TOP, BOTTOM = 62, 12, 10, 46
TICKS = (0.0, 0.25, 0.5, 0.75, 1.0)
MOST_COST_TICKS = 6


def interval_bar(
    estimate: Estimate, low: float = 0.0, high: float = 1.0, limit: float | None = None
) -> Markup:
    """An estimate as a dot on its interval, on a line that is as wide as its place.

    Args:
        estimate: with a value.
        low: number at the left end.
        high: number at the right end; 0 is marked where it lies between them.
        limit: that it is held to, marked too; ``None`` for none.
    """
    if estimate.value is None:
        return Markup("")
    span = high - low or 1.0

    def at(value: float) -> str:
        return f"{100 * min(1.0, max(0.0, (value - low) / span)):.2f}%"

    parts = ['<line class="axis" x1="0" x2="100%" y1="50%" y2="50%"/>']
    if low < 0 < high:
        parts.append(f'<line class="zero" x1="{at(0)}" x2="{at(0)}" y1="0" y2="100%"/>')
    if limit is not None:
        parts.append(f'<line class="zero" x1="{at(limit)}" x2="{at(limit)}" y1="0" y2="100%"/>')
    if estimate.low is not None and estimate.high is not None:
        ends = f'x1="{at(estimate.low)}" x2="{at(estimate.high)}"'
        parts.append(f'<line class="interval" {ends} y1="50%" y2="50%"/>')
    parts.append(f'<circle class="dot" cx="{at(estimate.value)}" cy="50%" r="4.5"/>')
    return Markup(f'<svg class="interval-bar" aria-hidden="true">{"".join(parts)}</svg>')


def risk_plot(trust: Trust) -> Markup:
    """How many of the kept pictures are wrong, when only those a check is surest of are kept."""
    points = " ".join(f"{_x(coverage):.1f},{_y(risk):.1f}" for coverage, risk in trust.risk)
    everything = _y(trust.risk[-1][1])
    drawn = [
        f'<line class="plain" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{everything:.1f}" '
        f'y2="{everything:.1f}"/>',
        f'<polyline class="curve" points="{points}"/>',
    ]
    title = (
        f"Of the pictures {trust.check} is surest of, the share that is wrong. With all pictures "
        f"it is {trust.risk[-1][1]:.0%}."
    )
    return _frame(title, "pictures kept, the surest first", "of those, wrong", drawn)


def reliability_plot(trust: Trust) -> Markup:
    """What a check said beside what was found; on the diagonal its probabilities are right."""
    largest = max(one.found.num for one in trust.bins)
    drawn = [f'<line class="plain" x1="{_x(0)}" y1="{_y(0)}" x2="{_x(1)}" y2="{_y(1)}"/>']
    for one in trust.bins:
        if one.found.value is None:
            continue
        if one.found.low is not None and one.found.high is not None:
            x = f"{_x(one.said):.1f}"
            ends = f'y1="{_y(one.found.low):.1f}" y2="{_y(one.found.high):.1f}"'
            drawn.append(f'<line class="interval" x1="{x}" x2="{x}" {ends}/>')
        drawn.append(_dot(one.said, one.found.value, 3 + 5 * (one.found.num / largest) ** 0.5))
    title = (
        f"What {trust.check} said beside what was found: {len(trust.bins)} groups of pictures, "
        f"off by {100 * trust.off_by:.0f} points on average."
    )
    return _frame(title, "probability that was said", "share found right", drawn)


def cost_plot(costs: Sequence[tuple[str, Estimate]], most: float) -> Markup:
    """Pictures to draw for one that is accepted, by what was asked; longer is dearer.

    Args:
        costs: kinds with their number of pictures; no value where none was accepted.
        most: number at the right end; what is over it runs out of the plot.
    """
    row, top = 44, 8
    height = top + row * len(costs) + 34
    drawn = [
        f'<line class="grid" x1="{_cost_x(tick, most):.1f}" x2="{_cost_x(tick, most):.1f}" '
        f'y1="{top}" y2="{height - 34}"/>'
        f'<text class="tick" x="{_cost_x(tick, most):.1f}" y="{height - 18}" '
        f'text-anchor="{"end" if tick == most else "middle"}">{tick:g}</text>'
        for tick in _cost_ticks(most)
    ]
    for number, (kind, estimate) in enumerate(costs):
        drawn.append(_cost_row(kind, estimate, most, top + row * number))
    drawn.append(
        f'<text class="label" x="{WIDTH / 2}" y="{height - 3}" text-anchor="middle">'
        "pictures drawn for one accepted</text>"
    )
    title = "Pictures drawn for one that is accepted, by what was asked."
    return _svg(title, WIDTH, height, drawn)


def _cost_row(kind: str, estimate: Estimate, most: float, y: float) -> str:
    middle, start = y + 28, _cost_x(0, most)
    parts = [f'<text class="name" x="4" y="{y + 15}">{escape(kind)}</text>']
    if estimate.value is None:
        least = f", over {estimate.low:.1f}" if estimate.low else ""
        parts.append(
            f'<text class="none" x="{WIDTH - 4}" y="{y + 15}" text-anchor="end">'
            f"none accepted{least}</text>"
        )
        begins = _cost_x(estimate.low or most, most)
        parts.append(
            f'<line class="open" x1="{begins:.1f}" x2="{WIDTH - 4}" y1="{middle}" y2="{middle}"/>'
        )
        return "".join(parts)
    end = _cost_x(estimate.value, most)
    low, high = estimate.low or estimate.value, estimate.high or most
    parts.append(
        f'<text class="none" x="{WIDTH - 4}" y="{y + 15}" text-anchor="end">'
        f"{estimate.value:.1f}</text>"
        f'<rect class="fill" x="{start}" width="{end - start:.1f}" y="{middle - 6}" height="12"/>'
        f'<line class="interval" x1="{_cost_x(low, most):.1f}" x2="{_cost_x(high, most):.1f}" '
        f'y1="{middle}" y2="{middle}"/>'
    )
    return "".join(parts)


def _cost_x(value: float, most: float) -> float:
    return 4 + (WIDTH - 8) * min(1.0, value / most)


def _cost_ticks(most: float) -> list[float]:
    step = next(one for one in (1, 2, 5, 10, 20, 50, 100, 10**9) if most / one <= MOST_COST_TICKS)
    return [float(tick) for tick in range(0, int(most) + 1, step)]


def _frame(title: str, across: str, up: str, drawn: Iterable[str]) -> Markup:
    """A square plot of shares against shares, with its axes."""
    parts: list[str] = []
    for tick in TICKS:
        parts += [
            f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" '
            f'y1="{_y(tick)}" y2="{_y(tick)}"/>',
            f'<text class="tick" x="{LEFT - 6}" y="{_y(tick) + 4}" text-anchor="end">'
            f"{tick:.0%}</text>",
            f'<text class="tick" x="{_x(tick)}" y="{HEIGHT - BOTTOM + 17}" '
            f'text-anchor="{"end" if tick == 1 else "middle"}">{tick:.0%}</text>',
        ]
    middle = (TOP + HEIGHT - BOTTOM) / 2
    parts += [
        f'<text class="label" x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 8}" '
        f'text-anchor="middle">{escape(across)}</text>',
        f'<text class="label" x="12" y="{middle}" text-anchor="middle" '
        f'transform="rotate(-90 12 {middle})">{escape(up)}</text>',
    ]
    return _svg(title, WIDTH, HEIGHT, [*parts, *drawn])


def _svg(title: str, width: float, height: float, drawn: Iterable[str]) -> Markup:
    return Markup(
        f'<svg class="plot" viewBox="0 0 {width} {height}" role="img" '
        f'aria-label="{escape(title)}">{"".join(drawn)}</svg>'
    )


def _dot(x: float, y: float, radius: float) -> str:
    return f'<circle class="dot" cx="{_x(x):.1f}" cy="{_y(y):.1f}" r="{radius:.1f}"/>'


def _x(share: float) -> float:
    return LEFT + share * (WIDTH - LEFT - RIGHT)


def _y(share: float) -> float:
    return HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM)
