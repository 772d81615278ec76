from pages.conftest import Open
from pages.served import Served
from pages.steps import draw, first_image
from playwright.sync_api import Page, expect


def open_image(open_page: Open, served: Served, seed: str = "9", **options) -> Page:
    """The page of a picture that was just drawn."""
    page = open_page(**options)
    draw(page, "a red fox", num=2, seed=seed)
    page.goto(f"{served.address}/images/{first_image(page)}")
    return page


def test_every_check_stands_with_its_score_and_its_limits(open_page: Open, served: Served):
    page = open_image(open_page, served)
    row = page.locator("table.checks tbody tr", has_text="exposure")
    expect(row.locator(".badge")).to_have_text("pass")
    expect(row.locator("svg.plot")).to_be_visible()
    expect(row.locator("td.number").last).to_have_text("0.18 / 0.08")


def test_the_recipe_says_what_ran(open_page: Open, served: Served):
    page = open_image(open_page, served)
    facts = page.locator("dl.facts").first
    expect(facts.locator("dt", has_text="Seed").locator("+ dd")).to_have_text("9")


def test_the_file_that_is_downloaded_is_sealed(open_page: Open, served: Served, tmp_path):
    page = open_image(open_page, served)
    with page.expect_download() as download:
        page.get_by_role("link", name="Download sealed png").click()
    assert b"c2pa" in download.value.path().read_bytes()


def test_it_is_downloaded_as_jpeg_too(open_page: Open, served: Served):
    page = open_image(open_page, served)
    with page.expect_download() as download:
        page.get_by_role("link", name="As JPEG").click()
    content = download.value.path().read_bytes()
    assert content.startswith(b"\xff\xd8")
    assert b"c2pa" in content


def test_the_proof_is_of_this_image(open_page: Open, served: Served):
    page = open_image(open_page, served)
    text = page.request.get(f"{page.url}/proof").text()
    assert text.startswith("c2sp.org/tlog-proof@v1")


def test_a_star_is_kept(open_page: Open, served: Served):
    page = open_image(open_page, served)
    page.keyboard.press("s")
    expect(page.get_by_role("button", name="Star")).to_have_attribute("aria-pressed", "true")
    page.reload()
    expect(page.get_by_role("button", name="Star")).to_have_attribute("aria-pressed", "true")


def test_a_board_and_a_tag_are_made_by_naming_them(open_page: Open, served: Served):
    page = open_image(open_page, served)
    page.get_by_label("Put on a board").fill("Foxes")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Take off the board Foxes")).to_be_visible()
    page.get_by_label("Add a tag").fill("Winter")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Take off the tag winter")).to_be_visible()


def test_arrows_go_to_the_neighbours(open_page: Open, served: Served):
    page = open_image(open_page, served)
    here = page.url
    page.locator("#main").focus()
    page.keyboard.press("ArrowLeft")
    page.wait_for_url(lambda url: url != here)
    page.keyboard.press("ArrowRight")
    page.wait_for_url(here)


def test_pictures_of_the_same_job_are_beside_it(open_page: Open, served: Served):
    page = open_image(open_page, served)
    section = page.locator("section", has=page.get_by_role("heading", name="Drawn together"))
    expect(section.locator("figure")).to_have_count(2)


def test_the_picture_is_zoomed_by_key(open_page: Open, served: Served):
    page = open_image(open_page, served)
    page.locator("#main").focus()
    page.keyboard.press("+")
    expect(page.locator("[data-zoom-said]")).to_have_text("600 %")


def test_the_ground_is_chosen_and_kept(open_page: Open, served: Served):
    page = open_image(open_page, served)
    page.get_by_role("radio", name="black").check()
    page.reload()
    expect(page.locator("[data-stage]")).to_have_class("stage black")


def test_the_recipe_is_copied(open_page: Open, served: Served):
    page = open_image(open_page, served, permissions=["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy JSON").click()
    expect(page.locator(".toast")).to_be_visible()
    assert '"seed": 9' in page.evaluate("() => navigator.clipboard.readText()")


def test_an_erased_image_is_gone_and_its_ledger_entry_stays(open_page: Open, served: Served):
    page = open_image(open_page, served, seed="171")  # that nobody else has asked for
    address, image_id = page.url, page.url.rpartition("/")[2]
    page.get_by_role("button", name="Erase for good").click()
    page.get_by_role("button", name="Erase", exact=True).click()
    expect(page.get_by_role("status").first).to_contain_text("was erased")
    assert page.request.get(address).status == 404
    assert served.studio.parts.store.ledger.entries_of("erasure", subject=image_id)


def test_of_a_held_image_nothing_leaves_but_its_rough_colours(open_page: Open, served: Served):
    page = open_page()
    draw(page, "a red fox", num=1)
    page.goto(f"{served.address}/?start={first_image(page)}&mode=edit")
    page.locator("[data-brush]").click()
    page.get_by_role("spinbutton", name="Pictures").fill("1")
    page.locator("#draw-button").click()
    expect(page.locator(".job").first.locator(".badge.held")).to_be_visible()
    page.goto(f"{served.address}/images/{first_image(page)}")
    expect(page.locator(".notice.held")).to_contain_text("Parts of a given picture")
    image_id = first_image_of(page)
    assert page.request.get(f"{served.address}/api/images/{image_id}/file").status == 403
    assert page.locator("[data-picture]").count() == 0


def first_image_of(page: Page) -> str:
    return page.url.rpartition("/")[2]


def test_who_may_review_a_held_image_does_not_see_its_scores(open_page: Open, served: Served):
    page = open_page(scopes=("admin",))
    draw(page, "a red fox", num=1)
    page.goto(f"{served.address}/?start={first_image(page)}&mode=edit")
    page.locator("[data-brush]").click()
    page.get_by_role("spinbutton", name="Pictures").fill("1")
    page.locator("#draw-button").click()
    expect(page.locator(".job").first.locator(".badge.held")).to_be_visible()
    page.goto(f"{served.address}/images/{first_image(page)}")
    expect(page.locator("section", has_text="after the review").first).to_be_visible()
    assert page.locator("table.checks").count() == 0


def test_a_larger_copy_is_queued_and_shows_what_was_done(open_page: Open, served: Served):
    page = open_image(open_page, served)
    page.get_by_role("button", name="by 2").click()
    expect(page.locator(".job[data-over]").first.locator("a.picture")).to_have_count(1)
    page.locator(".job").first.locator("a.picture").click()
    facts = page.locator("dl.facts").first
    expect(facts.locator("dt", has_text="Model").locator("+ dd")).to_contain_text("lanczos")
    expect(facts.locator("dt", has_text="Starts from").locator("+ dd")).to_have_text("enlarge")
