"""The review desk: blind, by three keys, undone in time, and two people where two are needed."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from pages.cards import WHY, draw_one, hold
from pages.conftest import Open
from pages.served import Served
from playwright.sync_api import Page, expect
from streams import add_kept

from limner.core.deciding import Outcome
from limner.core.looking import LabelFound
from limner.studio import review_desk
from limner.studio.look.asking import Desk as LabelDesk
from limner.testing import PaintedGenerator

Desk = Callable[..., Page]


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """A studio of its own for each test: reviewers share one queue."""
    with Served(tmp_path / "home", PaintedGenerator()) as served:
        yield served


@pytest.fixture
def desk(open_page: Open) -> Desk:
    """The desk of a reviewer: ``desk("rob")``."""

    def desk(name: str = "rob", **options) -> Page:
        return open_page("/review", name=name, scopes=("reviewer",), **options)

    return desk


def held(served: Served, prompt: str = "a fox", seed: int = 1, **card) -> str:
    """Draw a picture and hold it; its image_id."""
    image_id = draw_one(served.studio, prompt, seed)
    hold(served.studio, image_id, **card)
    return image_id


def outcome(served: Served, image_id: str) -> Outcome:
    decided = served.studio.parts.store.last_decision(image_id)
    assert decided is not None
    return decided.decision.outcome


def wait_for(served: Served, page: Page, image_id: str, wanted: Outcome) -> None:
    for _ in range(150):
        if outcome(served, image_id) is wanted:
            return
        page.wait_for_timeout(100)
    raise AssertionError(f"{image_id} is still {outcome(served, image_id)}")


def test_an_empty_desk_says_so(desk: Desk):
    expect(desk().get_by_role("heading", name="Nothing waits for you")).to_be_visible()


def test_nothing_of_what_the_checks_said_is_there_before_the_answer(served: Served, desk: Desk):
    held(served)
    page = desk()
    expect(page.get_by_role("heading", name="May this picture leave?")).to_be_visible()
    assert WHY not in page.content()
    assert "exposure" not in page.content()


def test_a_picture_that_came_in_is_shown_with_where_it_came_from(served: Served, desk: Desk):
    image_id = add_kept(served.studio)
    hold(served.studio, image_id)
    page = desk()
    expect(page.locator(".question")).to_contain_text("in/kept.png")
    shown = page.locator("img[data-picture]")
    expect(shown).to_have_attribute("alt", "The picture that came in")
    assert shown.evaluate("(one) => one.decode().then(() => one.naturalWidth)") == 512
    page.keyboard.press("a")
    expect(page.locator("#last")).to_be_visible()


def test_whether_a_label_fits_is_answered_with_one_key(served: Served, desk: Desk, tmp_path: Path):
    image_id, parts = add_kept(served.studio, outcome=Outcome.RELEASED), served.studio.parts
    found = [LabelFound("cup", "0123", 0.6, "unsure")]
    with parts.store.looks.writing(parts.read_clock()) as writing:
        LabelDesk(parts, 1).ask(writing.connection, image_id, found, parts.read_clock())
    page = desk(color_scheme="dark", bypass_csp=True)
    expect(page.locator("#question")).to_have_text("Does the label 'cup' fit this picture?")
    expect(page.locator(".answers")).to_contain_text("Yes")
    assert "unsure: 0.60" not in page.content()
    results = Axe().run(page)
    assert results.violations_count == 0, results.generate_report()
    page.screenshot(path=tmp_path / "label.png")
    page.keyboard.press("r")
    expect(page.locator("#last")).to_contain_text("You said no.")
    expect(page.locator("#last")).to_contain_text("unsure: 0.60")


def test_an_accept_takes_effect_when_the_time_to_undo_is_over(
    served: Served, desk: Desk, monkeypatch
):
    monkeypatch.setattr(review_desk, "UNDO", timedelta(seconds=1))
    image_id = held(served)
    page = desk()
    page.keyboard.press("a")
    expect(page.get_by_role("status").first).to_contain_text("You accepted.")
    wait_for(served, page, image_id, Outcome.RELEASED)


def test_an_answer_has_no_effect_while_it_may_be_undone(served: Served, desk: Desk, monkeypatch):
    monkeypatch.setattr(review_desk, "UNDO", timedelta(hours=1))
    image_id = held(served)
    page = desk()
    page.keyboard.press("a")
    expect(page.locator("#last")).to_be_visible()
    assert outcome(served, image_id) is Outcome.HELD


def test_an_answer_takes_effect_with_the_next_one(served: Served, desk: Desk, monkeypatch):
    monkeypatch.setattr(review_desk, "UNDO", timedelta(hours=1))
    first, second = held(served, "a fox", due_in=timedelta(hours=1)), held(served, "a bear", 2)
    page = desk()
    page.keyboard.press("a")
    expect(page.locator(".question")).to_contain_text("a bear")
    page.keyboard.press("a")
    expect(page.get_by_role("heading", name="Nothing waits for you")).to_be_visible()
    assert (outcome(served, first), outcome(served, second)) == (Outcome.RELEASED, Outcome.HELD)


def test_a_key_held_down_answers_one_card(served: Served, desk: Desk):
    held(served, "a fox", due_in=timedelta(hours=1))
    held(served, "a bear", 2)
    page = desk()
    page.keyboard.down("a")
    expect(page.locator(".question")).to_contain_text("a bear")
    page.keyboard.down("a")  # as the keyboard repeats it
    expect_no_further_answer(page, "a bear")


def test_a_double_click_answers_one_card(served: Served, desk: Desk):
    held(served, "a fox", due_in=timedelta(hours=1))
    held(served, "a bear", 2)
    page = desk()
    page.get_by_role("button", name="Accept").click(click_count=1)
    expect(page.locator(".question")).to_contain_text("a bear")
    page.get_by_role("button", name="Accept").evaluate("(one) => one.scrollIntoView()")
    box = page.get_by_role("button", name="Accept").bounding_box()
    page.mouse.move(box["x"] + 9, box["y"] + 9)
    page.mouse.down(click_count=2)
    page.mouse.up(click_count=2)
    expect_no_further_answer(page, "a bear")


def expect_no_further_answer(page: Page, prompt: str) -> None:
    page.wait_for_timeout(500)
    page.wait_for_load_state("networkidle")
    expect(page.locator(".question")).to_contain_text(prompt)


def test_undo_brings_the_card_back_with_what_the_checks_said(served: Served, desk: Desk):
    image_id = held(served)
    page = desk()
    page.keyboard.press("a")
    page.locator("#last").wait_for()
    page.keyboard.press("z")
    expect(page.locator(".revealed")).to_contain_text(WHY)
    assert outcome(served, image_id) is Outcome.HELD


def test_the_first_answer_stays_on_record_when_it_is_undone(served: Served, desk: Desk):
    image_id = held(served)
    page = desk()
    page.keyboard.press("a")
    page.locator("#last").wait_for()
    page.keyboard.press("z")
    page.locator(".revealed").wait_for()
    entries = served.studio.parts.store.ledger.entries_of("review", subject=image_id)
    assert [one.text.count('"answered"') for one in entries].count(1) == 1


def test_a_digit_gives_the_reason_and_sends_the_answer(served: Served, desk: Desk):
    image_id = held(served)
    page = desk()
    page.keyboard.press("r")
    expect(page.get_by_text("Why? Press a digit.")).to_be_visible()
    page.keyboard.press("2")
    expect(page.locator("#last")).to_contain_text("You rejected.")
    page.goto(served.address + "/verify")  # who leaves has said what they said
    wait_for(served, page, image_id, Outcome.REFUSED)


def test_several_reasons_are_chosen_before_the_answer(served: Served, desk: Desk):
    image_id = held(served)
    page = desk()
    for key in ("2", "5", "r"):
        page.keyboard.press(key)
    expect(page.locator("#last")).to_contain_text("You rejected.")
    page.goto(served.address + "/verify")
    wait_for(served, page, image_id, Outcome.REFUSED)
    decided = served.studio.parts.store.last_decision(image_id)
    assert [one.source for one in decided.decision.reasons] == ["review:malformed", "review:rights"]


def test_who_cannot_tell_hands_the_card_to_somebody_else(served: Served, desk: Desk):
    image_id = held(served)
    page = desk()
    page.keyboard.press("u")
    page.keyboard.press("8")
    page.locator("#last").wait_for()
    page.goto(served.address + "/verify")
    other = desk("ruth")
    expect(other.locator(".question .place")).to_contain_text("somebody could not tell")
    assert outcome(served, image_id) is Outcome.HELD


def test_two_people_must_agree_where_the_card_says_so(served: Served, desk: Desk):
    image_id = held(served, needs_second=True)
    page = desk()
    page.keyboard.press("a")
    page.locator("#last").wait_for()
    page.goto(served.address + "/review")
    page.evaluate("fetch('/review/settle', {method: 'POST'})")
    page.goto(served.address + "/review")
    expect(page.locator(".queue")).to_contain_text("another person is needed")
    assert outcome(served, image_id) is Outcome.HELD
    other = desk("ruth")
    expect(other.locator(".question .place")).to_contain_text("two people, 1 answered")
    other.keyboard.press("a")
    other.locator("#last").wait_for()
    other.goto(served.address + "/verify")
    wait_for(served, other, image_id, Outcome.RELEASED)


def test_nobody_is_asked_about_their_own_image(served: Served, desk: Desk):
    held(served, requester="rob")
    page = desk("rob")
    expect(page.get_by_role("heading", name="Nothing waits for you")).to_be_visible()
    expect(page.locator(".queue")).to_contain_text("your own image")


def test_what_one_person_has_in_front_of_them_nobody_else_gets(served: Served, desk: Desk):
    held(served)
    desk("rob")
    page = desk("ruth")
    expect(page.locator(".queue")).to_contain_text("rob has it")


def test_a_passed_deadline_is_shown(served: Served, desk: Desk):
    held(served, due_in=timedelta(hours=-1))
    page = desk()
    expect(page.locator(".question .place")).to_contain_text("was due")
    expect(page.locator(".question .place")).to_contain_text("the deadline passed")


def test_a_card_passed_on_is_not_given_again_at_once(served: Served, desk: Desk):
    held(served)
    page = desk()
    page.keyboard.press("s")
    expect(
        page.get_by_role("heading", name="Only cards that you passed on are left")
    ).to_be_visible()


def test_the_next_picture_is_there_before_its_card(served: Served, desk: Desk):
    held(served, "a fox", due_in=timedelta(hours=1))
    held(served, "a bear", 2)
    page = desk()
    fetched: list[str] = []
    ahead = page.locator("[data-ahead]").get_attribute("href")
    page.wait_for_load_state("networkidle")
    page.on("requestfinished", lambda one: fetched.append(one.url))
    page.keyboard.press("a")
    expect(page.locator("[data-picture]")).to_have_attribute("src", ahead)
    page.wait_for_function("document.querySelector('[data-picture]').naturalWidth > 0")
    assert served.address + ahead not in fetched


def test_a_refresh_loses_nothing(served: Served, desk: Desk):
    image_id = held(served, "a fox")
    page = desk()
    page.reload()
    expect(page.locator(".question")).to_contain_text("a fox")
    assert outcome(served, image_id) is Outcome.HELD


def test_the_own_statistics_count_the_answer(served: Served, desk: Desk):
    held(served)
    page = desk()
    page.keyboard.press("a")
    page.locator("#last").wait_for()
    page.reload()
    expect(page.locator(".own-review .figures dd").first).to_have_text("1")


def test_the_desk_is_not_for_requesters(served: Served, open_page: Open):
    page = open_page("/")
    assert page.request.get(served.address + "/review").status == 403


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(served: Served, desk: Desk, scheme: str):
    held(served, "a fox", due_in=timedelta(hours=-1), needs_second=True)
    held(served, "a bear", 2)
    held(served, "a wolf", 3, requester="rob")
    page = desk(color_scheme=scheme, bypass_csp=True)
    page.keyboard.press("a")
    page.locator("#last").wait_for()
    results = Axe().run(page)
    assert results.violations_count == 0, results.generate_report()


def test_nothing_is_wider_than_a_phone(served: Served, desk: Desk):
    held(served)
    held(served, "a bear", 2, needs_second=True)
    page = desk(viewport={"width": 390, "height": 844})
    page.keyboard.press("a")
    page.locator("#last").wait_for()
    assert page.evaluate("() => document.documentElement.scrollWidth") <= 390


def test_the_desk_keeps_its_own_security_policy(served: Served, desk: Desk):
    held(served)
    page = desk()
    broken: list[str] = []
    page.on("console", lambda one: broken.append(one.text) if one.type == "error" else None)
    page.on("pageerror", lambda error: broken.append(str(error)))
    page.reload()
    page.keyboard.press("a")
    page.locator("#last").wait_for()
    assert broken == []
