"""The Evidence and Models pages: runs, comparisons, and a version on its way through gates."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from pages.conftest import Open
from pages.served import Served
from playwright.sync_api import Page, expect
from registries import GOOD, SUITE, Registry

from limner.core.models import Stage
from limner.core.runs import Run
from limner.studio.eval_judging import Checks
from limner.studio.eval_runs import begin_run, draw_run
from limner.studio.promoting import promote
from limner.studio.registry import find_version
from limner.studio.side_by_side import open_study
from limner.studio.suite_file import read_suite
from limner.testing import PaintedGenerator

LONG = SUITE.replace("name: own", "name: long") + "".join(
    f"  - {{id: case-{k}, prompt: {k} things, concept: x, count: 1}}\n" for k in range(500)
)
"""A suite that is not drawn before somebody has stopped it."""


class ServedRegistry(Served):
    """A server on a registry that a test can fill."""

    def __init__(self, registry: Registry) -> None:
        self.registry = registry
        super().__init__(registry.home, PaintedGenerator())

    def _parts(self, painter):
        self.registry.open()
        return self.registry.parts

    def stage_of(self, label: str) -> Stage:
        return find_version(self.registry.parts, label).stage


def run_own(registry: Registry) -> Run:
    """A whole run of the registry's own suite by what came with the install."""
    suite = read_suite(str(registry.home / "suites" / "own.yaml"))
    checks = Checks(registry.parts)
    run = begin_run(registry.parts, suite, checks)
    draw_run(registry.parts, run, checks)
    return run


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedRegistry]:
    registry = Registry(tmp_path_factory.mktemp("evidence") / "home")
    (registry.home / "suites" / "long.yaml").write_text(LONG)
    with ServedRegistry(registry) as served:
        served.runs = [run_own(registry), run_own(registry)]
        yield served


@pytest.fixture
def operator(open_page: Open) -> Page:
    return open_page("/evidence", scopes=("operator",))


def evaluated(served: ServedRegistry, version: str, numbers=GOOD) -> str:
    """Address of a version that is evaluated, with evidence."""
    state = served.registry.propose(version)
    served.registry.measure(state, numbers)
    promote(served.registry.parts, state.version.label, by="Ada")
    return f"{served.address}/models/{state.version.sha256}"


def test_two_runs_are_chosen_and_compared_with_their_intervals(operator: Page):
    operator.get_by_role("button", name="Compare the two").click()
    expect(operator.locator("h1")).to_have_text("Two runs compared")
    expect(operator.locator("svg.interval-bar")).to_have_count(2)
    expect(operator.locator("main")).to_contain_text("no difference shown")
    expect(operator.locator("main")).to_contain_text("no winner, as it should be")


def test_a_run_is_not_compared_with_itself(open_page: Open, served: ServedRegistry):
    run_id = served.runs[0].run_id
    page = open_page(f"/evidence/compare?first={run_id}&second={run_id}", scopes=("operator",))
    expect(page.locator("main")).to_contain_text("Two different runs of one suite are needed")


def test_a_number_leads_to_its_pictures(operator: Page, served: ServedRegistry):
    operator.goto(f"{served.address}/evidence/{served.runs[0].run_id}")
    row = operator.get_by_role("row").filter(has_text="count").first
    row.get_by_role("link").click()
    expect(operator.locator("figure.shot img")).to_have_count(4)
    operator.get_by_label("What it said").select_option("failed")
    operator.get_by_role("button", name="Find").click()
    expect(operator.get_by_role("heading", name="No picture is like that")).to_be_visible()


def test_an_aspect_nobody_measured_says_so(operator: Page, served: ServedRegistry):
    operator.goto(f"{served.address}/evidence/{served.runs[0].run_id}")
    expect(operator.locator(".aspects li")).to_have_count(12)
    expect(operator.locator(".aspects li.unmeasured").first).to_contain_text("not measured")


def test_the_report_is_taken_along_as_one_file(
    operator: Page, served: ServedRegistry, tmp_path: Path
):
    operator.goto(f"{served.address}/evidence/{served.runs[0].run_id}")
    with operator.expect_download() as download:
        operator.get_by_role("link", name="Report to keep").click()
    file = tmp_path / download.value.suggested_filename
    download.value.save_as(file)
    assert file.name == f"report-{served.runs[0].run_id}.html"
    assert "data:image/webp" in file.read_text()


