"""The Rights page: registering, importing, and seeing what is affected before ending an entry."""

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from pages.cards import draw_one
from pages.conftest import Open
from pages.served import Served
from PIL import Image as PillowImage
from playwright.sync_api import Page, expect

from limner.core.deciding import Outcome
from limner.core.rights import OptedOut, RightsEntry, RightsKind
from limner.store.rights_looks import RightsLook
from limner.studio import rights
from limner.testing import PaintedGenerator


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    home: Path = tmp_path_factory.mktemp("rights") / "home"
    with Served(home, PaintedGenerator()) as served:
        yield served


@pytest.fixture
def operator(open_page: Open) -> Page:
    return open_page("/rights", scopes=("operator",))


def licence(served: Served, title: str, *keys: str) -> int:
    """Register a licence; its number."""
    entry = RightsEntry(
        kind=RightsKind.LICENCE, title=title, licence="CC-BY-4.0", holder="Ada", keys=keys
    )
    return rights.add(served.studio.parts, entry).stored.entry_id


def test_an_entry_is_registered(operator: Page):
    operator.get_by_role("radio", name="Consent").check()
    operator.get_by_label("Name", exact=True).fill("Marlene Quandt")
    operator.get_by_label("What for").fill("a poster")
    operator.get_by_label("Last day").fill("2100-01-31")
    operator.get_by_role("button", name="Register", exact=True).click()
    expect(operator.locator("dl.facts")).to_contain_text("Marlene Quandt")
    expect(operator.locator("header .badge")).to_have_text("in force")


def test_only_the_fields_of_a_kind_are_there(operator: Page):
    operator.get_by_role("radio", name="Opt-out").check()
    expect(operator.get_by_label("Keeps from being drawn")).to_be_visible()
    expect(operator.get_by_label("Why")).to_be_visible()
    expect(operator.get_by_label("Work or collection")).to_be_hidden()


def test_what_is_missing_is_said_and_nothing_is_lost(operator: Page):
    operator.get_by_role("radio", name="Consent").check()
    operator.get_by_label("What for").fill("a poster")
    operator.get_by_role("button", name="Register", exact=True).click()
    expect(operator.locator("#fault")).to_contain_text("has no name")
    expect(operator.get_by_label("What for")).to_have_value("a poster")


def test_what_ending_affects_is_shown_before(operator: Page, served: Served):
    image_id = draw_one(served.studio, "a red fox", 5)
    record = served.studio.parts.store.image_by_id(image_id)
    assert record is not None
    entry_id = licence(served, "fox five", record.pixels_sha256, image_id)
    operator.goto(f"{served.address}/rights/{entry_id}")
    expect(operator.get_by_role("heading", name="1 stored image is about it")).to_be_visible()
    decided = served.studio.parts.store.last_decision(image_id)
    assert decided is not None
    assert decided.decision.outcome is Outcome.RELEASED


def test_ending_an_entry_blocks_what_it_covered(operator: Page, served: Served):
    image_id = draw_one(served.studio, "a red fox", 6)
    entry_id = licence(served, "fox six", image_id)
    operator.goto(f"{served.address}/rights/{entry_id}")
    operator.get_by_role("button", name="Withdraw it").click()
    expect(operator.locator("header .badge")).to_have_text("withdrawn")
    expect(operator.locator(".sheet .badge")).to_have_text("refused")


def test_a_file_is_imported(operator: Page, served: Served):
    operator.get_by_label("CSV or JSONL").set_input_files(
        {
            "name": "more.csv",
            "mimeType": "text/csv",
            "buffer": b"kind,title,licence\nsource,birds,CC0-1.0\nsource,bees,CC0-1.0\n",
        }
    )
    operator.get_by_role("button", name="Import the file").click()
    expect(operator.get_by_role("status").first).to_have_text("2 entries were registered.")
    expect(operator.locator("tbody")).to_contain_text("bees")


def test_the_line_of_a_file_that_is_wrong_is_named(operator: Page):
    operator.get_by_label("CSV or JSONL").set_input_files(
        {"name": "a.csv", "mimeType": "text/csv", "buffer": b"kind,title\nsource,x\nwish,y\n"}
    )
    operator.get_by_role("button", name="Import the file").click()
    expect(operator.locator("#fault")).to_contain_text("line")


def test_entries_whose_near_copies_are_found_by_one_hash_alone_are_named(
    operator: Page, served: Served
):
    parts = served.studio.parts
    entry = RightsEntry(kind=RightsKind.OPT_OUT, opted_out=OptedOut.MARK, name="a mark")
    look = RightsLook("sha256:" + 64 * "1", bytes(32), bytes(32), "sha256:older")
    stored = parts.store.rights.add(entry, parts.read_clock(), looks=[look])
    operator.reload()
    told = operator.locator(".notice.held")
    expect(told).to_contain_text("by an earlier version")
    expect(told.get_by_role("link")).to_have_text(str(stored.entry_id))


