"""The report as a page, as Markdown and as JSON."""

import json
import re
from dataclasses import replace
from datetime import date
from html.parser import HTMLParser
from pathlib import Path

import pytest
from painted_limner import painted_studio

from limner.core.errors import BadInput
from limner.core.settings import read_settings
from limner.evals.intervals import Estimate
from limner.evals.specification import Asked
from limner.evals.suite import Aspect, Case, Suite
from limner.faces.report.markdown import report_markdown
from limner.faces.report.page import report_page
from limner.faces.report.telling import interval, percent
from limner.faces.report.writing import report_file, write_report
from limner.studio.eval_judging import Checks
from limner.studio.eval_report import pictures_of, report_on
from limner.studio.eval_runs import begin_run, draw_run
from limner.testing import PaintedGenerator

WHOLE = Path(__file__).parents[3] / "assets" / "whole.yaml"
PROMPT = "two <b>things</b> | of tin"
SUITE = Suite(
    name="own",
    version="1",
    question="Does it count?",
    owner="Design",
    review_by=date(2027, 1, 1),
    seeds=(5, 9, 11, 12),
    checks=("integrity", "count"),
    aspects={Aspect.REASONING: ("count",)},
    ways=(),
    cases=(
        Case(id="one", asked=Asked(prompt="one thing", concept="x", count=1)),
        Case(id="two", asked=Asked(prompt=PROMPT, concept="x", count=2)),
    ),
)


@pytest.mark.parametrize(
    ("value", "told"),
    [(None, "—"), (0, "0 %"), (0.00001, "0.1 %"), (0.5, "50 %"), (0.9974, "99.7 %"),
     (0.99996, "99.9 %"), (1, "100 %")],
)  # fmt: skip
def test_a_share_is_never_rounded_to_all_or_none(value, told):
    assert percent(value) == told


def test_an_interval_that_leaves_out_all_says_so():
    assert interval(Estimate(value=0.9, low=0.5, high=0.998, num=9)) == "50 to 99.8 %"


@pytest.fixture(scope="module")
def studio(tmp_path_factory):
    settings = read_settings(
        default_home=tmp_path_factory.mktemp("home"),
        environment={"LIMNER_CRITERIA": str(WHOLE), "LIMNER_MARK": "false"},
    )
    with painted_studio(settings, PaintedGenerator()) as opened:
        yield opened


@pytest.fixture(scope="module")
def report(studio):
    checks = Checks(studio.parts)
    runs = [begin_run(studio.parts, SUITE, checks) for _ in range(2)]
    for run in runs:
        draw_run(studio.parts, run, checks)
    return report_on(studio.parts, runs[1], against=runs[0])


@pytest.fixture(scope="module")
def page(studio, report):
    return report_page(report, pictures_of(studio.parts, report))


class Links(HTMLParser):
    """Every id, every address, every number of a picture."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.addresses: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name == "id":
                self.ids.append(value or "")
            if name in ("href", "src"):
                self.addresses.append(value or "")


def test_the_page_needs_nothing_from_outside(page):
    assert all(one.startswith(("#", "data:image/webp;base64,")) for one in Links(page).addresses)


def test_every_link_leads_to_something_on_the_page(page):
    found = Links(page)
    anchors = {one[1:] for one in found.addresses if one.startswith("#")}
    assert anchors - set(found.ids) == set()


def test_no_place_has_two_names_alike(page):
    ids = Links(page).ids
    assert len(ids) == len(set(ids))


def test_a_number_leads_to_its_pictures(page):
    place = page.index('id="check-count"')
    assert page[place : page.index("</details>", place)].count("<use") == 8


def test_a_picture_is_in_the_page_once_however_often_it_is_shown(page):
    assert len(re.findall(r"<image ", page)) == 8


def test_a_prompt_cannot_become_markup(page):
    assert "two &lt;b&gt;things&lt;/b&gt;" in page
    assert "<b>things" not in page


def test_an_aspect_nobody_measured_says_so(page):
    assert re.search(r"<h3>fairness</h3>\s*<p>not measured</p>", page)


def test_what_failed_comes_before_the_numbers(page):
    assert page.index('id="worst"') < page.index('id="checks"')


def test_a_report_that_is_post_hoc_says_so(studio, report):
    told = report_page(replace(report, is_post_hoc=True), pictures_of(studio.parts, report))
    assert "Post hoc: the criteria this run is held to were frozen after it began" in told


def test_a_run_that_is_not_at_its_end_says_so(studio, report):
    told = report_page(replace(report, is_whole=False), pictures_of(studio.parts, report))
    assert "Not at its end" in told


def test_markdown_keeps_a_prompt_in_its_column(report):
    line = next(one for one in report_markdown(report).splitlines() if "of tin" in one)
    assert len(re.findall(r"(?<!\\)\|", line)) == 4


def test_markdown_says_every_check_with_its_interval(report):
    assert "| count | 50 % |" in report_markdown(report)


def test_json_is_the_document_of_the_report(studio, report, tmp_path):
    file = write_report(studio.parts, report, tmp_path / "out.json")
    assert json.loads(file.read_text()) == json.loads(json.dumps(report.to_document()))


def test_a_file_that_is_there_is_not_overwritten(studio, report, tmp_path):
    (tmp_path / "out.md").write_text("mine")
    with pytest.raises(BadInput, match="is there already"):
        write_report(studio.parts, report, tmp_path / "out.md")


def test_a_file_that_is_there_is_overwritten_when_asked(studio, report, tmp_path):
    (tmp_path / "out.md").write_text("mine")
    write_report(studio.parts, report, tmp_path / "out.md", overwrite=True)
    assert (tmp_path / "out.md").read_text().startswith("# Does it count?")


def test_a_folder_gets_a_page_named_after_the_run(tmp_path):
    assert report_file(tmp_path, "run-1") == tmp_path / "report-run-1.html"


def test_an_unknown_suffix_is_refused():
    with pytest.raises(BadInput, match=r"ends in '.pdf'; allowed are .html, .md, .json"):
        report_file(Path("out.pdf"), "run-1")
