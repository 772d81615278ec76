"""The capability card says what evidence shows now, and nothing else."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from registries import GATE, GOOD, SUITE

from limner.core.errors import BadInput, NotFound
from limner.evals.suite import Aspect
from limner.faces.report.capability import card_markdown, card_page, summary, write_card
from limner.studio.capability import Standing, capability_card
from limner.studio.promoting import promote, waive


def standings(card) -> dict[str, str]:
    return {one.evidence.metric: str(one.standing) for one in card.capabilities}


@pytest.fixture
def card(registry):
    registry.promoted("2")
    return capability_card(registry.parts, "painted@2")


def test_bounds_decide_and_not_the_number_itself(registry):
    state = registry.propose("2")
    registry.measure(state, {"whole": (0.95, 0.88, 0.98), "counts": (0.4, 0.3, 0.49)})
    found = standings(capability_card(registry.parts, "painted@2"))
    assert found == {"integrity.pass_rate": "needs a person", "count.pass_rate": "cannot"}


def test_what_is_surely_often_right_is_reliable(card):
    assert standings(card) == {
        "integrity.pass_rate": "reliable",
        "count.pass_rate": "needs a person",
    }


def test_evidence_that_lapsed_shows_nothing(registry):
    registry.promoted("2")
    (registry.home / "suites" / "own.yaml").write_text(SUITE.replace("one thing", "another"))
    card = capability_card(registry.parts, "painted@2")
    assert set(standings(card).values()) == {"lapsed"}
    assert card.valid_until is None


@pytest.mark.parametrize("person", ["Ada", "Bo", "Di", ""])
def test_labels_of_whoever_is_interested_show_nothing(registry, person):
    state = registry.promoted("2")  # owned by Ada, proposed by Bo, measured by Di
    registry.measure(state, GOOD, lambda one: replace(one, labelled_by=(person,)))
    assert set(standings(capability_card(registry.parts, "painted@2")).values()) == {"lapsed"}


def test_labels_of_others_count(registry):
    state = registry.promoted("2")
    registry.measure(state, GOOD, lambda one: replace(one, labelled_by=("Eve",)))
    found = standings(capability_card(registry.parts, "painted@2"))
    assert found["integrity.pass_rate"] == "reliable"


def test_what_no_check_measures_is_not_asked_of_people(registry):
    state = registry.promoted("2")
    ends_at = registry.now + timedelta(days=30)
    changes = {"metric": "count.agreement", "expires_at": ends_at}
    registry.measure(state, {"counts": (0.9, 0.8, 0.95)}, lambda one: replace(one, **changes))
    registry.measure(
        state, {"counts": (1.0, 0.9, 1.0)}, lambda one: replace(one, metric="seeds.differ")
    )
    told = card_markdown(capability_card(registry.parts, "painted@2"))
    assert "Nobody's word holds now on: integrity." in told


def test_seconds_are_no_share_and_are_told_as_seconds(registry):
    state = registry.promoted("2")
    timed = {"unit": "seconds", "estimate": 3.14, "low": 2.7, "high": 3.6}
    registry.measure(
        state, {"counts": (0.5, 0.4, 0.6)}, lambda one: replace(one, metric="draw.seconds", **timed)
    )
    card = capability_card(registry.parts, "painted@2")
    assert "draw.seconds" not in standings(card)
    assert "A picture takes 3.1 s (2.7 s to 3.6 s), as run-000000000001 measured." in summary(card)
    assert Aspect.EFFICIENCY not in card.not_measured
    assert card.to_document()["seconds"]["estimate"] == 3.14


def test_only_the_newest_evidence_counts(registry):
    state = registry.promoted("2")
    registry.measure(state, GOOD | {"whole": (0.5, 0.4, 0.6)})
    found = capability_card(registry.parts, "painted@2")
    assert standings(found)["integrity.pass_rate"] == "needs a person"


@pytest.mark.parametrize(
    ("bounds", "num", "is_named"),
    [((0.3, 0.2, 0.4), 20, True), ((0.3, 0.2, 0.4), 19, False), ((1.0, 0.8, 1.0), 20, False)],
)
def test_a_group_is_named_where_it_is_large_and_unlike_the_whole(registry, bounds, num, is_named):
    state = registry.propose("2")
    registry.measure(state, {"whole": (0.99, 0.97, 1.0)})
    registry.measure(
        state, {"whole": bounds}, lambda one: replace(one, slice="colour=red", num=num)
    )
    assert ("colour=red" in card_markdown(capability_card(registry.parts, "painted@2"))) is is_named


def test_a_card_is_valid_until_the_first_rule_ends(card):
    assert card.valid_until == datetime(2026, 1, 31, 12, 1, tzinfo=UTC)


def test_a_card_is_valid_no_longer_than_the_review(registry):
    registry.promoted("2", review_by=date(2026, 1, 9))
    assert capability_card(registry.parts, "painted@2").valid_until.date() == date(2026, 1, 9)


def test_an_ended_card_promises_nothing(registry):
    registry.promoted("2")
    registry.now += timedelta(days=31)
    card = capability_card(registry.parts, "painted@2")
    assert card.valid_until is None
    assert "nothing is promised" in " ".join(summary(card))


def test_a_changed_file_is_the_first_thing_said(registry):
    registry.promoted("2")
    registry.brush_of("2").write_bytes(b"another")
    told = summary(capability_card(registry.parts, "painted@2"))
    assert "Nothing is shown: The file 'brush' of painted@2 is no longer" in told[1]


def test_what_came_with_the_install_claims_no_gate(registry):
    card = capability_card(registry.parts, "painted@1")
    assert (card.answer, card.valid_until) == (None, None)
    assert "went through no gate here" in " ".join(summary(card))


def test_a_stricter_gate_later_does_not_change_what_it_passed(registry):
    registry.promoted("2")
    (registry.home / "gate.yaml").write_text(GATE.replace("limit: 0.5", "limit: 0.99"))
    assert capability_card(registry.parts, "painted@2").valid_until is not None


def test_aspects_nobody_measured_are_named(card):
    assert card.not_measured == tuple(Aspect)  # our suite names none


def test_waivers_are_shown_with_names_reason_and_end(registry):
    state = registry.propose("2")
    registry.measure(state, {"whole": GOOD["whole"]})
    promote(registry.parts, "painted@2", by="Ada")
    asked = {"reason": "It is not used for counting.", "until": date(2026, 2, 1)}
    for person in ("Ada", "Bo"):
        waive(registry.parts, "painted@2", "counts", person=person, **asked)
    text = card_markdown(capability_card(registry.parts, "painted@2"))
    assert "Waived by Ada until 2026-02-01: counts, because It is not used for counting." in text
    assert "Waived by Bo" in text


def test_one_signature_alone_is_not_shown_as_a_waiver(registry):
    registry.propose("2")
    asked = {"reason": "x", "until": date(2026, 2, 1)}
    waive(registry.parts, "painted@2", "counts", person="Ada", **asked)
    assert capability_card(registry.parts, "painted@2").waivers == ()


def test_an_unknown_model_has_no_card(registry):
    with pytest.raises(NotFound):
        capability_card(registry.parts, "posters")


def test_the_markdown_has_every_part_and_the_run_behind_each_number(card):
    text = card_markdown(card)
    titles = ["does reliably", "needs a person", "cannot do", "is not known", "On what evidence"]
    assert all(f"{one}\n" in text for one in titles)
    assert "own, 200 prompts, run-000000000001" in text
    assert "valid until 2026-01-31 12:01 UTC" in text


def test_the_page_stands_alone(card):
    page = card_page(card)
    assert page.startswith("<!doctype html>")
    assert "<script" not in page
    assert "http" not in page.replace("http-equiv", "")


def test_text_of_others_is_no_markup(registry, card):
    version = replace(card.state.version, owner="<b>|Eve|</b>")
    shown = replace(card, state=replace(card.state, version=version))
    assert "<b>|Eve" not in card_page(shown)
    assert "\\<b\\>\\|Eve\\|" in card_markdown(shown)


def test_a_card_is_written_in_the_form_its_name_ends_in(card, tmp_path):
    starts = {".html": "<!doctype html>", ".md": "# What painted@2", ".json": "{"}
    for suffix, start in starts.items():
        file = write_card(card, tmp_path / f"card{suffix}", overwrite=False)
        assert file.read_text().startswith(start)


def test_a_card_replaces_nothing_and_has_a_known_form(card, tmp_path):
    write_card(card, tmp_path / "card.md", overwrite=False)
    with pytest.raises(BadInput, match="is there already"):
        write_card(card, tmp_path / "card.md", overwrite=False)
    with pytest.raises(BadInput, match=r"ends in '\.pdf'"):
        write_card(card, tmp_path / "card.pdf", overwrite=False)


def test_every_standing_has_its_place_in_the_order(card):
    assert [one.standing for one in card.capabilities] == [Standing.RELIABLE, Standing.PERSON]
