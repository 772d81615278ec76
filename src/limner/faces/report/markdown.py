"""The report as Markdown: the same sentences and numbers as the page, without pictures."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from limner.evals.measuring import weakest_slices
from limner.faces.report import telling
from limner.faces.report.telling import interval, percent, points
from limner.studio.eval_report import Report

NUM_WEAKEST = 10


def report_markdown(report: Report) -> str:
    """The report.

    Args:
        report: what it says.
    """
    lines = [*_head(report), *_worst(report), *_numbers(report), *_compared(report)]
    lines += [*_scorecard(report), *_cost(report), *_trust(report), *_aspects(report)]
    lines += [*_claims(report), *_method(report)]
    return "\n".join(lines) + "\n"


def _head(report: Report) -> Iterator[str]:
    run, suite = report.run, report.suite
    yield f"# {_plain(suite.question)}"
    yield ""
    yield (
        f"{_plain(run.model)} on the suite `{suite.name}` version {_plain(suite.version)}: "
        f"{len(suite.cases):,} prompts with {len(suite.seeds)} seeds, drawn "
        f"{run.started_at:%Y-%m-%d %H:%M} UTC."
    )
    yield ""
    yield from (f"> **{one}**  " for one in telling.warnings(report))
    yield ""
    yield from (f"- {one}" for one in (*telling.summary(report), *telling.faults(report)))


def _worst(report: Report) -> Iterator[str]:
    if not report.worst:
        return
    yield from ("", "## What failed most", "")
    rows = (
        (
            _plain(one.case.asked.prompt),
            f"{one.num_failed} of {one.num_judged}",
            ", ".join(sorted({name for each in one.pictures for name in each.failed})),
        )
        for one in report.worst
    )
    yield from _table(("prompt", "answers no pass", "checks"), rows)


def _numbers(report: Report) -> Iterator[str]:
    yield from ("", "## What was measured", "")
    rows = (
        (
            one.check,
            percent(one.estimate.value) if one.estimate.value is not None else "not measured",
            interval(one.estimate),
            f"{one.estimate.num:,}",
            f"{one.num_prompts:,}",
        )
        for one in report.metrics
    )
    yield from _table(("check", "passed", "95 % interval", "pictures", "prompts"), rows)
    yield from ("", "## Where it is weak", "")
    weak = (
        (
            check,
            _plain(f"{part.name} {part.value}"),
            percent(part.estimate.value),
            interval(part.estimate),
            str(part.num_prompts),
        )
        for check, part in weakest_slices(report.metrics, NUM_WEAKEST)
    )
    yield from _table(("check", "group", "passed", "95 % interval", "prompts"), weak)


def _compared(report: Report) -> Iterator[str]:
    compared = report.compared
    if compared is None:
        return
    yield from ("", "## Compared with an earlier run", "")
    for word, run in (("First", compared.first), ("second", compared.second)):
        yield f"{word}: {_plain(run.model)} `{run.model_sha256[7:15]}` ({run.run_id})."
    yield ""
    rows = (
        (
            name,
            percent(one.first),
            percent(one.second),
            points(one.difference.value),
            ""
            if one.difference.low is None
            else f"{points(one.difference.low)} to {points(one.difference.high)}",
            f"{100 * compared.detectable[name]:.0f}",
            "not shown" if one.winner is None else f"the {one.winner} is better",
        )
        for name, one in compared.differences.items()
    )
    header = ("check", "first", "second", "points", "95 % interval", "seen from", "so")
    yield from _table(header, rows)
    if compared.not_compared:
        names = ", ".join(compared.not_compared)
        yield from ("", f"Not compared, as one run has no verdict of it: {names}.")
    alarms = (*compared.first_against_itself, *compared.second_against_itself)
    yield ""
    yield (
        "Each run against itself: no winner, as it should be."
        if not alarms
        else f"**Alarm: a run wins against itself by {', '.join(alarms)}.**"
    )


def _scorecard(report: Report) -> Iterator[str]:
    yield from ("", "## Scorecard", "")
    rows = (
        (
            str(axis),
            fact.name,
            telling.fact_value(fact),
            telling.fact_interval(fact),
            fact.run or _plain(fact.note),
        )
        for axis, facts in report.axes.items()
        for fact in facts
    )
    yield from _table(("axis", "fact", "value", "95 % interval", "from"), rows)


def _cost(report: Report) -> Iterator[str]:
    costs = telling.costs(report)
    if not costs:
        return
    yield from ("", "## What an accepted picture costs", "")
    rows = (
        (
            kind,
            "none accepted" if one.value is None else f"{one.value:.1f}",
            ""
            if one.low is None
            else f"{one.low:.1f} to " + ("any number" if one.high is None else f"{one.high:.1f}"),
        )
        for kind, one in costs
    )
    yield from _table(("asked", "pictures drawn for one", "95 % interval"), rows)


def _trust(report: Report) -> Iterator[str]:
    yield from ("", "## How far its checks can be trusted", "")
    if not report.trust:
        yield "Not measured: no probability of a check in this run has a truth beside it."
    for one in report.trust:
        yield (
            f"- {one.check}: off by {100 * one.off_by:.0f} points on average "
            f"({one.num_pictures:,} pictures, {one.num_by_people} by people)."
        )


def _aspects(report: Report) -> Iterator[str]:
    yield from ("", "## Twelve aspects", "")
    rows = (
        (
            str(aspect),
            "; ".join(
                f"{one.name} {one.told}"
                + (f" ({one.interval})" if one.interval else "")
                + (f", {one.suite}" if one.suite else "")
                for one in found
            )
            or "not measured",
        )
        for aspect, found in telling.aspects(report).items()
    )
    yield from _table(("aspect", "measured"), rows)


def _claims(report: Report) -> Iterator[str]:
    yield from ("", "## What its maker claims", "")
    if not report.claims:
        yield "The registry has no claim of the maker about exactly this model."
        return
    rows = (
        (
            _plain(one.claim.text),
            f"{_plain(one.claim.source)}, {one.claim.said_on.isoformat()}",
            "nothing"
            if one.measured is None
            else f"{percent(one.measured.value)} ({interval(one.measured)})",
            str(one.verdict),
        )
        for one in report.claims
    )
    yield from _table(("claim", "source", "measured here", "so"), rows)


def _method(report: Report) -> Iterator[str]:
    run = report.run
    yield from ("", "## How it was measured", "")
    for name, value in (
        ("run", run.run_id),
        ("model", run.model_sha256),
        ("suite", run.suite_sha256),
        ("checks", report.checks_sha256),
        ("criteria", report.criteria_sha256 or "none"),
        ("results", report.results_sha256),
    ):
        yield f"- {name} `{value}`"


def _table(header: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    yield f"| {' | '.join(header)} |"
    yield "|" + "---|" * len(header)
    for row in rows:
        yield f"| {' | '.join(row)} |"


def _plain(text: str) -> str:
    """Text of others, so that it is neither markup nor a column of a table."""
    return "".join(f"\\{one}" if one in "\\`*_[]<>|#" else one for one in text.replace("\n", " "))
