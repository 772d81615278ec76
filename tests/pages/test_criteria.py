"""The Criteria page: what is asked, and what a candidate would change before it is frozen."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from axe_playwright_python.sync_playwright import Axe
from pages.cards import draw_one
from pages.conftest import Open
from pages.served import CRITERIA, Served
from playwright.sync_api import Page, expect

from limner.testing import PaintedGenerator


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A studio with three released images."""
    home: Path = tmp_path_factory.mktemp("criteria") / "home"
    with Served(home, PaintedGenerator()) as served:
        for seed in (1, 2, 3):
            draw_one(served.studio, "a red fox", seed)
        yield served


def stricter() -> str:
    """The criteria in force, but nothing is sharp enough and a person is asked."""
    document = yaml.safe_load(CRITERIA.read_text())
    sharp = next(one for one in document["criteria"] if one["id"] == "sharp")
    sharp.update(limits={"pass_at": 2.0, "fail_at": -1.0}, unsure="hold")
    return yaml.safe_dump(document)


def look_back(page: Page, text: str) -> None:
    page.get_by_label("The candidate").fill(text)
    page.get_by_label("The candidate").press("Control+Enter")
    page.locator(".previewed").wait_for()


def test_every_criterion_stands_with_its_limits_and_consequences(open_page: Open, served: Served):
    row = open_page("/criteria").locator(".asked tbody tr", has_text="Is it sharp?")
    expect(row.locator(".badge")).to_have_text(["warn", "warn", "hold"])
    expect(row).to_contain_text("0.3 / 0.22")


def test_a_candidate_shows_what_would_be_held(open_page: Open, served: Served):
    page = open_page("/criteria", scopes=("operator",))
    look_back(page, stricter())
    expect(page.locator(".moves .moved")).to_have_text("3")
    expect(page.locator(".changed")).to_have_count(3)


def test_the_criteria_in_force_change_nothing(open_page: Open, served: Served):
    page = open_page("/criteria", scopes=("operator",))
    look_back(page, CRITERIA.read_text())
    expect(page.locator(".previewed")).to_contain_text("No image would be decided otherwise.")


def test_a_file_goes_before_the_text(open_page: Open, served: Served):
    page = open_page("/criteria", scopes=("operator",))
    page.get_by_label("Or a file").set_input_files(
        {"name": "new.yaml", "mimeType": "text/yaml", "buffer": stricter().encode()}
    )
    page.get_by_role("button", name="Look back").click()
    expect(page.locator(".moves .moved")).to_have_text("3")


def test_a_requester_looks_back_at_nothing_of_others(open_page: Open, served: Served):
    page = open_page("/criteria")
    look_back(page, stricter())
    expect(page.locator(".previewed h3")).to_contain_text("0 images")


def test_what_is_wrong_with_a_candidate_is_said(open_page: Open, served: Served):
    page = open_page("/criteria", scopes=("operator",))
    page.get_by_label("The candidate").fill(stricter().replace("owner:", "onwer:"))
    page.get_by_role("button", name="Look back").click()
    expect(page.locator("#fault")).to_contain_text("onwer: this key is not known")


def test_an_operator_freezes_the_candidate(open_page: Open, served: Served):
    page = open_page("/criteria", scopes=("operator",))
    look_back(page, stricter())
    page.get_by_role("button", name="Freeze this candidate").click()
    expect(page.locator("#frozen")).to_contain_text("pages is frozen.")


def test_a_requester_cannot_freeze(open_page: Open, served: Served):
    page = open_page("/criteria")
    look_back(page, stricter())
    assert page.get_by_role("button", name="Freeze this candidate").count() == 0
    freeze = "fetch('/criteria/freeze', {method: 'POST'}).then((answer) => answer.status)"
    assert page.evaluate(freeze) == 403


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(open_page: Open, served: Served, scheme: str):
    page = open_page("/criteria", scopes=("operator",), color_scheme=scheme, bypass_csp=True)
    look_back(page, stricter())
    results = Axe().run(page)
    assert results.violations_count == 0, results.generate_report()


def test_nothing_is_wider_than_a_phone(open_page: Open, served: Served):
    page = open_page("/criteria", scopes=("operator",), viewport={"width": 390, "height": 844})
    look_back(page, stricter())
    assert page.evaluate("() => document.documentElement.scrollWidth") <= 390