def test_a_picture_is_opted_out_by_showing_it_and_near_copies_are_shown(
    operator: Page, served: Served
):
    content = served.studio.generate("a striped zebra", seed=4)[0].content
    other = draw_one(served.studio, "a red fox", 8)
    saved = BytesIO()
    PillowImage.open(BytesIO(content)).resize((96, 96)).save(saved, "png")
    operator.get_by_role("radio", name="Opt-out").check()
    operator.get_by_label("Keeps from being drawn").select_option("mark")
    operator.get_by_label("A picture it is about").set_input_files(
        {"name": "zebra.png", "mimeType": "image/png", "buffer": saved.getvalue()}
    )
    expect(operator.locator("#near")).to_contain_text("1 stored image is nearly the same")
    operator.get_by_label("Why").fill("She did not agree to it")
    operator.get_by_role("button", name="Register", exact=True).click()
    expect(operator.locator("dl.facts")).to_contain_text("She did not agree to it")
    expect(operator.get_by_role("heading", name="1 more stored image is nearly")).to_be_visible()
    expect(operator.locator(f"[data-image='{other}']")).to_have_count(0)


DROP = """(bytes) => {
  const given = new DataTransfer();
  given.items.add(new File([new Uint8Array(bytes)], "me.png", { type: "image/png" }));
  document.dispatchEvent(new DragEvent("drop", { dataTransfer: given, bubbles: true }));
}"""


def test_a_picture_that_is_dropped_becomes_an_opt_out_after_what_is_near_was_shown(
    operator: Page, served: Served
):
    image = served.studio.generate("a portrait", seed=21)[0]
    before = rights.entries(served.studio.parts)
    operator.evaluate(DROP, list(image.content))
    expect(operator.locator("#near [data-image]")).to_have_attribute("data-image", image.image_id)
    expect(operator.locator("[data-preview]")).to_be_visible()
    expect(operator.get_by_role("radio", name="Opt-out")).to_be_checked()
    assert rights.entries(served.studio.parts) == before
    operator.get_by_label("Why").fill("It is my face")
    operator.get_by_role("button", name="Register", exact=True).click()
    expect(operator.locator("dl.facts")).to_contain_text("a picture, and who is on it")
    expect(operator.locator(".sheet .badge").first).to_have_text("refused")


def test_a_file_that_is_no_picture_is_not_registered(operator: Page):
    operator.get_by_role("radio", name="Opt-out").check()
    operator.get_by_label("A picture it is about").set_input_files(
        {"name": "zebra.png", "mimeType": "image/png", "buffer": b"no picture"}
    )
    expect(operator.locator("#fault")).to_contain_text("cannot be read as a picture")
    operator.locator("#fault").evaluate("(fault) => { fault.textContent = '' }")
    operator.get_by_role("button", name="Register", exact=True).click()
    expect(operator.locator("#fault")).to_contain_text("cannot be read as a picture")


def test_a_key_is_never_a_path(operator: Page):
    operator.get_by_role("radio", name="Licence").check()
    operator.get_by_label("Work or collection").fill("files")
    operator.get_by_label("Licence", exact=True).last.fill("none")
    operator.get_by_label("Hashes of pictures").fill("/etc/passwd")
    operator.get_by_role("button", name="Register", exact=True).click()
    expect(operator.locator("#fault")).to_contain_text("/etc/passwd")
    expect(operator.locator("#fault")).to_contain_text("allowed are")


def test_the_register_is_not_for_requesters(open_page: Open, served: Served):
    assert open_page().request.get(served.address + "/rights").status == 403


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("place", ["register", "entry"])
def test_axe_finds_nothing(open_page: Open, served: Served, scheme: str, place: str):
    image_id = draw_one(served.studio, "a red fox", 7)
    entry_id = licence(served, "fox seven", image_id)
    path = "/rights" if place == "register" else f"/rights/{entry_id}"
    page = open_page(path, scopes=("operator",), color_scheme=scheme, bypass_csp=True)
    results = Axe().run(page)
    assert results.violations_count == 0, results.generate_report()


def test_nothing_is_wider_than_a_phone(open_page: Open, served: Served):
    licence(served, "a long title " * 8)
    page = open_page("/rights", scopes=("operator",), viewport={"width": 390, "height": 844})
    assert page.evaluate("() => document.documentElement.scrollWidth") <= 390
