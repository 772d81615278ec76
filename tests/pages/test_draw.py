from dataclasses import replace

from pages.cards import HELD
from pages.conftest import Open
from pages.served import Served
from pages.steps import draw, first_image
from playwright.sync_api import expect

from limner.core.deciding import Outcome
from limner.core.records import Request
from limner.store.judgements import add_judgement
from limner.testing import PAINTED_CARD, PaintedGenerator


def test_an_empty_page_offers_prompts_to_begin_with(open_page: Open):
    page = open_page()
    page.get_by_role("button", name="a red fox").click()
    expect(page.get_by_label("What shall be drawn")).to_have_value("a red fox")


def test_ctrl_enter_draws_and_each_picture_says_what_was_decided(open_page: Open):
    page = open_page()
    draw(page, "a red fox", num=3)
    expect(page.locator(".job").first.locator(".badge.released")).to_have_count(3)


def test_what_was_typed_survives_a_refresh(open_page: Open):
    page = open_page()
    page.get_by_label("What shall be drawn").fill("half a sentence")
    page.reload()
    expect(page.get_by_label("What shall be drawn")).to_have_value("half a sentence")


def test_a_job_that_is_drawn_survives_a_refresh(open_page: Open):
    page = open_page()
    page.get_by_role("spinbutton", name="Pictures").fill("24")
    page.get_by_label("What shall be drawn").fill("many foxes")
    page.get_by_label("What shall be drawn").press("Control+Enter")
    expect(page.locator(".job")).to_have_count(1)
    page.reload()
    expect(page.locator(".job[data-over] a.picture")).to_have_count(24)


def test_previews_are_shown_while_it_is_drawn(open_page: Open):
    page = open_page()
    page.get_by_role("spinbutton", name="Pictures").fill("64")
    page.get_by_label("What shall be drawn").fill("a slow fox")
    page.get_by_label("What shall be drawn").press("Control+Enter")
    preview = page.locator(".picture.preview img[src^='data:image/webp']").first
    expect(preview).to_be_visible(timeout=20_000)


def test_previews_stay_when_another_picture_of_the_job_is_decided(open_page: Open):
    page = open_page()
    page.get_by_text("More", exact=True).click()
    page.get_by_role("spinbutton", name="Steps").fill("50")
    page.get_by_label("What shall be drawn").fill("a slow fox")
    page.get_by_label("What shall be drawn").press("Control+Enter")
    expect(page.locator(".picture.preview").first).to_be_visible()
    lost = page.evaluate("""async () => {
        const shown = (which) => [...document.querySelectorAll(`.card:has(${which})`)];
        const before = shown(".picture.preview").map((one) => one.dataset.index);
        await htmx.ajax("GET", "/draw/jobs", { target: "#jobs", swap: "innerHTML" });
        const after = shown(".picture.preview, a.picture").map((one) => one.dataset.index);
        return before.length ? before.filter((one) => !after.includes(one)) : ["none"];
    }""")
    assert lost == []


def test_a_job_is_cancelled_by_a_key(open_page: Open):
    page = open_page()
    page.get_by_role("spinbutton", name="Pictures").fill("64")
    page.get_by_label("What shall be drawn").fill("too many foxes")
    page.get_by_label("What shall be drawn").press("Control+Enter")
    expect(page.locator(".job:not([data-over])")).to_have_count(1)
    page.locator("#main").focus()
    page.keyboard.press("x")
    expect(page.locator(".job[data-state=cancelled]")).to_have_count(1)


def test_what_cannot_be_honoured_is_said_at_the_form(open_page: Open):
    page = open_page()
    page.get_by_label("What shall be drawn").fill("word " * 40)
    page.get_by_label("What shall be drawn").press("Control+Enter")
    expect(page.locator("#ask-fault")).to_contain_text("40 tokens")


def test_a_prompt_is_shown_as_text_whatever_it_holds(open_page: Open):
    page = open_page()
    draw(page, "<img src=x onerror=alert(1)> fox", num=1)
    expect(page.locator(".job .prompt").first).to_have_text("<img src=x onerror=alert(1)> fox")
    assert page.locator(".job .prompt img").count() == 0


def test_keep_takes_the_seed_of_the_last_pictures(open_page: Open):
    page = open_page()
    draw(page, "a red fox", num=1, seed="77")
    page.locator("#seed").fill("")
    page.get_by_role("button", name="Keep").click()
    expect(page.locator("#seed")).to_have_value("77")


