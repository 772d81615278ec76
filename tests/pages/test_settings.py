"""The Settings and Models pages: what is set, who is let in, and what draws."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from pages.conftest import Open
from pages.served import Served
from playwright.sync_api import Page, expect

from limner.studio.tokens import Tokens
from limner.testing import PAINTED_CARD, PaintedGenerator

SECRET = "correct horse battery"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    home: Path = tmp_path_factory.mktemp("settings") / "home"
    painter = PaintedGenerator(card=replace(PAINTED_CARD, description="It cannot draw hands."))
    with Served(home, painter, LIMNER_DATABASE_PASSWORD=SECRET) as served:
        yield served


def make_token(page: Page, name: str, role: str = "requester", days: str = "90") -> str:
    page.get_by_label("Whose").fill(name)
    page.get_by_label("Role").select_option(role)
    page.get_by_label("Days").fill(days)
    page.get_by_role("button", name="Make a token").click()
    return page.locator("code.token").inner_text()


def test_a_value_stands_with_where_it_came_from(open_page: Open):
    page = open_page("/settings", scopes=("operator",))
    row = page.locator("tr", has=page.get_by_text("criteria", exact=True))
    expect(row).to_contain_text("LIMNER_CRITERIA")


def test_a_secret_is_never_shown(open_page: Open, served: Served):
    page = open_page("/settings", scopes=("admin",))
    row = page.locator("tr", has=page.get_by_text("database_password", exact=True))
    expect(row).to_contain_text("(set, not shown)")
    assert SECRET not in page.content()
    assert SECRET not in page.request.get(served.address + "/api/settings").text()


def test_a_token_made_here_lets_somebody_in(open_page: Open, served: Served, browser):
    text = make_token(open_page("/settings", scopes=("admin",)), "vera", "operator")
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{served.address}/settings?token={text}")
    expect(page.get_by_role("heading", name="You are vera")).to_be_visible()
    context.close()


def test_a_token_is_shown_once(open_page: Open):
    page = open_page("/settings", scopes=("admin",))
    text = make_token(page, "otto")
    page.reload()
    assert text not in page.content()


def test_a_double_click_makes_one_token(open_page: Open, served: Served):
    page = open_page("/settings", scopes=("admin",))
    page.get_by_label("Whose").fill("theo")
    page.get_by_role("button", name="Make a token").dblclick()
    expect(page.locator("code.token")).to_be_visible()
    page.wait_for_load_state("networkidle")
    assert [one.name for one in Tokens(served.studio.parts).list()].count("theo") == 1


def test_a_revoked_token_lets_nobody_in(open_page: Open, served: Served):
    page = open_page("/settings", scopes=("admin",))
    text = make_token(page, "runa")
    page.get_by_role("button", name="of runa").click()
    expect(page.locator("tr", has_text="runa").locator(".badge")).to_have_text("revoked")
    headers = {"Authorization": f"Bearer {text}"}
    assert page.request.get(served.address + "/api/session", headers=headers).status == 401


def test_what_is_wrong_with_a_token_is_said(open_page: Open):
    page = open_page("/settings", scopes=("admin",))
    page.get_by_label("Whose").fill("vera")
    page.get_by_label("Days").fill("0")
    page.get_by_role("button", name="Make a token").click()
    expect(page.locator("#fault")).to_contain_text("The number of days is 0")


def test_tokens_are_for_admins(open_page: Open, served: Served):
    page = open_page("/settings", scopes=("operator",))
    assert page.get_by_role("button", name="Make a token").count() == 0
    make = "fetch('/settings/tokens', {method: 'POST'}).then((answer) => answer.status)"
    assert page.evaluate(make) == 403
    assert page.request.get(served.address + "/api/tokens").status == 403


def test_a_requester_sees_no_settings(open_page: Open, served: Served):
    page = open_page("/settings")
    expect(page.get_by_role("button", name="dark")).to_be_visible()
    assert "database_password" not in page.content()
    assert page.request.get(served.address + "/api/settings").status == 403


def test_the_theme_is_chosen(open_page: Open):
    page = open_page("/settings")
    page.get_by_role("button", name="dark", exact=True).click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    expect(page.get_by_role("button", name="dark", exact=True)).to_have_attribute(
        "aria-pressed", "true"
    )


def test_signing_out_ends_the_session(open_page: Open):
    page = open_page("/settings")
    page.get_by_role("button", name="Sign out of this browser").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_the_model_stands_with_its_licence_and_its_hashes(open_page: Open):
    page = open_page("/models")
    expect(page.locator("dl.facts").first).to_contain_text("Apache-2.0")
    expect(page.locator("main")).to_contain_text(PAINTED_CARD.ingredients["brush"])


def test_the_card_in_words_is_there(open_page: Open):
    page = open_page("/models")
    page.get_by_text("Its card in words").click()
    expect(page.locator("pre.words")).to_have_text("It cannot draw hands.")


def test_a_version_that_is_not_there_is_told(open_page: Open):
    page = open_page("/models/nothing@1")
    expect(page.locator("main")).to_contain_text("The registry has no model 'nothing@1'")


def test_every_check_stands_with_its_hash(open_page: Open, served: Served):
    page = open_page("/models")
    for card in served.studio.parts.judge.cards.values():
        expect(page.locator("tr", has_text=card.question).first).to_contain_text("sha256:")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("place", ["/settings", "/models"])
def test_axe_finds_nothing(open_page: Open, scheme: str, place: str):
    page = open_page(place, scopes=("admin",), color_scheme=scheme, bypass_csp=True)
    if place == "/settings":
        make_token(page, "vera")
    results = Axe().run(page)
    assert results.violations_count == 0, results.generate_report()


@pytest.mark.parametrize("place", ["/settings", "/models"])
def test_nothing_is_wider_than_a_phone(open_page: Open, place: str):
    page = open_page(place, scopes=("admin",), viewport={"width": 390, "height": 844})
    if place == "/settings":
        make_token(page, "vera")
    assert page.evaluate("() => document.documentElement.scrollWidth") <= 390
