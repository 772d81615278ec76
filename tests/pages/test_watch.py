"""The Watch and Edge cases pages: an alarm that is seen has led to a paused model, end to end."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from canaries import FEW, Paler
from pages.cards import draw_one, hold
from pages.conftest import Open
from pages.served import Served
from playwright.sync_api import expect
from streams import BEGAN, add_incoming, add_stream, audit, register_active

from limner.core.deciding import Outcome
from limner.core.evidence import Basis, Evidence
from limner.core.gates import Circumstances, Direction, Gate, GateVerdict, Lack, Rule
from limner.core.gating import Found, decide_gate
from limner.core.learnt import LearntKind
from limner.core.models import Cause, ModelVersion, Stage
from limner.store.evidence import add_evidence, evidence_of
from limner.store.models import point_alias, require_state
from limner.store.streams import INCOMING
from limner.studio.eval_judging import Checks
from limner.studio.eval_runs import begin_run, draw_run
from limner.studio.watch.canaries import keep_canaries, redraw_all
from limner.studio.watch.references import Asked, set_stream_reference
from limner.studio.watch.run import watch_all
from limner.testing import PaintedGenerator

LOADED = """async (where) => {
    const images = [...document.querySelectorAll(where)];
    await Promise.all(images.map((one) => { one.loading = "eager"; return one.decode(); }));
    return images.length > 0 && images.every((one) => one.naturalWidth > 0);
}"""
SCORES = np.random.default_rng(1).normal(size=260)


def evidence_on(model: ModelVersion) -> Evidence:
    names = ("suite_sha256", "checks_sha256", "criteria_sha256", "data_sha256")
    return Evidence(
        metric="sharpness.pass_rate",
        suite="private",
        estimate=0.95,
        low=0.9,
        high=0.97,
        confidence=0.95,
        num=200,
        run="run-1",
        started_at=BEGAN,
        measured_at=BEGAN,
        basis=Basis(model_sha256=model.sha256, **{name: f"sha256:{name}" for name in names}),
    )


def gate_answer(served: Served, model: ModelVersion):
    """Whether the model may be active by the evidence that stands."""
    rule = Rule(
        id="sharp",
        metric="sharpness.pass_rate",
        suite="private",
        direction=Direction.AT_LEAST,
        limit=0.8,
        min_num=100,
        max_age_days=30,
        confidence=0.95,
    )
    gate = Gate(name="team", owner="Ada", review_by=BEGAN.date(), licences=("MIT",), rules=(rule,))
    with served.studio.parts.store.models.reading() as connection:
        found = evidence_of(connection, model.sha256)
    basis = evidence_on(model).basis
    return decide_gate(
        gate,
        Found(evidence=found),
        Circumstances(
            now=BEGAN,
            model_sha256=model.sha256,
            gate_registered_at=BEGAN,
            basis={"private": basis},
            criteria_registered_at={basis.criteria_sha256: BEGAN},
        ),
    )


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A studio whose model is active, with evidence, and whose stream has a reference."""
    home: Path = tmp_path_factory.mktemp("watch") / "home"
    starting = Served(home, PaintedGenerator())
    studio = starting.studio
    # Before the worker starts, which registers what draws where nobody has.
    earlier, model = register_active(studio, "0.9"), register_active(studio)
    with starting as served:
        with studio.parts.store.models.writing(BEGAN) as connection:
            point_alias(connection, "default", earlier, BEGAN)
            point_alias(connection, "default", model, BEGAN)
            add_evidence(connection, [evidence_on(model)], BEGAN)
        add_stream(studio, SCORES[:150])
        asked = Asked(num_last=150, run_length=2000, window=50)
        set_stream_reference(studio.parts, studio.card.name, asked)
        add_stream(studio, SCORES[150:200], start=150)
        served.model = model
        yield served


def test_an_alarm_that_is_seen_has_paused_the_model_and_ended_its_evidence(
    open_page: Open, served: Served
):
    """From a quiet stream to a shifted one; then measured again, and watched again."""
    parts, model = served.studio.parts, served.model
    assert gate_answer(served, model).verdict is GateVerdict.PASS
    page = open_page("/watch", scopes=("operator",))
    page.keyboard.press("r")
    expect(page.locator(".multiple").first).to_be_visible()
    expect(page.locator(".multiple.alarm")).to_have_count(0)
    expect(page.locator("article.alarm")).to_have_count(0)

    add_stream(served.studio, SCORES[200:] + 3, start=200)
    page.get_by_role("button", name="Read now").click()
    alarm = page.locator("article.alarm")
    expect(alarm).to_have_count(1)
    expect(alarm).to_contain_text(f"The model {model.label} was paused.")
    expect(alarm).to_contain_text("One piece of evidence ended.")
    expect(alarm).to_contain_text("Told: log")
    expect(alarm).to_contain_text(f"default -> {model.name}@0.9")
    expect(page.locator(".course circle.alarm").first).to_be_visible()

    with parts.store.models.reading() as connection:
        state = require_state(connection, model.sha256)
    assert (state.stage, state.last.cause) == (Stage.PAUSED, Cause.ALARM)
    answer = gate_answer(served, model)
    assert answer.verdict is GateVerdict.INSUFFICIENT
    assert answer.rules[0].lack is Lack.MISSING

    alarm.get_by_role("link", name="Its entry in the ledger").click()
    expect(page.locator(".entry strong")).to_have_text("alarm")

    with parts.store.models.writing(BEGAN) as connection:  # measured again
        again = Evidence.from_document({**evidence_on(model).to_document(), "run": "run-2"})
        add_evidence(connection, [again], BEGAN)
    assert gate_answer(served, model).verdict is GateVerdict.PASS
    set_stream_reference(parts, model.name, Asked(num_last=110))
    (watched,) = watch_all(parts)
    assert watched.alarm is None
    page.goto(served.address + "/watch")
    expect(page.locator("h2 .badge")).to_have_text("watched")
    expect(page.locator("article.alarm")).to_have_count(1)