def test_a_study_is_begun_answered_blindly_and_ranked(operator: Page, served: ServedRegistry):
    operator.get_by_role("button", name="Compare the two").click()
    operator.get_by_role("button", name="Let people compare them blindly").click()
    answered = 0
    while operator.get_by_role("heading", name="You have seen every pair").count() == 0:
        expect(operator.locator(".study img")).to_have_count(2)
        assert not any(one.run_id in operator.content() for one in served.runs)
        number = operator.locator("[name=number]").get_attribute("value")
        operator.keyboard.press("1")
        expect(operator.locator(f"[name=number][value='{number}']")).to_have_count(0)
        answered += 1
    operator.get_by_role("link", name="Ranking").click()
    expect(operator.locator("main")).to_contain_text(f"{answered} answers by 1 people")
    expect(operator.locator("section:has(#ranking-title) svg.interval-bar")).to_have_count(2)
    operator.goto(served.address + "/evidence/studies")
    expect(operator.get_by_role("row").last).to_contain_text(f"{answered} of {answered}")


def test_a_suite_is_run_from_the_page_by_a_worker(operator: Page, served: ServedRegistry):
    operator.get_by_role("combobox", name="Suite").select_option("own")
    operator.get_by_role("spinbutton", name="Prompts").fill("1")
    operator.get_by_role("button", name="Run it").click()
    expect(operator.locator("#run-lines tbody tr")).to_have_count(0)
    run = served.registry.parts.store.runs.newest()[0]
    expect(operator.get_by_role("link", name=run.run_id)).to_be_visible()  # nobody has to reload


def test_stored_pictures_are_judged_again_from_the_page(operator: Page, served: ServedRegistry):
    run_id = served.runs[0].run_id
    operator.goto(f"{served.address}/evidence/{run_id}")
    operator.get_by_role("button", name="Judge its pictures again").click()
    expect(operator.get_by_role("heading", name="Run a suite")).to_be_visible()
    jobs = served.registry.parts.store.run_jobs
    assert jobs.find(run_id).task == "score"


def test_a_run_is_stopped_and_gone_on_with_where_it_stood(operator: Page, served: ServedRegistry):
    operator.get_by_role("combobox", name="Suite").select_option("long")
    operator.get_by_role("button", name="Run it").click()
    line = operator.locator("#run-lines tbody tr")
    for button, state in (("Stop", "cancelled"), ("Go on", "drawing"), ("Stop", "cancelled")):
        line.get_by_role("button", name=button).click()
        expect(line.locator(".badge")).to_have_text(state, timeout=60_000)
    axe = Axe().run(operator)
    assert axe.violations_count == 0, axe.generate_report()


def test_a_number_of_prompts_that_is_none_is_refused_in_words(
    operator: Page, served: ServedRegistry
):
    answer = operator.request.post(
        f"{served.address}/evidence",
        form={"suite": "own", "limit": "some"},
        headers={"Origin": served.address},
    )
    assert answer.status == 422
    assert "The number of prompts is" in answer.text()


def test_an_answer_that_is_none_is_refused(operator: Page, served: ServedRegistry):
    study = open_study(served.registry.parts, *served.runs)
    address = f"{served.address}/evidence/studies/{study.study_id}"
    answer = {"number": "0", "choice": "left", "shown_at": "2026-01-01T00:00:00+00:00"}
    for fault in ({"choice": "both"}, {"number": "x"}, {"shown_at": "now"}):
        headers = {"Origin": served.address}
        said = operator.request.post(address, form=answer | fault, headers=headers)
        assert said.status == 422


def test_a_version_is_promoted_to_serving_and_rolled_back(operator: Page, served: ServedRegistry):
    operator.goto(evaluated(served, "2"))
    for stage in ("shadow", "canary", "active"):
        operator.get_by_role("button", name=f"Promote to {stage}").click()
        expect(operator.locator(".road [aria-current]")).to_have_text(stage)
    assert served.studio.parts.generator.card.version == "2"
    operator.goto(f"{served.address}/models")
    operator.get_by_text("Roll back", exact=True).click()
    operator.get_by_label("Why").first.fill("Worse.")
    operator.get_by_role("button", name="Give back to the version before").click()
    expect(operator.get_by_role("row").filter(has_text="painted@2").first).to_contain_text("Worse.")
    assert served.studio.parts.generator.card.version == "1"


