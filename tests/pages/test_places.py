"""What holds for every place of the way around, on a phone as on a wide screen."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from pages.cards import draw_one, hold
from pages.conftest import Open
from pages.served import Served
from playwright.sync_api import expect

from limner.core.rights import RightsEntry, RightsKind
from limner.studio import rights
from limner.testing import PaintedGenerator

PLACES = (
    "/",
    "/gallery",
    "/jobs",
    "/review",
    "/watch",
    "/edge-cases",
    "/verify",
    "/ledger",
    "/rights",
    "/criteria",
    "/evidence",
    "/models",
    "/settings",
)
SIZES = {"phone": (390, 844), "wide": (1920, 1080)}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A studio with something in every place."""
    home: Path = tmp_path_factory.mktemp("places") / "home"
    with Served(home, PaintedGenerator()) as served:
        for seed in (1, 2):
            hold(served.studio, draw_one(served.studio, "a red fox", seed))
        entry = RightsEntry(kind=RightsKind.LICENCE, title="Foxes", licence="CC0-1.0")
        rights.add(served.studio.parts, entry)
        yield served


def test_the_way_around_leads_to_every_place(open_page: Open):
    links = open_page(scopes=("admin",)).locator(".nav a.to")
    assert [one.get_attribute("href") for one in links.all()] == list(PLACES)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("place", PLACES)
def test_every_place_is_sound(open_page: Open, place: str, size: str):
    """Nothing for axe, no error in the console, one heading, nothing wider than the screen."""
    width, height = SIZES[size]
    page = open_page(
        "/models",
        scopes=("admin",),
        viewport={"width": width, "height": height},
        bypass_csp=True,
    )
    broken: list[str] = []
    page.on("console", lambda one: broken.append(one.text) if one.type == "error" else None)
    page.on("pageerror", lambda error: broken.append(str(error)))
    page.goto(page.url.replace("/models", place))
    expect(page.locator("h1")).to_have_count(1)
    results = Axe().run(page)
    assert results.violations_count == 0, results.generate_report()
    assert page.evaluate("() => document.documentElement.scrollWidth") <= width
    assert broken == []


@pytest.mark.parametrize("place", PLACES)
def test_no_place_breaks_its_own_security_policy(open_page: Open, place: str):
    page = open_page("/models", scopes=("admin",))
    broken: list[str] = []
    page.on("console", lambda one: broken.append(one.text) if one.type == "error" else None)
    page.goto(page.url.replace("/models", place))
    page.wait_for_load_state("load")
    assert broken == []
