"""Verify: the plain answer first, for everybody who is let in, and nothing that is not theirs."""

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from pages.conftest import Open
from pages.served import Served
from PIL import Image as PillowImage
from playwright.sync_api import Browser, Page, expect

from limner.testing import PaintedGenerator

PROMPT = "a quixotic zebra"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A studio whose operator lets anyone verify."""
    home: Path = tmp_path_factory.mktemp("verify") / "home"
    with Served(home, PaintedGenerator(), LIMNER_ANYONE_MAY_VERIFY="true") as served:
        yield served


@pytest.fixture(scope="module")
def sealed(served: Served) -> bytes:
    """A released picture's file."""
    return served.studio.generate(PROMPT, seed=3, size="256x256")[0].content


@pytest.fixture
def stranger(browser: Browser) -> Iterator[Page]:
    context = browser.new_context()
    yield context.new_page()
    context.close()


def without_credential(content: bytes) -> bytes:
    """The same pixels, saved anew."""
    saved = BytesIO()
    PillowImage.open(BytesIO(content)).save(saved, "png")
    return saved.getvalue()


def give(page: Page, served: Served, content: bytes, name: str = "picture.png") -> None:
    """Choose a file on the page, and wait for the answer."""
    page.goto(served.address + "/verify")
    page.locator("[data-file]").set_input_files(
        {"name": name, "mimeType": "image/png", "buffer": content}
    )
    page.locator("#answer-title").wait_for()


def test_a_sealed_file_is_trusted(open_page: Open, served: Served, sealed: bytes):
    page = open_page("/verify")
    give(page, served, sealed)
    expect(page.locator("#answer-title")).to_have_text("Trusted")
    expect(page.locator(".answer")).to_have_class("answer released")


def test_a_file_that_was_changed_is_tampered(open_page: Open, served: Served, sealed: bytes):
    changed = bytearray(sealed)
    changed[sealed.index(b"IDAT") + 40] ^= 1
    page = open_page("/verify")
    give(page, served, bytes(changed))
    expect(page.locator("#answer-title")).to_have_text("Tampered")


def test_a_file_without_credential_is_answered_for_by_its_mark(
    open_page: Open, served: Served, sealed: bytes
):
    page = open_page("/verify")
    give(page, served, without_credential(sealed))
    expect(page.locator("#answer-title")).to_have_text("No credential, but our mark is in it")


def test_a_strange_picture_has_no_credential(open_page: Open, served: Served):
    saved = BytesIO()
    PillowImage.new("RGB", (64, 64), "teal").save(saved, "png")
    page = open_page("/verify")
    give(page, served, saved.getvalue())
    expect(page.locator("#answer-title")).to_have_text("No credential")


def test_what_is_no_picture_is_unreadable(open_page: Open, served: Served):
    page = open_page("/verify")
    give(page, served, b"not a picture")
    expect(page.locator("#answer-title")).to_have_text("Unreadable")


def test_a_file_is_dropped_anywhere(open_page: Open, served: Served):
    page = open_page("/verify")
    page.evaluate(
        """() => {
            const carried = new DataTransfer();
            carried.items.add(new File(["not a picture"], "note.png", {type: "image/png"}));
            document.body.dispatchEvent(
                new DragEvent("drop", {dataTransfer: carried, bubbles: true})
            );
        }"""
    )
    expect(page.locator("#answer-title")).to_have_text("Unreadable")


def test_a_picture_is_pasted(open_page: Open, served: Served):
    page = open_page("/verify")
    page.evaluate(
        """() => {
            const carried = new DataTransfer();
            carried.items.add(new File(["not a picture"], "note.png", {type: "image/png"}));
            document.body.dispatchEvent(
                new ClipboardEvent("paste", {clipboardData: carried, bubbles: true})
            );
        }"""
    )
    expect(page.locator("#answer-title")).to_have_text("Unreadable")


def test_a_stranger_verifies_without_signing_in(stranger: Page, served: Served, sealed: bytes):
    give(stranger, served, sealed)
    expect(stranger.locator("#answer-title")).to_have_text("Trusted")


def test_a_stranger_is_told_nothing_of_the_image(stranger: Page, served: Served, sealed: bytes):
    give(stranger, served, sealed)
    assert PROMPT not in stranger.content()
    assert stranger.locator("a[href^='/images/']").count() == 0


def test_who_may_not_see_the_image_is_not_led_to_it(open_page: Open, served: Served, sealed: bytes):
    page = open_page("/verify")
    give(page, served, sealed)
    assert PROMPT not in page.content()
    assert page.locator("a[href^='/images/']").count() == 0


def test_who_may_see_everything_is_led_to_the_stored_image(
    open_page: Open, served: Served, sealed: bytes
):
    page = open_page("/verify", scopes=("admin",))
    give(page, served, sealed)
    page.get_by_role("link", name="Open the stored image").last.click()
    expect(page.get_by_role("heading", name=PROMPT)).to_be_visible()


def test_a_name_with_markup_is_shown_as_it_is(open_page: Open, served: Served):
    page = open_page("/verify")
    give(page, served, b"not a picture", name="<b>bold.png")
    expect(page.locator("[data-name]")).to_have_text("<b>bold.png")


def test_it_works_without_scripts(browser: Browser, served: Served, sealed: bytes):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(served.address + "/verify")
    page.locator("[data-file]").set_input_files(
        {"name": "picture.png", "mimeType": "image/png", "buffer": sealed}
    )
    page.get_by_role("button", name="Verify").click()
    expect(page.locator("#answer-title")).to_have_text("Trusted")
    context.close()


def test_nothing_is_told_to_strangers_unless_the_operator_says_so(stranger: Page, tmp_path: Path):
    with Served(tmp_path / "home", PaintedGenerator()) as closed:
        stranger.goto(closed.address + "/verify")
        expect(stranger.get_by_role("heading", name="Sign in")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(open_page: Open, served: Served, sealed: bytes, scheme: str):
    page = open_page("/verify", scopes=("admin",), color_scheme=scheme, bypass_csp=True)
    give(page, served, sealed)
    results = Axe().run(page)
    assert results.violations_count == 0, results.generate_report()


def test_nothing_is_wider_than_a_phone(open_page: Open, served: Served, sealed: bytes):
    page = open_page("/verify", viewport={"width": 390, "height": 844})
    give(page, served, sealed, name="a-very-long-name-of-a-file-" * 3 + ".png")
    assert page.evaluate("() => document.documentElement.scrollWidth") <= 390