def test_a_closed_gate_moves_nothing_until_two_people_have_signed(
    open_page: Open, served: ServedRegistry
):
    address = evaluated(served, "3", {"whole": GOOD["whole"]})
    place = address.removeprefix(served.address)
    for name in ("opal", "otto"):
        page = open_page(place, name=name, scopes=("operator",))
        page.get_by_role("button", name="Promote to shadow").click()
        expect(page.get_by_role("status").first).to_contain_text("nothing was moved")
        expect(page.locator("#gate")).to_contain_text("never measured")
        page.get_by_text("Sign a waiver").click()
        page.get_by_label("Until").fill("2026-02-01")
        page.locator("#gate").get_by_label("Why").fill("Counted by hand.")
        page.get_by_role("button", name="Sign", exact=True).click()
        page.wait_for_url("**#gate")
    expect(page.locator("#gate")).to_contain_text("waived")
    page.get_by_role("button", name="Promote to shadow").click()
    expect(page.locator(".road [aria-current]")).to_have_text("shadow")


def test_a_version_is_paused_with_a_reason_and_reviewed(operator: Page, served: ServedRegistry):
    operator.goto(evaluated(served, "4"))
    operator.get_by_text("It was looked at").first.click()
    operator.get_by_label("Next time by").fill("2026-11-05")
    operator.get_by_role("button", name="It was looked at").click()
    expect(operator.locator("dl.facts")).to_contain_text("2026-11-05")
    operator.locator("summary", has_text="Pause").click()
    operator.locator("form[action$='/pause']").get_by_label("Why").fill("Odd colours.")
    operator.get_by_role("button", name="Pause").click()
    expect(operator.locator("header .badge")).to_have_text("paused")
    expect(operator.locator("main")).to_contain_text("Odd colours.")


def test_a_day_that_is_past_is_refused_in_words(operator: Page, served: ServedRegistry):
    operator.goto(evaluated(served, "5"))
    operator.get_by_text("It was looked at").first.click()
    operator.get_by_label("Next time by").fill("2020-01-01")
    operator.get_by_role("button", name="It was looked at").click()
    expect(operator.locator("#fault")).to_contain_text("it must be after")


def test_what_is_due_is_listed_with_what_follows(operator: Page, served: ServedRegistry):
    operator.goto(f"{served.address}/models")
    due = operator.get_by_role("region", name="What is due")
    expect(due.get_by_role("row").filter(has_text="gate ours")).to_contain_text("pauses")


def test_others_see_versions_but_move_nothing_and_read_no_names(
    open_page: Open, served: ServedRegistry
):
    address = evaluated(served, "6")
    page = open_page(address.removeprefix(served.address))
    expect(page.get_by_role("button", name="Promote")).to_have_count(0)
    expect(page.locator(".happened").first).not_to_contain_text("Bo")
    expect(page.locator(".nav")).not_to_contain_text("Evidence")
    assert page.request.get(served.address + "/evidence").status == 403
    answer = page.request.post(address + "/promote", headers={"Origin": served.address})
    assert answer.status == 403
    assert served.stage_of("painted@6") is Stage.EVALUATING


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_and_nothing_is_wider_than_a_phone(
    open_page: Open, served: ServedRegistry, scheme: str
):
    first, second = (one.run_id for one in served.runs)
    study = open_study(served.registry.parts, *served.runs)
    places = (
        f"/evidence/{first}",
        f"/evidence/{first}/pictures",
        "/evidence/studies",
        f"/evidence/studies/{study.study_id}",
        f"/evidence/studies/{study.study_id}/result",
        f"/evidence/compare?first={first}&second={second}",
        "/models/painted@1",
    )
    page = open_page(
        "/models",
        scopes=("operator",),
        color_scheme=scheme,
        bypass_csp=True,
        viewport={"width": 390, "height": 844},
    )
    for place in places:
        page.goto(served.address + place)
        results = Axe().run(page)
        assert results.violations_count == 0, results.generate_report()
        assert page.evaluate("() => document.documentElement.scrollWidth") <= 390