def test_the_pictures_of_an_alarm_lead_to_their_pages(open_page: Open, tmp_path: Path, browser):
    """Pictures that are drawn, where the mix of sizes has changed."""
    with Served(tmp_path / "home", PaintedGenerator()) as drawn:
        studio = drawn.studio
        for seed in range(3):
            draw_one(studio, "a red fox", seed)
        parts = studio.parts
        set_stream_reference(parts, studio.card.name, Asked())
        image_id = draw_one(studio, "a blue bear", 9)
        from limner.core.watching import Alarm, Change, Done
        from limner.store.watches import raise_alarm, references

        with parts.store.watches.writing(BEGAN) as connection:
            (reference,) = references(connection)
            change = Change(measure="size", note="The mix of size changed.", examples=(image_id,))
            alarm = Alarm(
                alarm_id="alarm-0123456789ab",
                reference_id=reference.reference_id,
                stream=reference.stream,
                raised_at=BEGAN,
                readings=(),
                changes=(change,),
                done=Done(not_paused="It is in no registry."),
            )
            raise_alarm(connection, alarm)
        page = browser.new_context().new_page()
        page.goto(drawn.link("opal", "operator", path="/watch"))
        page.locator("article.alarm .card a.picture").click()
        expect(page).to_have_url(f"{drawn.address}/images/{image_id}")
        page.context.close()


def test_pictures_that_came_in_are_shown_and_lead_to_what_was_found(tmp_path: Path, browser):
    with Served(tmp_path / "home", PaintedGenerator()) as served:
        studio = served.studio
        studio.parts.store.learnt.add(LearntKind.LABEL, "dented", {"tagger": {}}, b"x", BEGAN)
        add_incoming(studio, 110, camera="Pixel 8")
        set_stream_reference(studio.parts, INCOMING, Asked())
        images = add_incoming(studio, 11, start=110, camera="EOS R5")
        held = add_incoming(studio, 1, start=50_000, camera="EOS R5", outcome=Outcome.HELD)
        (watched,) = watch_all(studio.parts)
        assert watched.alarm is not None
        context = browser.new_context(bypass_csp=True)
        page = context.new_page()
        page.goto(served.link("opal", "operator", path="/watch"))
        cards = page.locator("article.alarm .card.incoming")
        expect(cards).to_have_count(6)
        expect(page.locator("article.alarm")).not_to_contain_text("not here any more")
        expect(page.locator("article.alarm")).to_contain_text("In doubt and unsure of every")
        expect(page.locator("article.alarm")).to_contain_text("dented")
        assert page.evaluate(LOADED, "article.alarm .card.incoming img")
        cards.first.locator("a").click()
        expect(page).to_have_url(f"{served.address}/watch/incoming/{images[0]}")
        expect(page.locator("dl.facts")).to_contain_text("in/110.jpg")
        expect(page.locator("dl.facts")).to_contain_text("EOS R5")
        assert page.evaluate(LOADED, "section img")
        results = Axe().run(page)
        assert results.violations_count == 0, results.generate_report()
        assert page.request.get(f"{page.url}/heat/0").status == 404  # no set was asked for
        veil = page.request.get(f"{served.address}/watch/incoming/{held[0]}/veil")
        assert (veil.status, veil.headers["content-type"]) == (200, "image/webp")

        for image_id in images:
            erased = studio.parts.store.looks.erase(image_id, reason="test", recorded_at=BEGAN)
            assert erased
        assert page.goto(f"{served.address}/watch/incoming/{images[0]}").status == 404
        page.goto(f"{served.address}/watch")
        expect(page.locator("article.alarm")).to_contain_text("not here any more")
        context.close()


