"""The whole path in the browser: drawn, held, reviewed, released, downloaded, verified."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pages.conftest import Open
from pages.painter import PreviewingPainter
from pages.served import Served
from pages.steps import draw, first_image
from playwright.sync_api import Page, expect


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with Served(tmp_path / "home", PreviewingPainter()) as served:
        yield served


def repaint(page: Page, served: Served) -> str:
    """Draw a picture and repaint all of it, which the criteria hold; the held picture's id."""
    draw(page, "a red fox", num=1)
    page.goto(f"{served.address}/?start={first_image(page)}&mode=edit")
    page.locator("[data-brush]").click()
    page.get_by_role("spinbutton", name="Pictures").fill("1")
    page.locator("#draw-button").click()
    expect(page.locator(".job").first.locator(".badge.held")).to_be_visible()
    return first_image(page)


def test_a_held_picture_is_released_by_a_person_and_then_trusted(
    open_page: Open, served: Served, tmp_path: Path
):
    dana = open_page(name="dana")
    image_id = repaint(dana, served)

    rob = open_page("/review", name="rob", scopes=("reviewer",))
    expect(rob.get_by_role("heading", level=2).first).to_be_visible()
    rob.keyboard.press("a")
    expect(rob.locator("#last")).to_contain_text("You accepted.")
    rob.goto(served.address + "/settings")  # who leaves has said what they said

    dana.goto(f"{served.address}/images/{image_id}")
    for _ in range(50):
        if dana.locator("h1 + .badge.released").count():
            break
        dana.wait_for_timeout(100)
        dana.reload()
    expect(dana.get_by_text("by a person")).to_be_visible()
    with dana.expect_download() as download:
        dana.get_by_role("link", name="Download sealed png").click()
    content = download.value.path().read_bytes()

    dana.goto(served.address + "/verify")
    dana.locator("[data-file]").set_input_files(
        {"name": "fox.png", "mimeType": "image/png", "buffer": content}
    )
    expect(dana.locator("#answer-title")).to_have_text("Trusted")
    expect(dana.locator("dl.facts")).to_contain_text("released by a person")
