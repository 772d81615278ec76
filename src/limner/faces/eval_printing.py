"""What `limner eval` prints: runs, their numbers with intervals, and two runs beside each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from limner.evals.comparison import NUM_RESAMPLES
from limner.evals.measuring import weakest_slices
from limner.faces.printing import note, say

if TYPE_CHECKING:
    from limner.core.runs import Run
    from limner.evals.comparison import Difference
    from limner.evals.intervals import Estimate
    from limner.evals.measuring import Metric
    from limner.evals.suite import Suite
    from limner.studio.eval_compare import Compared
    from limner.studio.eval_report import Report
    from limner.studio.eval_runs import Rescored

LINE_CELLS = 30
NUM_WEAKEST = 6
WORST_SHOWN = 5


def say_begun(run: Run, suite: Suite, num_done: int, detectable: Mapping[str, float]) -> None:
    """What is about to be drawn, and what a comparison by it could see."""
    note(
        f"{run.run_id}: {suite.name}, {_count(len(suite.cases), 'case')} with "
        f"{_count(len(suite.seeds), 'seed')}, {_count(suite.num_pictures, 'picture')} "
        f"by {run.model}"
    )
    if num_done:
        note(f"Going on where it stopped: {num_done} of {len(suite.cases)} cases are done.")
    else:
        note(f"Said beforehand: {seen_sentence(detectable)}")


def seen_sentence(detectable: Mapping[str, float]) -> str:
    """What a comparison could see, in one sentence."""
    if not detectable:
        return "no check asks anything of these cases, so a comparison could see nothing."
    best, worst = min(detectable.values()), max(detectable.values())
    points = _points(best) if best == worst else f"{_points(best)} to {_points(worst)}"
    return (
        f"comparing two such runs would call a difference of {points} points, by check, in 4 of 5 "
        "cases; smaller ones would mostly not be seen."
    )


def say_run_line(run: Run, num_pictures: int, num_wanted: int) -> None:
    """One run in one line."""
    state = "whole" if num_pictures == num_wanted else f"{num_pictures} of {num_wanted}"
    say(f"{run.run_id}  {run.started_at:%Y-%m-%d %H:%M}  {run.suite:<16} {run.model:<20} {state}")


def say_metrics(metrics: Sequence[Metric]) -> None:
    """Every number of a run, with its interval drawn on a line from 0 to 100 %."""
    width = max((len(one.check) for one in metrics), default=5)
    say(f"  {'check':<{width}}  passed  95 % interval   pictures  prompts")
    for one in metrics:
        say(
            f"  {one.check:<{width}}  {_percent(one.estimate.value):>6}  "
            f"{_interval(one.estimate):<15} {one.estimate.num:>8,} {one.num_prompts:>8,}  "
            f"{_line(one.estimate)}{_unjudged(one)}"
        )


def say_report(report: Report) -> None:
    """A run for a person: its numbers, then where it is weakest."""
    run, suite = report.run, report.suite
    say(f"{run.run_id}: {suite.question}")
    say(f"{suite.name} version {suite.version}, {run.model}, {run.started_at:%Y-%m-%d %H:%M} UTC")
    if not report.is_whole:
        say(f"NOT AT ITS END: {report.num_pictures} of {suite.num_pictures} pictures.")
    if report.is_post_hoc:
        say("POST HOC: the criteria it is held to were frozen after it began, or never.")
    say("")
    say_metrics(report.metrics)
    weakest = weakest_slices(report.metrics, NUM_WEAKEST)
    if weakest:
        say("")
        say("Weakest groups, by the upper end of the interval")
        for check, part in weakest:
            said = f"{check} where {part.name} is {part.value}"
            say(f"  {said:<52} {_percent(part.estimate.value):>6}  {_interval(part.estimate)}")
    for fault, num in report.faults.items():
        say(f"{_count(num, 'picture')} not drawn: {fault}")
    if report.num_corrected:
        say(f"{_count(report.num_corrected, 'score')} corrected by people.")
    _say_worst(report)
    say("")
    say(f"Not measured by this suite: {', '.join(report.not_measured) or 'nothing'}.")


def say_rescored(run: Run, found: Rescored) -> None:
    """What scoring again came to."""
    say(f"{run.run_id}: {_count(found.num_scores, 'score')} made again, nothing was drawn.")
    if not found.num_changed:
        say("Every one that the same check gave before came out the same.")
    else:
        say(f"{found.num_changed:,} DIFFER from what the same check said; they were added.")
    if found.num_new:
        say(f"{_count(found.num_new, 'score')} by checks that did not judge before; added.")
    if found.num_lost:
        say(f"{_count(found.num_lost, 'picture')} not stored any more; old scores stay.")


def say_compared(compared: Compared, suite: Suite) -> None:
    """Two runs beside each other."""
    say(f"{suite.name}: {suite.question}")
    for word, run in (("first", compared.first), ("second", compared.second)):
        say(
            f"  {word:<7} {run.model:<20} {run.model_sha256[7:15]}  {run.run_id}  "
            f"{run.started_at:%Y-%m-%d %H:%M} UTC"
        )
    say(
        f"{_count(len(suite.cases), 'prompt')} with {_count(len(suite.seeds), 'seed')}, the same "
        "for both. Differences are second minus first, in points, with 95 % intervals over"
    )
    say(
        f"prompts; p-values are by {NUM_RESAMPLES:,} changes of signs of prompts, drawn by chance, "
        "and corrected for"
    )
    say("the number of checks (Holm).")
    say("")
    width = max((len(name) for name in compared.differences), default=5)
    say(
        f"  {'check':<{width}}  {'first':>6} {'second':>6}  {'differ':>6}  {'interval':<14} "
        f"{'p':>6}  {'seen from':>9}"
    )
    for name, one in compared.differences.items():
        say(_difference_line(name, one, compared.detectable[name], width))
    if compared.not_compared:
        say(f"  Not compared, as one run has no verdict of it: {', '.join(compared.not_compared)}.")
    say("")
    for word, winners in (
        ("first", compared.first_against_itself),
        ("second", compared.second_against_itself),
    ):
        told = "no winner, as it should be" if not winners else f"ALARM, wins by {_all(winners)}"
        say(f"The {word} run against itself, its seeds split by chance: {told}.")


def _difference_line(name: str, one: Difference, detectable: float, width: int) -> str:
    change = one.difference
    told = "no difference shown" if one.winner is None else f"the {one.winner} is better"
    return (
        f"  {name:<{width}}  {_percent(one.first):>6} {_percent(one.second):>6}  "
        f"{_signed(change.value):>6}  {_signed_interval(change):<14} {_p(one.adjusted_p):>6}  "
        f"{_points(detectable):>9}  {told}"
    )


def _say_worst(report: Report) -> None:
    if not report.worst:
        return
    say("")
    say("Worst cases")
    for one in report.worst[:WORST_SHOWN]:
        failed = sorted({name for picture in one.pictures for name in picture.failed})
        say(
            f"  {one.case.id:<40} {one.num_failed} of {one.num_judged} answers are no pass: "
            f"{', '.join(failed)}"
        )


def _count(num: int, thing: str) -> str:
    return f"{num:,} {thing}" + ("" if num == 1 else "s")


def _all(names: Sequence[str]) -> str:
    return ", ".join(names)


def _percent(value: float | None) -> str:
    return "none" if value is None or value != value else f"{100 * value:.1f}%"


def _points(value: float) -> str:
    return f"{100 * value:.1f}"


def _signed(value: float | None) -> str:
    return "none" if value is None else f"{100 * value:+.1f}"


def _interval(estimate: Estimate) -> str:
    if estimate.low is None or estimate.high is None:
        return ""
    return f"{100 * estimate.low:.1f} to {100 * estimate.high:.1f}"


def _signed_interval(estimate: Estimate) -> str:
    if estimate.low is None or estimate.high is None:
        return ""
    return f"{100 * estimate.low:+.1f} to {100 * estimate.high:+.1f}"


def _p(value: float) -> str:
    return f"{value:.3f}" if value >= 0.001 else "<0.001"


def _line(estimate: Estimate) -> str:
    if estimate.value is None or estimate.low is None or estimate.high is None:
        return ""
    low, value, high = (
        round(one * (LINE_CELLS - 1)) for one in (estimate.low, estimate.value, estimate.high)
    )
    cells = ["━" if low <= k <= high else "┈" for k in range(LINE_CELLS)]
    cells[value] = "●"
    return "".join(cells)


def _unjudged(metric: Metric) -> str:
    return f"  {metric.num_unjudged} could not be judged" if metric.num_unjudged else ""
