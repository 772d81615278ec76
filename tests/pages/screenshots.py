"""Pictures of the pages for the docs: ``python tests/pages/screenshots.py`` writes them.

Drawn by the model that ships, judged by the criteria that ship, in Debian's Chromium; the gallery
is that of somebody who has drawn a little.
"""

import io
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from pages.conftest import chromium
from pages.served import Served
from pages.steps import draw
from PIL import Image as PillowImage
from playwright.sync_api import Page, expect, sync_playwright

FOLDER = Path(__file__).parents[2] / "docs" / "images" / "pages"
MAX_BYTES = 250_000
PROMPTS = ("a red fox", "a lighthouse at night", "a blue teapot")
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
    page.emulate_media(color_scheme="dark")
    page.goto(f"{served.address}/gallery")
    save(page, "gallery-dark")
    page.set_viewport_size(PHONE)
    page.goto(served.address + address)
    save(page, "image-phone")


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
