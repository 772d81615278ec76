"""Every page, in light and in dark, as axe sees it."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from pages.conftest import Open
from pages.served import Served
from pages.steps import draw, first_image
from playwright.sync_api import Page, expect

PAGES = ("draw", "edit", "image", "gallery", "erasing", "compare", "tour", "fault", "sign in")


def go(page: Page, served: Served, name: str) -> None:
    """Open one of the pages, with something on it."""
    draw(page, "a red fox", num=2, seed="1")
    ids = [one.get_attribute("data-image") for one in page.locator("figure[data-image]").all()]
    address = {
        "draw": "/",
        "edit": f"/?start={ids[0]}&mode=edit",
        "image": f"/images/{ids[0]}",
        "gallery": "/gallery",
        "erasing": "/gallery",
        "compare": f"/gallery/compare?image={ids[0]}&image={ids[1]}",
        "tour": "/tour",
        "fault": "/images/sha256:" + "0" * 64,
        "sign in": "/",
    }[name]
    if name == "sign in":
        page.context.clear_cookies()
    page.goto(served.address + address)
    if name in ("gallery", "erasing"):
        page.get_by_text("More", exact=True).click()
        page.locator("input[name=image]").first.check()
    if name == "erasing":
        page.keyboard.press("Delete")
        expect(page.locator("dialog[open]")).to_be_visible()
    expect(page.locator("h1")).to_have_count(1)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing(open_page: Open, served: Served, name: str, scheme: str):
    page = open_page(color_scheme=scheme, bypass_csp=True)
    go(page, served, name)
    results = Axe().run(page)
    assert results.violations_count == 0, results.generate_report()


@pytest.mark.parametrize("name", PAGES)
def test_nothing_is_wider_than_a_phone(open_page: Open, served: Served, name: str):
    page = open_page(viewport={"width": 390, "height": 844})
    go(page, served, name)
    assert page.evaluate("() => document.documentElement.scrollWidth") <= 390


def test_the_theme_is_chosen_and_kept(open_page: Open):
    page = open_page()
    page.get_by_role("button", name="Theme: system").click()
    page.get_by_role("button", name="Theme: light").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")


def test_the_content_is_reached_by_one_key(open_page: Open):
    page = open_page("/gallery")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()


def test_no_page_breaks_its_own_security_policy(open_page: Open, served: Served):
    page = open_page()
    broken: list[str] = []
    page.on("console", lambda one: broken.append(one.text) if one.type == "error" else None)
    page.on("pageerror", lambda error: broken.append(str(error)))
    draw(page, "a red fox", num=1)
    for address in ("/", "/gallery", f"/images/{first_image(page)}"):
        page.goto(served.address + address)
    assert broken == []