def test_redrawing_says_the_one_thing_that_changed(open_page: Open, served: Served):
    page = open_page()
    draw(page, "a red fox", num=1, seed="5")
    page.goto(f"{served.address}/?like={first_image(page)}")
    expect(page.locator("[data-changes]")).to_contain_text("as it was")
    page.get_by_role("radio", name="striped").check()
    expect(page.locator("[data-changes]")).to_have_text("Changed: Style nothing → striped")
    page.locator("select[name=background]").select_option("transparent")
    page.get_by_role("spinbutton", name="Pictures").fill("2")
    expect(page.locator("[data-changes]")).to_have_text(
        "Changed: Style nothing → striped, Pictures 1 → 2, Background by prompt → transparent"
    )


def test_a_part_that_is_painted_over_is_drawn_anew_and_held_with_its_reason(
    open_page: Open, served: Served
):
    page = open_page()
    draw(page, "a red fox", num=1)
    page.goto(f"{served.address}/?start={first_image(page)}&mode=edit")
    page.locator("[data-brush]").focus()
    page.keyboard.press("Space")
    page.get_by_role("spinbutton", name="Pictures").fill("1")
    page.locator("#draw-button").click()
    held = page.locator(".job").first.locator("figure")
    expect(held.locator(".badge.held")).to_be_visible()
    expect(held).to_contain_text("Parts of a given picture were repainted.")


def test_a_mask_with_nothing_painted_is_refused_by_name(open_page: Open, served: Served):
    page = open_page()
    draw(page, "a red fox", num=1)
    page.goto(f"{served.address}/?start={first_image(page)}&mode=edit")
    page.locator("#draw-button").click()
    expect(page.locator("#ask-fault")).to_contain_text("Nothing is marked")


def test_what_the_brush_painted_can_be_undone(open_page: Open, served: Served):
    page = open_page()
    draw(page, "a red fox", num=1)
    page.goto(f"{served.address}/?start={first_image(page)}&mode=edit")
    page.locator("[data-brush]").click()
    page.get_by_role("button", name="Undo").click()
    page.locator("#draw-button").click()
    expect(page.locator("#ask-fault")).to_contain_text("Nothing is marked")


def test_a_picture_is_extended(open_page: Open, served: Served):
    page = open_page()
    draw(page, "a red fox", num=1)
    page.goto(f"{served.address}/?start={first_image(page)}&mode=extend")
    page.get_by_label("Left, px").fill("32")
    page.get_by_role("spinbutton", name="Pictures").fill("1")
    page.locator("#draw-button").click()
    expect(page.locator(".job[data-over]")).to_have_count(2)
    page.locator(".job").first.locator("a.picture").click()
    expect(page.locator("dl.facts").first).to_contain_text("96x64")


def test_variations_start_from_a_picture(open_page: Open, served: Served):
    page = open_page()
    draw(page, "a red fox", num=1)
    page.goto(f"{served.address}/?start={first_image(page)}")
    page.get_by_role("spinbutton", name="Pictures").fill("2")
    page.locator("#draw-button").click()
    expect(page.locator(".job[data-over]")).to_have_count(2)
    expect(page.locator(".job").first.locator("a.picture")).to_have_count(2)


def test_a_dropped_file_gives_its_recipe_back(open_page: Open, served: Served, tmp_path):
    page = open_page()
    draw(page, "a red fox", num=1, seed="123")
    image_id = first_image(page)
    file = tmp_path / "fox.png"
    file.write_bytes(page.request.get(f"{served.address}/api/images/{image_id}/file").body())
    page.goto(served.address)
    page.get_by_label("What shall be drawn").fill("")
    page.locator("[data-file]").set_input_files(file)
    page.get_by_role("button", name="Use its recipe").click()
    expect(page.get_by_label("What shall be drawn")).to_have_value("a red fox")
    expect(page.locator("#seed")).to_have_value("123")


def test_a_dropped_photo_can_be_started_from_and_is_still_there_after_a_refresh(
    open_page: Open, photo
):
    page = open_page()
    page.locator("[data-file]").set_input_files(photo)
    expect(page.locator("#read-back")).to_contain_text("no recipe")
    page.get_by_role("button", name="Start from the picture").click()
    expect(page.locator("[data-start-picture]")).to_be_visible()
    page.reload()
    expect(page.locator("[data-start-picture]")).to_be_visible()


