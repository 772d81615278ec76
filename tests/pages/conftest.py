"""A served studio and a real Chromium, shared by the tests of pages; each test has its own user."""

import shutil
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest
from pages.painter import PreviewingPainter
from pages.served import Served
from playwright.sync_api import Browser, Page, expect, sync_playwright

expect.set_options(timeout=15_000)

_names = (f"person-{number}" for number in count(1))

Open = Callable[..., Page]


def chromium() -> str:
    found = shutil.which("chromium")
    assert found is not None, "Tests of pages need Debian's chromium: apt-get install chromium"
    return found


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    home: Path = tmp_path_factory.mktemp("served") / "home"
    with Served(home, PreviewingPainter(seconds_per_step=0.02)) as served:
        yield served


@pytest.fixture
def person() -> str:
    """Somebody nobody has seen before."""
    return next(_names)


@pytest.fixture
def open_page(browser: Browser, served: Served, person: str) -> Iterator[Open]:
    """Open a page as somebody who has signed in: ``open_page("/gallery")``."""
    contexts = []

    def open_page(path: str = "/", *, name: str = person, scopes=("requester",), **options) -> Page:
        context = browser.new_context(**options)
        context.set_default_timeout(15_000)
        contexts.append(context)
        page = context.new_page()
        page.goto(served.link(name, *scopes))
        if path != "/":
            page.goto(served.address + path)
        return page

    yield open_page
    for context in contexts:
        context.close()
