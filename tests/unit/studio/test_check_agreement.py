"""How far a check agrees with people is evidence about a model, and it ends."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from registries import GATE, GOOD

from limner.core.errors import BadInput
from limner.core.gates import GateVerdict
from limner.core.judging import Verdict
from limner.core.runs import Spot
from limner.faces.report.capability import sections
from limner.store.evidence import evidence_of
from limner.studio.capability import capability_card
from limner.studio.check_agreement import keep_agreement
from limner.studio.eval_judging import Checks
from limner.studio.eval_runs import begin_run, correct_score, draw_run
from limner.studio.gate_file import GATE_FILE
from limner.studio.promoting import held_by_gate
from limner.studio.suite_file import parse_suite

SUITE = """\
format: limner.suite/1
name: own
version: "1"
question: Does it count?
owner: Design
review_by: 2027-01-01
seeds: [5, 9]
checks: [integrity, count]
cases:
  - {id: one, prompt: one thing, concept: x, count: 1}
  - {id: two, prompt: two things, concept: x, count: 2}
"""
RULE = """\
  - {id: believed, metric: count.agreement, suite: own, direction: at_least, limit: 0.5,
     min_num: 100, max_age_days: 700}
"""


@pytest.fixture
def run(studio):
    asked, checks = parse_suite(SUITE, "own"), Checks(studio.parts)
    run = begin_run(studio.parts, asked, checks)
    draw_run(studio.parts, run, checks)
    return run


def say(studio, run, case_id, *, is_check_right, author="Ada"):
    """A person confirms what `count` said of the first picture of a case, or goes against it."""
    scores = studio.parts.store.runs.scores(run.run_id)
    spot = Spot(case_id, 5)
    said = next(one.verdict for one in scores if one.check == "count" and one.spot == spot)
    other = Verdict.FAIL if said is Verdict.PASS else Verdict.PASS
    verdict = said if is_check_right else other
    correct_score(studio.parts, run, spot, "count", verdict, author=author, reason="I looked")


def test_it_is_the_share_of_peoples_words_that_are_the_checks(studio, run):
    say(studio, run, "one", is_check_right=True)
    say(studio, run, "two", is_check_right=False)
    [kept] = keep_agreement(studio.parts, run)
    assert (kept.metric, kept.estimate, kept.num) == ("count.agreement", 0.5, 2)
    assert kept.labelled_by == ("Ada",)


def test_only_the_last_word_of_a_person_counts(studio, run):
    say(studio, run, "one", is_check_right=False)
    say(studio, run, "one", is_check_right=True)
    [kept] = keep_agreement(studio.parts, run)
    assert kept.estimate == 1


def test_two_people_about_one_picture_count_both(studio, run):
    say(studio, run, "one", is_check_right=False)
    say(studio, run, "one", is_check_right=True, author="Bo")
    [kept] = keep_agreement(studio.parts, run)
    assert (kept.estimate, kept.num, kept.labelled_by) == (0.5, 1, ("Ada", "Bo"))


def test_it_is_stored_of_the_model_with_its_end(studio, run):
    say(studio, run, "one", is_check_right=True)
    [kept] = keep_agreement(studio.parts, run, days=30)
    with studio.parts.store.models.reading() as connection:
        stored = evidence_of(connection, run.model_sha256)
    assert kept in stored
    assert kept.expires_at == kept.measured_at + timedelta(days=30)


def test_it_is_of_what_the_check_says_since_it_was_scored_again(studio, run):
    say(studio, run, "one", is_check_right=True)
    say(studio, run, "two", is_check_right=False)
    runs = studio.parts.store.runs
    own = [one for one in runs.scores(run.run_id) if one.check == "count" and not one.reason]
    wrong = [one for one in own if one.spot == Spot("two", 5)]
    other = {Verdict.PASS: Verdict.FAIL, Verdict.FAIL: Verdict.PASS}
    now = [
        replace(
            one,
            card_sha256="sha256:new",
            verdict=other[one.verdict] if one in wrong else one.verdict,
        )
        for one in own
    ]
    runs.add(run.run_id, [], now)
    [kept] = keep_agreement(studio.parts, run)
    assert kept.estimate == 1
    assert kept.basis.checks_sha256 not in ("", run.checks_sha256)


def test_without_anybodys_word_nothing_is_kept(studio, run):
    with pytest.raises(BadInput, match="Nobody has said yet"):
        keep_agreement(studio.parts, run)


@pytest.mark.parametrize("days", [0, 731])
def test_an_end_out_of_range_is_refused(studio, run, days):
    with pytest.raises(BadInput, match="allowed are 1 to 730"):
        keep_agreement(studio.parts, run, days=days)


@pytest.fixture
def believed(registry):
    """A proposed version, agreement of 0.9 on it that ends on 1 March, and a gate that asks."""
    (registry.home / GATE_FILE).write_text(GATE + RULE)
    registry.open()
    state = registry.propose("2")
    ends_at = datetime(2026, 3, 1, tzinfo=UTC)
    registry.measure(state, GOOD)
    registry.measure(
        state,
        {"counts": (0.9, 0.8, 0.95)},
        lambda one: replace(one, metric="count.agreement", expires_at=ends_at),
    )
    return registry


def answer(registry):
    rules = held_by_gate(registry.parts, "painted@2").rules
    return next(one for one in rules if one.rule.id == "believed")


def test_a_gate_takes_it_until_its_end(believed):
    assert answer(believed).verdict is GateVerdict.PASS
    assert answer(believed).valid_until == datetime(2026, 3, 1, tzinfo=UTC)


def test_a_gate_does_not_take_it_after_its_end(believed):
    believed.now = datetime(2026, 3, 2, tzinfo=UTC)
    assert answer(believed).verdict is GateVerdict.INSUFFICIENT
    assert "ended at 2026-03-01" in answer(believed).note


def test_the_card_shows_it_apart_from_what_the_model_can_do(believed):
    card = capability_card(believed.parts, "painted@2")
    assert "count.agreement" not in {one.evidence.metric for one in card.capabilities}
    [shown] = [one for one in sections(card) if one.title == "How far its checks agree with people"]
    assert "until 2026-03-01" in shown.rows[0][2]
    assert shown.points == ["Nobody's word holds now on: integrity."]


def test_the_card_says_when_it_holds_no_more(believed):
    believed.now = datetime(2026, 3, 2, tzinfo=UTC)
    [shown] = capability_card(believed.parts, "painted@2").agreements
    assert not shown.holds
