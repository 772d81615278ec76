import io
import json
import zipfile

from pages.conftest import Open
from pages.served import Served
from pages.steps import draw
from playwright.sync_api import Page, expect


def with_pictures(open_page: Open, seed: int = 1, **options) -> Page:
    """The gallery of somebody with two foxes and a cat."""
    page = open_page(**options)
    draw(page, "a red fox", num=2, seed=str(seed))
    draw(page, "a black cat", num=1, seed=str(seed + 2))
    page.get_by_role("link", name="Gallery").click()
    expect(page.locator("#cards figure")).to_have_count(3)
    page.wait_for_load_state("load")  # its scripts have run
    return page


def test_words_of_the_prompt_find_pictures(open_page: Open):
    page = with_pictures(open_page)
    page.get_by_role("searchbox").fill("FOX")
    page.keyboard.press("Enter")
    expect(page.locator("#cards figure")).to_have_count(2)


def test_a_percent_sign_is_searched_as_itself(open_page: Open):
    page = with_pictures(open_page)
    page.get_by_role("searchbox").fill("%")
    page.keyboard.press("Enter")
    expect(page.locator(".empty")).to_contain_text("Nothing fits")


def test_a_decision_is_chosen_without_a_button(open_page: Open):
    page = with_pictures(open_page)
    page.get_by_label("Decision").select_option("held")
    expect(page.locator(".empty")).to_contain_text("Nothing fits")


def test_pictures_are_selected_by_keyboard_and_starred(open_page: Open):
    page = with_pictures(open_page)
    page.locator("#main").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("x")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+X")
    expect(page.locator("[data-num-selected]")).to_have_text("3 selected")
    page.keyboard.press("s")
    expect(page.locator("svg.starred")).to_have_count(3)


def test_a_board_takes_what_is_selected(open_page: Open):
    page = with_pictures(open_page)
    page.locator("input[name=image]").first.check()
    page.get_by_placeholder("Board or tag").fill("Cats")
    page.get_by_role("button", name="Put on board").click()
    page.get_by_role("radio", name="Cats").check()
    expect(page.locator("#cards figure")).to_have_count(1)


def test_a_board_whose_name_has_no_blank_is_no_wider_than_a_phone(open_page: Open, served: Served):
    page = open_page(viewport={"width": 390, "height": 844})
    draw(page, "W" * 80, num=1)
    page.goto(served.address + "/gallery")
    page.locator("input[name=image]").first.check()
    page.get_by_placeholder("Board or tag").fill("M" * 80)
    page.get_by_role("button", name="Put on board").click()
    expect(page.locator(".filters .chip", has_text="MMM")).to_be_visible()
    assert page.evaluate("() => document.documentElement.scrollWidth") <= 390
    page.locator("a.picture").first.click()
    expect(page.locator("button.tag")).to_be_visible()
    assert page.evaluate("() => document.documentElement.scrollWidth") <= 390


def test_enter_after_a_name_goes_on_to_the_board_and_stars_nothing(open_page: Open):
    page = with_pictures(open_page)
    page.locator("input[name=image]").first.check()
    page.keyboard.press("Control+Enter")  # says nothing of what is to be done
    page.get_by_placeholder("Board or tag").fill("Cats")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Put on board")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("radio", name="Cats 1")).to_be_visible()
    expect(page.locator("svg.starred")).to_have_count(0)


def test_who_comes_back_finds_what_was_selected_in_the_bar(open_page: Open):
    page = with_pictures(open_page)
    page.locator("input[name=image]").first.check()
    page.locator("a.picture").first.click()
    page.get_by_role("heading", name="Checks").wait_for()
    page.go_back()
    expect(page.locator("[data-num-selected]")).to_have_text("1 selected")


def test_a_tag_finds_what_was_tagged(open_page: Open):
    page = with_pictures(open_page)
    page.locator("input[name=image]").nth(1).check()
    page.get_by_placeholder("Board or tag").fill("Best")
    page.get_by_role("button", name="Tag", exact=True).click()
    page.goto(page.url + "?tag=best")
    expect(page.locator("#cards figure")).to_have_count(1)


def test_two_are_compared_by_where_their_recipes_differ(open_page: Open):
    page = with_pictures(open_page)
    page.locator("input[name=image]").nth(1).check()
    page.locator("input[name=image]").nth(2).check()
    page.keyboard.press("c")
    expect(page.locator("tr.differs th")).to_contain_text(["Seed"])
    expect(page.locator("tr.differs")).to_have_count(1)


def test_the_export_has_sealed_files_with_their_proofs(open_page: Open):
    page = with_pictures(open_page)
    for box in page.locator("input[name=image]").all():
        box.check()
    with page.expect_download() as download:
        page.get_by_role("button", name="Export sealed zip").click()
    archive = zipfile.ZipFile(io.BytesIO(download.value.path().read_bytes()))
    listed = json.loads(archive.read("contents.json"))["images"]
    assert all(b"c2pa" in archive.read(one["file"]) for one in listed)
    assert sum(name.startswith("proofs/") for name in archive.namelist()) == 3


