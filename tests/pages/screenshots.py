"""Pictures of the pages for the docs: ``python tests/pages/screenshots.py`` writes them.

Drawn by the model that ships, judged by the criteria that ship, in Debian's Chromium; the gallery
is that of somebody who has drawn a little.
"""

import io
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from pages.cards import hold
from pages.conftest import chromium
from pages.served import Served
from pages.steps import draw
from PIL import Image as PillowImage
from playwright.sync_api import Page, expect, sync_playwright

from limner.studio.stored_image import open_image

FOLDER = Path(__file__).parents[2] / "docs" / "images" / "pages"
MAX_BYTES = 250_000
PROMPTS = ("a red fox", "a rocket", "a blue teapot")
WIDE = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}


def save(page: Page, name: str) -> None:
    """One screenshot, in as many colours as fit into 250 KB."""
    page.wait_for_load_state("networkidle")
    taken = PillowImage.open(io.BytesIO(page.screenshot())).convert("RGB")
    FOLDER.mkdir(parents=True, exist_ok=True)
    path = FOLDER / f"{name}.png"
    for num_colours in (256, 128, 64):
        taken.quantize(num_colours).save(path, optimize=True)
        if path.stat().st_size <= MAX_BYTES:
            break
    sys.stdout.write(f"{path.name} {path.stat().st_size // 1000} KB\n")


def take_all(served: Served, page: Page) -> None:
    page.set_viewport_size(WIDE)
    page.goto(served.link("ada", "admin"))
    save(page, "first-start")
    for prompt in PROMPTS:
        draw(page, prompt, num=4, seed="1")
    save(page, "draw")
    page.goto(f"{served.address}/tour")
    save(page, "tour")
    page.goto(served.address)
    address = page.locator("a.picture").first.get_attribute("href") or ""
    page.goto(served.address + address)
    save(page, "image")
    page.goto(f"{served.address}/?start={address.rpartition('/')[2]}&mode=edit")
    page.locator("[data-brush]").click()
    save(page, "edit")
    page.goto(f"{served.address}/gallery")
    for box in page.locator("input[name=image]").all()[2:4]:
        box.check()
    save(page, "gallery")
    page.keyboard.press("c")
    expect(page.get_by_role("heading", name="Compare")).to_be_visible()
    save(page, "compare")
    take_places(served, page)
    page.emulate_media(color_scheme="dark")
    page.goto(f"{served.address}/gallery")
    save(page, "gallery-dark")
    page.set_viewport_size(PHONE)
    page.goto(served.address + address)
    save(page, "image-phone")


def take_places(served: Served, page: Page) -> None:
    """The desk with a picture that was held, a verified file, and every other place."""
    page.goto(f"{served.address}/gallery")
    ids = [one.get_attribute("value") for one in page.locator("input[name=image]").all()]
    for image_id in ids[:3]:
        assert image_id is not None
        hold(served.studio, image_id, requester="dana")
    page.goto(f"{served.address}/review")
    save(page, "review")
    assert ids[-1] is not None
    content = open_image(served.studio.parts, ids[-1]).content
    page.goto(f"{served.address}/verify")
    page.locator("[data-file]").set_input_files(
        {"name": "picture.png", "mimeType": "image/png", "buffer": content}
    )
    page.locator("#answer-title").wait_for()
    save(page, "verify")
    measure(served, page)
    for place in (
        "jobs",
        "watch",
        "edge-cases",
        "ledger",
        "rights",
        "criteria",
        "models",
        "settings",
    ):
        page.goto(f"{served.address}/{place}")
        save(page, place)


def measure(served: Served, page: Page) -> None:
    """A short run of a suite, asked for and drawn as a person has it drawn."""
    page.goto(f"{served.address}/evidence")
    page.get_by_label("Prompts").fill("4")
    page.get_by_role("button", name="Run it").click()
    run = page.locator(".runs a.mono").first
    expect(run).to_be_visible(timeout=300_000)
    run.click()
    save(page, "evidence")


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        with Served(Path(folder) / "home", None) as served:
            page = browser.new_page()
            page.set_default_timeout(120_000)
            expect.set_options(timeout=120_000)
            take_all(served, page)
        browser.close()


if __name__ == "__main__":
    main()
