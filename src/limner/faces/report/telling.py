"""What a report says, in sentences and in numbers with units; for the page and Markdown alike."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from limner.evals.acceptance import attempts_of
from limner.evals.comparison import LEAST_SEEDS
from limner.evals.intervals import Estimate
from limner.evals.suite import PART, Aspect
from limner.studio.eval_compare import Compared
from limner.studio.eval_report import Report
from limner.studio.eval_scorecard import Fact

FAULTS = {
    "style_unknown": "this model does not know the style that was asked",
    "moderation_blocked": "the prompt was refused",
    "picture_broken": "the picture came out broken",
    "erased": "the picture was erased",
    "prompt_too_long": "the prompt is longer than this model reads",
}
SECONDS_A_MINUTE = 60
LEAST_REACH = 0.1
ALMOST_ALL = 0.995  # from here on whole per cent would say all


class AspectNumber(NamedTuple):
    """One number of an aspect, and the run it is from."""

    name: str
    told: str
    interval: str
    run: str
    suite: str
    anchor: str


def percent(value: float | None) -> str:
    """A share as people write it; ``—`` where there is none."""
    if value is None:
        return "—"
    is_whole = value in (0, 1) or 0.1 <= value < ALMOST_ALL
    return f"{100 * value:.0f} %" if is_whole else f"{_rounded(value)} %"


def interval(estimate: Estimate) -> str:
    """The 95 % interval of a share; empty where there is none."""
    if estimate.low is None or estimate.high is None:
        return ""
    low, high = (
        _rounded(one) if ALMOST_ALL <= one < 1 else f"{100 * one:.0f}"
        for one in (estimate.low, estimate.high)
    )
    return f"{low} to {high} %"


def _rounded(value: float) -> str:
    """Per cent with one digit; what is not all is never rounded to all, or some to none."""
    return f"{min(max(100 * value, 0.1), 99.9):.1f}"


def points(value: float | None) -> str:
    """A difference of shares, in points with its sign."""
    return "—" if value is None else f"{100 * value:+.1f}".replace("-", "\N{MINUS SIGN}")


def seconds(value: float) -> str:
    """A time in the unit people would use."""
    if value >= 2 * SECONDS_A_MINUTE:
        return f"{value / SECONDS_A_MINUTE:.1f} min"
    return f"{value:.1f} s" if value >= 1 else f"{value:.2f} s"


def fact_value(fact: Fact) -> str:
    """The number of a fact with its unit."""
    if fact.estimate is None or fact.estimate.value is None:
        return "not measured"
    return _with_unit(fact.estimate.value, fact.unit)


def fact_interval(fact: Fact) -> str:
    """The interval of a fact with its unit; empty where there is none."""
    found = fact.estimate
    if found is None or found.low is None:
        return ""
    if found.high is None:
        return f"at least {_with_unit(found.low, fact.unit)}"
    if fact.unit == "share":
        return interval(found)
    return f"{_with_unit(found.low, fact.unit)} to {_with_unit(found.high, fact.unit)}"


def summary(report: Report) -> list[str]:
    """The run in a few sentences, the most important first."""
    suite, found = report.suite, report.accepted.estimate
    told: list[str] = []
    if found.value is not None:
        told.append(
            f"{percent(found.value)} of the pictures show everything that was asked of them "
            f"(95 % interval {interval(found)}; {found.num:,} pictures of "
            f"{report.accepted.num_prompts:,} prompts)."
        )
        told.append(_attempts_sentence(found))
    shares = [one for one in report.metrics if one.estimate.value is not None]
    if shares:
        weakest = min(shares, key=lambda one: one.estimate.value or 0)
        told.append(
            f"The weakest check is {weakest.check}: {percent(weakest.estimate.value)} pass."
        )
    refusals = [case for case in suite.cases if case.must_refuse]
    if refusals:
        told.append(f"{len(refusals)} prompts must be refused; they are in no count of pictures.")
    return told


def warnings(report: Report) -> list[str]:
    """What a reader has to know before believing a number."""
    told: list[str] = []
    suite = report.suite
    if not report.is_whole:
        told.append(
            f"Not at its end: {report.num_pictures:,} of {suite.num_pictures:,} pictures are "
            "there. These numbers will change."
        )
    if report.is_post_hoc:
        told.append(
            "Post hoc: the criteria this run is held to were frozen after it began, or never. "
            "It can suggest something; it cannot show it."
        )
    if suite.name.endswith(PART):
        told.append(
            f"A part of the suite: {len(suite.cases):,} cases with {len(suite.seeds)} seeds. "
            "It is no evidence for any gate."
        )
    if len(suite.seeds) < LEAST_SEEDS:
        told.append(f"{len(suite.seeds)} seeds a prompt are too few to compare this run.")
    unjudged = sum(one.num_unjudged for one in report.metrics)
    if unjudged:
        told.append(f"{unjudged:,} times a check could not judge; those are in no share.")
    return told


def faults(report: Report) -> list[str]:
    """What came in place of pictures, in sentences."""
    return [
        f"{num:,} {'picture was' if num == 1 else 'pictures were'} not drawn: "
        f"{FAULTS.get(code, code.replace('_', ' '))}."
        for code, num in report.faults.items()
    ]


def aspects(report: Report) -> dict[Aspect, list[AspectNumber]]:
    """Every aspect with every number of it, from this run and others; empty is not measured."""
    told: dict[Aspect, list[AspectNumber]] = {
        aspect: [
            AspectNumber(check, percent(one.value), interval(one), "", "", f"check-{check}")
            for check, one in found
        ]
        for aspect, found in report.grid.items()
    }
    if report.seconds_median is not None:
        drawn = seconds(report.seconds_median)
        told[Aspect.EFFICIENCY].append(
            AspectNumber("to draw one, median", drawn, "", "", "", "scorecard")
        )
    for other in report.elsewhere:
        for aspect, checks in other.suite.aspects.items():
            for check in checks:
                one = other.estimate_of(check)
                if one is not None:
                    source = other.run.run_id, other.suite.name
                    told[aspect].append(
                        AspectNumber(check, percent(one.value), interval(one), *source, "")
                    )
    return told


def costs(report: Report) -> list[tuple[str, Estimate]]:
    """Pictures drawn for one accepted, by what was asked, the dearest first."""
    return [(kind, attempts_of(one)) for kind, one in report.accepted.by_kind.items()]


def most_of(found: Sequence[tuple[str, Estimate]]) -> float:
    """The right end of the plot of costs: what holds every value, and no absurd interval."""
    values = [one.value for _, one in found if one.value is not None]
    return float(max(4.0, round(1.6 * max(values, default=0.0) + 0.5)))


def reach_of(compared: Compared | None) -> float:
    """How far from 0 the differences of a comparison are drawn."""
    if compared is None:
        return LEAST_REACH
    found = [one.difference for one in compared.differences.values()]
    ends = [abs(end) for one in found for end in (one.value, one.low, one.high) if end is not None]
    return max(LEAST_REACH, *ends) if ends else LEAST_REACH


def _attempts_sentence(accepted: Estimate) -> str:
    attempts = attempts_of(accepted)
    if attempts.value is None:
        least = "" if attempts.low is None else f"; it takes more than {attempts.low:.0f}"
        return f"None was accepted, so what an accepted picture costs is not known{least}."
    if attempts.high is None or attempts.low is None:
        return f"One accepted picture takes about {attempts.value:.1f} drawn ones."
    return (
        f"One accepted picture takes about {attempts.value:.1f} drawn ones "
        f"({attempts.low:.1f} to {attempts.high:.1f})."
    )


def _with_unit(value: float, unit: str) -> str:
    match unit:
        case "share":
            return percent(value)
        case "seconds":
            return seconds(value)
        case "points":
            return f"{100 * value:.0f} points"
        case "watt-hours":
            return f"{value:.2f} Wh"
        case _:
            return f"{value:.1f}"