def test_a_date_that_is_none_is_refused_in_words(open_page: Open, served: Served):
    page = open_page("/gallery?since=yesterday")
    expect(page.get_by_text("Dates are written as 2026-01-31")).to_be_visible()


def test_nobody_sees_the_pictures_of_another(open_page: Open, served: Served):
    mine = with_pictures(open_page)
    image_id = mine.locator("#cards figure").first.get_attribute("data-image")
    other = open_page("/gallery", name="somebody else")
    expect(other.locator(".empty")).to_be_visible()
    for path in (
        f"/images/{image_id}",
        f"/images/{image_id}/proof",
        f"/images/{image_id}/alike",
        f"/api/images/{image_id}/thumbnail",
        f"/api/images/{image_id}/file",
        f"/?like={image_id}",
        f"/?start={image_id}",
        f"/draw/start/{image_id}",
        f"/gallery?like={image_id}",
        f"/gallery/compare?image={image_id}&image={image_id}",
    ):
        assert other.request.get(served.address + path).status == 404, path


def test_nobody_changes_or_exports_the_pictures_of_another(open_page: Open, served: Served):
    mine = with_pictures(open_page)
    image_id = mine.locator("#cards figure").first.get_attribute("data-image")
    other = open_page("/gallery", name="somebody else")
    headers = {"Origin": served.address}
    for path, form in (
        (f"/images/{image_id}/star", {}),
        (f"/images/{image_id}/tag", {"tag": "mine"}),
        (f"/images/{image_id}/board", {"name": "mine"}),
        (f"/images/{image_id}/erase", {"reason": "other"}),
        ("/gallery/selected", {"do": "export", "image": image_id}),
        ("/gallery/selected", {"do": "star", "image": image_id}),
    ):
        assert other.request.post(served.address + path, form=form, headers=headers).status == 404
    mine.reload()
    expect(mine.locator("#cards figure")).to_have_count(3)


def test_who_operates_sees_the_pictures_of_all(open_page: Open, person: str):
    with_pictures(open_page)
    operator = open_page("/gallery", name="operator", scopes=("operator",))
    assert operator.locator("#cards figure").count() >= 3


def test_more_is_fetched_before_its_end_is_seen_and_nothing_is_told_to_the_console(
    open_page: Open, monkeypatch
):
    page = with_pictures(open_page)
    monkeypatch.setattr("limner.studio.gallery.PAGE_IMAGES", 2)
    told: list[str] = []
    page.on("console", lambda one: told.append(one.text) if one.type == "error" else None)
    page.reload()
    expect(page.locator("#cards figure")).to_have_count(3)
    expect(page.locator(".more-cards")).to_have_count(0)
    assert told == []


def test_what_is_selected_is_erased_once_it_was_asked_again(open_page: Open):
    page = with_pictures(open_page, seed=181)  # that nobody else has asked for
    page.keyboard.press("Delete")
    expect(page.locator("dialog[open]")).to_have_count(0)  # nothing is selected
    for box in page.locator("input[name=image]").all()[:2]:
        box.check()
    page.keyboard.press("Delete")
    page.get_by_role("button", name="Keep them").click()
    page.keyboard.press("Delete")
    page.get_by_label("Reason").select_option("kept_long_enough")
    page.get_by_role("button", name="Erase", exact=True).click()
    expect(page.locator(".notice")).to_have_text("2 images were erased. The ledger says so.")
    expect(page.locator("#cards figure")).to_have_count(1)


def test_a_file_finds_the_pictures_that_look_like_it(open_page: Open, served: Served):
    page = with_pictures(open_page)
    first = page.locator("figure[data-image]").first.get_attribute("data-image")
    content = page.request.get(f"{served.address}/api/images/{first}/file?format=webp").body()
    page.locator("[data-alike] input").set_input_files(
        {"name": "cat.webp", "mimeType": "image/webp", "buffer": content}
    )
    expect(page.get_by_text("Pictures that look alike")).to_be_visible()
    expect(page.locator("#cards figure").first).to_have_attribute("data-image", first or "")


def test_a_file_that_is_no_picture_finds_nothing_and_says_so(open_page: Open):
    page = open_page("/gallery")
    page.locator("[data-alike] input").set_input_files(
        {"name": "cat.png", "mimeType": "image/png", "buffer": b"not a picture"}
    )
    expect(page.locator(".toast")).to_contain_text("cannot be read as a picture")


def test_facts_of_the_recipe_find_pictures(open_page: Open):
    page = with_pictures(open_page)
    page.get_by_text("More", exact=True).click()
    page.get_by_label("Recipe", exact=True).fill("seed:3 64x64")
    page.keyboard.press("Enter")
    expect(page.locator("#cards figure")).to_have_count(1)
    expect(page.get_by_label("Recipe", exact=True)).to_have_value("seed:3 64x64")
