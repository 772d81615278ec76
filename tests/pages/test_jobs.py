"""The Jobs page: states, reasons, and steering, of one's own jobs only."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from pages.conftest import Open
from pages.served import Served
from playwright.sync_api import expect

from limner.core.records import Request
from limner.testing import PaintedGenerator


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A studio that draws slowly, so that there is time to steer; one prompt always fails."""
    home: Path = tmp_path_factory.mktemp("jobs") / "home"
    with Served(home, PaintedGenerator(seconds_per_step=0.4, faults={13: "flat"})) as served:
        yield served


def ask(served: Served, owner: str, prompt: str = "a red fox", **options) -> str:
    request = Request(prompt=prompt, **{"seed": 1, **options})
    return served.studio.jobs.submit(request, owner=owner).job_id


def test_a_job_is_followed_until_it_is_finished(open_page: Open, served: Served, person: str):
    ask(served, person)
    page = open_page("/jobs")
    line = page.locator("tr", has_text="a red fox")
    expect(line.locator(".badge")).to_have_text("finished")
    expect(line.locator("img")).to_have_count(1)


def test_a_job_is_paused_and_goes_on(open_page: Open, served: Served, person: str):
    ask(served, person, num_images=40)
    page = open_page("/jobs")
    page.get_by_role("button", name="Pause: a red fox").click()
    expect(page.locator("tbody .badge")).to_have_text("paused")
    page.get_by_role("button", name="Go on: a red fox").click()
    expect(page.locator("tbody .badge")).to_have_text("drawing")
    page.get_by_role("button", name="Cancel: a red fox").click()
    expect(page.locator("tbody .badge")).to_have_text("cancelled")


def test_a_cancelled_job_is_tried_again(open_page: Open, served: Served, person: str):
    job_id = ask(served, person, num_images=40)
    served.studio.jobs.cancel(job_id)
    assert served.studio.jobs.wait(job_id, timeout_seconds=30).is_over
    page = open_page("/jobs?state=cancelled")
    page.get_by_role("button", name="Try again: a red fox").click()
    expect(page.get_by_role("heading", name="No job stands so")).to_be_visible()
    served.studio.jobs.cancel(job_id)  # the other tests' jobs need the worker


def test_why_a_job_failed_stands_on_its_line(open_page: Open, served: Served, person: str):
    ask(served, person, seed=13)
    page = open_page("/jobs")
    expect(page.locator("tbody .badge.fail")).to_be_visible()
    expect(page.locator(".state-cell p")).to_contain_text("flat")


def test_the_jobs_of_others_are_not_there(open_page: Open, served: Served):
    job_id = ask(served, "somebody-else")
    page = open_page("/jobs")
    assert job_id not in page.content()
    cancel = f"fetch('/jobs/{job_id}/cancel', {{method: 'POST'}}).then((answer) => answer.status)"
    assert page.evaluate(cancel) == 404


def test_an_operator_sees_whose_every_job_is(open_page: Open, served: Served):
    ask(served, "somebody-else")
    page = open_page("/jobs", scopes=("operator",))
    expect(page.locator("tbody tr", has_text="somebody-else").first).to_be_visible()


def test_no_jobs_says_where_to_begin(open_page: Open, served: Served):
    expect(open_page("/jobs").get_by_role("heading", name="No jobs yet")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(open_page: Open, served: Served, person: str, scheme: str):
    ask(served, person)
    page = open_page("/jobs", color_scheme=scheme, bypass_csp=True)
    results = Axe().run(page)
    assert results.violations_count == 0, results.generate_report()


def test_nothing_is_wider_than_a_phone(open_page: Open, served: Served, person: str):
    ask(served, person)
    page = open_page("/jobs", viewport={"width": 390, "height": 844})
    assert page.evaluate("() => document.documentElement.scrollWidth") <= 390
