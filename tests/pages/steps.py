"""What a person does on the pages, as functions."""

from playwright.sync_api import Page, expect


def draw(page: Page, prompt: str, *, num: int = 2, seed: str = "") -> None:
    """Fill in the form of the Draw page, draw, and wait until every picture is there."""
    page.get_by_label("What shall be drawn").fill(prompt)
    page.get_by_role("spinbutton", name="Pictures").fill(str(num))
    page.locator("#seed").fill(seed)
    page.get_by_label("What shall be drawn").press("Control+Enter")
    expect(page.locator(".job[data-over]").first.locator(".prompt")).to_have_text(prompt)
    expect(page.locator(".job").first.locator("a.picture")).to_have_count(num)


def first_image(page: Page) -> str:
    """The image_id of the first picture."""
    found = page.locator("figure[data-image]").first.get_attribute("data-image")
    assert found is not None
    return found
