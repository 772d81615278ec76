"""The report as one HTML page that needs nothing else: no file, no network, no script to be read.

Each picture is in it once and shown by reference wherever a number leads to it, some thousand
times: what is said at each place is kept short.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple, cast

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from limner.evals.measuring import weakest_slices
from limner.evals.suite import Case
from limner.faces.report import plots, telling
from limner.studio.eval_pictures import ShownCase, ShownPicture
from limner.studio.eval_report import Report

FOLDER = Path(__file__).parent
NUM_WEAKEST = 10


class Thumb(NamedTuple):
    """One small picture of the page.

    Attributes:
        number: by which the page refers to it.
    """

    number: int
    case: Case
    picture: ShownPicture

    @property
    def label(self) -> str:
        """What somebody who does not see it is told."""
        told = f"{self.case.asked.prompt}, seed {self.picture.seed}"
        if self.picture.way:
            told += f", drawn {self.picture.way}"
        failed = ", ".join(self.picture.failed)
        return f"{told}: {failed} failed" if failed else told


class Group(NamedTuple):
    """Cases that are reported together, with their pictures."""

    anchor: str
    name: str
    value: str
    thumbs: list[Thumb]


def report_page(report: Report, cases: Sequence[ShownCase]) -> str:
    """The page.

    Args:
        report: what it says.
        cases: with every picture; see `studio.eval_report.pictures_of`.
    """
    thumbs = _thumbs(cases)
    groups = _groups(cases, thumbs)
    costs = telling.costs(report)
    return (
        _environment()
        .get_template("report.html")
        .render(
            report=report,
            run=report.run,
            suite=report.suite,
            cases=cases,
            thumbs=thumbs,
            by_case=_by_case(thumbs),
            places={one.case.id: f"c{number}" for number, one in enumerate(cases)},
            by_check={
                one.check: (
                    [t for t in thumbs if one.check in t.picture.failed],
                    [t for t in thumbs if one.check in t.picture.passed],
                )
                for one in report.metrics
            },
            accepted=(
                [t for t in thumbs if t.picture.is_accepted is False],
                [t for t in thumbs if t.picture.is_accepted],
            ),
            groups=groups,
            anchors={(one.name, one.value): one.anchor for one in groups},
            costs=costs,
            most=telling.most_of(costs),
            reach=telling.reach_of(report.compared),
            weakest=weakest_slices(report.metrics, NUM_WEAKEST),
            style=(FOLDER / "report.css").read_text(encoding="utf-8"),
            tell=telling,
            plots=plots,
        )
    )


def _thumbs(cases: Sequence[ShownCase]) -> list[Thumb]:
    shown = [(one.case, picture) for one in cases for picture in one.pictures]
    return [Thumb(number, case, picture) for number, (case, picture) in enumerate(shown)]


def _by_case(thumbs: Sequence[Thumb]) -> dict[str, list[Thumb]]:
    found: dict[str, list[Thumb]] = {}
    for one in thumbs:
        found.setdefault(one.case.id, []).append(one)
    return found


def _groups(cases: Sequence[ShownCase], thumbs: Sequence[Thumb]) -> list[Group]:
    by_case = _by_case(thumbs)
    found: dict[tuple[str, str], list[Thumb]] = {}
    for one in cases:
        for group in one.case.groups.items():
            found.setdefault(group, []).extend(by_case.get(one.case.id, []))
    return [
        Group(f"group-{number}", name, value, members)
        for number, ((name, value), members) in enumerate(sorted(found.items()))
    ]


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    given = cast(dict[str, object], environment.globals)
    given.update(percent=telling.percent, interval=telling.interval, points=telling.points)
    return environment
