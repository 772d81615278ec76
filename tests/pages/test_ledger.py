"""The Ledger page: what it stands at, its entries, and what proves them."""

import zipfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
import sqlalchemy as sa
from axe_playwright_python.sync_playwright import Axe
from pages.cards import draw_one
from pages.conftest import Open
from pages.served import Served
from playwright.sync_api import expect

from limner.testing import PaintedGenerator


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A studio with some history: more entries than one page shows."""
    home: Path = tmp_path_factory.mktemp("ledger") / "home"
    with Served(home, PaintedGenerator()) as served:
        for seed in range(16):
            draw_one(served.studio, "a red fox", seed)
        yield served


def test_the_checkpoint_stands_with_its_signature(open_page: Open, served: Served):
    page = open_page("/ledger")
    page.get_by_text("The checkpoint as it is signed").click()
    note = served.studio.parts.store.ledger.note()
    assert note is not None
    expect(page.locator("pre").first).to_contain_text("— ")


def test_entries_are_paged(open_page: Open, served: Served):
    page = open_page("/ledger", scopes=("operator",))
    expect(page.locator(".entry")).to_have_count(60)
    last = page.locator(".entry .number").last.inner_text()
    page.keyboard.press("n")
    expect(page.locator(".entry .number").first).to_have_text(str(int(last) - 1))


def test_entries_are_found_by_kind(open_page: Open, served: Served):
    page = open_page("/ledger", scopes=("operator",))
    page.get_by_label("Kind").select_option("image_stored")
    page.get_by_role("button", name="Find").click()
    expect(page.locator(".entry")).to_have_count(16)


def test_entries_are_found_by_subject(open_page: Open, served: Served):
    image_id = draw_one(served.studio, "a blue bear", 99)
    page = open_page("/ledger", scopes=("operator",))
    page.get_by_label("Subject").fill(image_id)
    page.get_by_label("Subject").press("Enter")
    expect(page.locator(".entry strong")).to_contain_text(["image stored"])
    assert "blue bear" not in page.content()


def test_one_button_recomputes_everything(open_page: Open, served: Served):
    page = open_page("/ledger", scopes=("operator",))
    page.keyboard.press("v")
    expect(page.locator("#verification .notice.released")).to_contain_text("The ledger holds")


def test_a_proof_of_one_entry_is_downloaded(open_page: Open, served: Served):
    page = open_page("/ledger", scopes=("operator",))
    page.locator(".entry summary").first.click()
    with page.expect_download() as download:
        page.locator(".entry[open] a[download]").click()
    assert download.value.path().read_text().startswith("c2sp.org/tlog-proof@v1")


def test_the_export_has_its_verifier(open_page: Open, served: Served):
    page = open_page("/ledger", scopes=("operator",))
    with page.expect_download() as download:
        page.get_by_role("link", name="Download the export").click()
    with zipfile.ZipFile(BytesIO(download.value.path().read_bytes())) as archive:
        assert {"checkpoint", "verify.py"} <= set(archive.namelist())


def test_who_is_no_operator_sees_no_entries(open_page: Open, served: Served):
    page = open_page("/ledger")
    expect(page.locator("main")).to_contain_text("Its entries are shown to operators.")
    assert page.request.get(served.address + "/ledger/entries/0/proof").status == 403
    assert page.request.get(served.address + "/api/ledger/export").status == 403


def test_a_ledger_that_was_changed_is_said_to_be_broken(open_page: Open, tmp_path: Path, browser):
    with Served(tmp_path / "home", PaintedGenerator()) as changed:
        draw_one(changed.studio, "a red fox")
        database = sa.create_engine(f"sqlite:///{next((tmp_path / 'home').glob('*.sqlite3'))}")
        with database.begin() as connection:
            for (trigger,) in connection.execute(
                sa.text("SELECT name FROM sqlite_master WHERE type = 'trigger'")
            ).all():
                connection.execute(sa.text(f"DROP TRIGGER {trigger}"))
            connection.execute(
                sa.text(
                    "UPDATE ledger_entries SET entry = replace(entry, 'released', 'refused!') "
                    "WHERE entry LIKE '%released%'"
                )
            )
        database.dispose()
        page = browser.new_context().new_page()
        page.goto(changed.link("opal", "operator", path="/ledger"))
        page.get_by_role("button", name="Verify everything").click()
        expect(page.locator("#verification .notice.refused")).to_contain_text("does not hold")
        page.context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(open_page: Open, served: Served, scheme: str):
    page = open_page("/ledger", scopes=("operator",), color_scheme=scheme, bypass_csp=True)
    page.locator(".entry summary").first.click()
    page.keyboard.press("v")
    page.locator("#verification .notice").wait_for()
    results = Axe().run(page)
    assert results.violations_count == 0, results.generate_report()


def test_nothing_is_wider_than_a_phone(open_page: Open, served: Served):
    page = open_page("/ledger", scopes=("operator",), viewport={"width": 390, "height": 844})
    page.locator(".entry summary").first.click()
    assert page.evaluate("() => document.documentElement.scrollWidth") <= 390