def test_a_file_that_is_no_picture_is_refused_in_one_sentence(open_page: Open, tmp_path):
    file = tmp_path / "note.png"
    file.write_text("not a picture")
    page = open_page()
    page.locator("[data-file]").set_input_files(file)
    expect(page.locator(".toast")).to_contain_text("cannot be read as a picture")


def test_a_grid_has_a_picture_for_every_pair_of_values(open_page: Open):
    page = open_page()
    page.get_by_label("What shall be drawn").fill("a red fox")
    page.get_by_text("Compare on a grid").click()
    page.get_by_label("Across").select_option("style")
    page.locator("[name=x_values]").fill("plain, striped")
    page.get_by_label("Down").select_option("seed")
    page.locator("[name=y_values]").fill("1..3")
    page.get_by_role("button", name="Draw the grid").click()
    expect(page.locator("table.grid a.picture")).to_have_count(6)
    expect(page.get_by_role("rowheader")).to_have_text(["seed 1", "seed 2", "seed 3"])


def test_another_model_is_chosen_with_what_it_can_honour_and_what_was_typed_goes_along(
    open_page: Open, served: Served, person: str, monkeypatch
):
    card = replace(PAINTED_CARD, name="second", styles=("inked",))
    second = PaintedGenerator(card=card)
    monkeypatch.setattr(served.studio.parts, "_model_names", lambda: ("second",))
    monkeypatch.setattr(served.studio.parts, "_open_model", lambda name: second)
    page = open_page()
    page.get_by_label("What shall be drawn").fill("a red fox")
    page.get_by_label("Model").select_option("second")
    page.get_by_role("radio", name="inked").check()
    expect(page.get_by_label("What shall be drawn")).to_have_value("a red fox")
    page.get_by_label("What shall be drawn").press("Control+Enter")
    expect(page.locator(".job")).to_have_count(1)
    (job,) = served.studio.jobs.list(owner=person)
    assert (job.request["model"], job.request["style"]) == ("second", "inked")


def test_a_stranger_is_told_how_to_sign_in(browser, served: Served):
    page = browser.new_page()
    page.goto(served.address)
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    page.close()


def test_a_pasted_token_signs_in(browser, served: Served, person: str):
    token = served.link(person, "requester").partition("token=")[2]
    context = browser.new_context()
    page = context.new_page()
    page.goto(served.address)
    page.get_by_label("Token").fill(token)
    page.get_by_role("button", name="Enter").click()
    expect(page.get_by_label("What shall be drawn")).to_be_visible()
    assert "token" not in page.url
    context.close()


def test_the_tour_draws_a_picture_at_the_first_start_and_is_told_on_it(open_page: Open):
    page = open_page()
    page.get_by_role("button", name="Take the two-minute tour").click()
    expect(page.get_by_role("heading", name="Every picture has a decision")).to_be_visible()
    expect(page.locator(".tour figure .badge")).to_have_text(["released", "held"])
    expect(page.locator(".tour table.checks tbody tr").first).to_be_visible()
    page.goto(page.url.replace("/tour", ""))
    expect(page.locator(".job .prompt")).to_have_text(["a red fox"])


def test_the_tour_shows_a_picture_that_was_refused(open_page: Open, served: Served):
    page = open_page()
    draw(page, "a red fox", num=1)
    refused = replace(HELD, outcome=Outcome.REFUSED)
    now = served.studio.parts.read_clock()
    with served.studio.parts.store.reviews.writing(now) as connection:
        add_judgement(connection, first_image(page), [], refused, decided_by="rule", now=now)
    page.goto(served.address + "/tour")
    expect(page.get_by_role("heading", name="Your picture was refused.")).to_be_visible()
    expect(page.locator(".tour-card .badge")).to_have_text("refused")
    expect(page.get_by_role("button", name="Draw a red fox")).to_be_visible()


def test_the_tour_says_why_nothing_was_drawn(open_page: Open, served: Served, person: str):
    page = open_page("/tour")
    job = served.studio.jobs.submit(
        Request(prompt="a red fox", steps=50, within_seconds=0.8), owner=person
    )
    error = served.studio.jobs.wait(job.job_id, timeout_seconds=30).error
    page.reload()
    expect(page.get_by_role("alert")).to_contain_text(error.message)


def test_on_a_phone_what_was_asked_for_comes_into_sight(open_page: Open):
    page = open_page(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    expect(page.locator("#draw-button kbd")).to_be_hidden()  # there are no keys to press
    draw(page, "a red fox", num=1)
    expect(page.locator(".job").first).to_be_in_viewport()