def test_rates_of_decisions_stand_on_the_page_by_month_and_slice(tmp_path: Path, browser):
    with Served(tmp_path / "home", PaintedGenerator()) as drawn:
        for number, image_id in enumerate(add_stream(drawn.studio, [0.0] * 24)):
            is_good, days = number % 6 != 0, 1 if number < 12 else 40
            audit(drawn.studio, image_id, is_good=is_good, days=days, probability=0.1)
        page = browser.new_context().new_page()
        page.goto(drawn.link("opal", "operator", path="/watch"))
        rows = page.locator("table.rates tbody tr")
        for image_id in add_incoming(drawn.studio, 2):
            audit(drawn.studio, image_id, is_good=True, days=1, probability=0.1)
        page.goto(f"{drawn.address}/watch")
        heads = ["All", "2026-01", "2026-02"]
        heads += [f"model {drawn.studio.card.name}@{drawn.studio.card.version}", "model incoming"]
        heads += ["size 64x64", "size 640x480"]
        expect(rows.locator("th")).to_have_text(heads)
        expect(rows.first).to_contain_text("84.6 % (")
        expect(rows.first.locator("line.interval").first).to_be_attached()
        for width in (1280, 390):
            page.set_viewport_size({"width": width, "height": 844})
            assert page.evaluate("() => document.documentElement.scrollWidth") <= width
            page.screenshot(path=tmp_path / f"rates-{width}.png", full_page=True)
        page.context.close()


def test_canaries_that_came_out_differently_are_shown_beside_what_they_were(
    tmp_path: Path, browser
):
    painter = Paler()
    with Served(tmp_path / "home", painter) as drawn:
        studio = drawn.studio
        checks = Checks(studio.parts)
        run = begin_run(studio.parts, FEW, checks)
        draw_run(studio.parts, run, checks)
        keep_canaries(studio.parts, run.run_id)
        painter.is_pale = True
        redraw_all(studio.parts)
        page = browser.new_context().new_page()
        page.goto(drawn.link("opal", "operator", path="/watch"))
        panel = page.locator(".canaries")
        expect(panel.locator("h2")).to_contain_text("Canary set of painted")
        expect(panel.locator("article.alarm h3")).to_contain_text("6 of 6 pictures look different")
        pairs = panel.locator("details").first.locator(".redrawn")
        expect(pairs).to_have_count(4)
        first, second = (pairs.first.locator("img").nth(k).get_attribute("src") for k in (0, 1))
        assert first
        assert second
        assert first != second
        for width in (1280, 390):
            page.set_viewport_size({"width": width, "height": 844})
            assert page.evaluate("() => document.documentElement.scrollWidth") <= width
            page.screenshot(path=tmp_path / f"canaries-{width}.png", full_page=True)
        page.context.close()


def test_who_is_no_operator_sees_no_streams(open_page: Open, served: Served):
    page = open_page("/verify")
    assert page.request.get(served.address + "/watch").status == 403
    assert page.request.get(served.address + "/edge-cases").status == 403
    expect(page.locator(".nav")).not_to_contain_text("Watch")


def test_edge_cases_are_found_by_reason_and_lead_to_the_picture(open_page: Open, served: Served):
    studio = served.studio
    image_id = draw_one(studio, "a red fox", 77)
    hold(studio, image_id)
    from limner.studio.review import complain

    complain(studio.parts, image_id, "rights")
    page = open_page("/edge-cases", scopes=("operator",))
    page.get_by_label("Reason", exact=True).select_option("complaint")
    page.get_by_role("button", name="Find").click()
    expect(page.locator("tr.case")).to_have_count(1)
    search = page.get_by_label("Words in prompt, reason or notes")
    search.fill("zebra")
    page.get_by_role("button", name="Find").click()
    expect(page.locator("tr.case")).to_have_count(0)
    search.fill("fox complained")
    page.get_by_role("button", name="Find").click()
    expect(page.locator("tr.case")).to_have_count(1)
    page.get_by_label("Since").fill("2999-01-01")
    page.get_by_role("button", name="Find").click()
    expect(page.locator("tr.case")).to_have_count(0)
    page.go_back()
    page.locator("tr.case a").click()
    expect(page).to_have_url(f"{served.address}/images/{image_id}")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("place", ["/watch", "/edge-cases"])
def test_axe_finds_nothing(open_page: Open, served: Served, place: str, scheme: str):
    page = open_page(place, scopes=("operator",), color_scheme=scheme, bypass_csp=True)
    results = Axe().run(page)
    assert results.violations_count == 0, results.generate_report()


@pytest.mark.parametrize("place", ["/watch", "/edge-cases"])
def test_nothing_is_wider_than_a_phone(open_page: Open, served: Served, place: str):
    page = open_page(place, scopes=("operator",), viewport={"width": 390, "height": 844})
    assert page.evaluate("() => document.documentElement.scrollWidth") <= 390


def test_a_day_that_is_none_is_refused_in_words(open_page: Open, served: Served):
    page = open_page("/edge-cases?since=yesterday", scopes=("operator",))
    expect(page.locator("main")).to_contain_text("The day is 'yesterday'")
