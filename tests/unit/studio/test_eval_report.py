"""Comparing two runs, reporting on one, and what it gives gates to go by."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from streams import register_active

from limner.core.errors import BadInput, DrawingCancelled
from limner.core.gates import Circumstances, Direction, Lack, Rule
from limner.core.gating import decide_rule
from limner.core.judging import Verdict
from limner.core.models import Cause, Claim, EventKind, ModelEvent, Stage
from limner.core.runs import Spot
from limner.evals.specification import Asked
from limner.evals.suite import Aspect, Case, Suite
from limner.store.evidence import end_evidence, standing_evidence
from limner.store.models import register
from limner.store.streams import stream_images
from limner.studio.erase import erase_person
from limner.studio.eval_compare import compare_runs, foreseen
from limner.studio.eval_judging import Checks
from limner.studio.eval_report import (
    evidence_of,
    is_post_hoc,
    keep_evidence,
    renew_evidence,
    report_on,
)
from limner.studio.eval_runs import begin_run, correct_score, draw_run, find_run, score_run
from limner.studio.eval_scorecard import ClaimVerdict
from limner.studio.run_jobs import draw_whole

SUITE = Suite(
    name="own",
    version="1",
    question="Does it count?",
    owner="Design",
    review_by=date(2027, 1, 1),
    seeds=(5, 9, 11, 12),
    checks=("integrity", "count"),
    aspects={Aspect.REASONING: ("count",)},
    ways=(),
    cases=tuple(
        Case(id=f"case-{k}", asked=Asked(prompt=f"{count} of thing {k}", concept="x", count=count))
        for k, count in enumerate((1, 2, 1, 3, 1, 2), start=1)
    ),
)


class OlderChecks(Checks):
    """The checks of a version before, in which things were counted otherwise."""

    @property
    def cards(self):
        cards = dict(super().cards)
        return cards | {"count": replace(cards["count"], version="0")}


def run_whole(studio, suite: Suite = SUITE, checks: Checks | None = None):
    checks = checks or Checks(studio.parts)
    run = begin_run(studio.parts, suite, checks)
    draw_run(studio.parts, run, checks)
    return run


def test_a_model_does_not_win_against_itself(studio):
    compared = compare_runs(studio.parts, run_whole(studio), run_whole(studio))
    assert [one.winner for one in compared.differences.values()] == [None, None]


def test_a_check_that_judged_one_run_alone_is_named_as_not_compared(studio):
    first, second = run_whole(studio), run_whole(studio)
    scores = [one for one in studio.parts.store.runs.scores(second.run_id) if one.check == "count"]
    failed = [replace(one, verdict=Verdict.ERROR, cause="timeout") for one in scores]
    studio.parts.store.runs.add(second.run_id, [], failed)
    compared = compare_runs(studio.parts, first, second)
    assert list(compared.differences) == ["integrity"]
    assert compared.not_compared == ("count",)
    assert compared.to_document()["not_compared"] == ["count"]


def test_pictures_of_a_run_are_in_no_stream_that_is_watched(studio):
    run_whole(studio)
    with studio.parts.store.watches.reading() as connection:
        assert stream_images(connection, studio.card.name) == []


def test_the_same_two_runs_give_the_same_answer(studio):
    runs = run_whole(studio), run_whole(studio)
    assert compare_runs(studio.parts, *runs) == compare_runs(studio.parts, *runs)


def test_runs_of_other_suites_are_not_compared(studio):
    other = replace(SUITE, version="2")
    with pytest.raises(BadInput, match="other suites"):
        compare_runs(studio.parts, run_whole(studio), run_whole(studio, other))


def test_runs_judged_by_other_versions_are_compared_once_the_older_is_scored_again(studio):
    older = run_whole(studio, checks=OlderChecks(studio.parts))
    newer = run_whole(studio)
    with pytest.raises(BadInput, match="other versions of these checks: count"):
        compare_runs(studio.parts, older, newer)
    score_run(studio.parts, older, Checks(studio.parts))
    compared = compare_runs(studio.parts, older, newer)
    assert [one.winner for one in compared.differences.values()] == [None, None]


def test_a_run_that_was_scored_again_is_not_compared_with_what_was_not(studio):
    runs = [run_whole(studio, checks=OlderChecks(studio.parts)) for _ in range(2)]
    score_run(studio.parts, runs[0], Checks(studio.parts))
    with pytest.raises(BadInput, match="other versions of these checks: count"):
        compare_runs(studio.parts, *runs)


def test_runs_with_fewer_than_four_seeds_are_not_compared(studio):
    few = replace(SUITE, seeds=(5, 9))
    with pytest.raises(BadInput, match="has 2 seeds; a comparison needs at least 4"):
        compare_runs(studio.parts, run_whole(studio, few), run_whole(studio, few))


def test_a_run_that_is_not_at_its_end_is_not_compared(studio):
    begun = begin_run(studio.parts, SUITE, Checks(studio.parts))
    with pytest.raises(BadInput, match="has 0 of 24 pictures"):
        compare_runs(studio.parts, run_whole(studio), begun)


def test_it_is_said_beforehand_what_a_comparison_can_see():
    assert all(0 < one < 1 for one in foreseen(SUITE).values())


def test_a_report_over_no_pictures_is_refused(studio):
    begun = begin_run(studio.parts, SUITE, Checks(studio.parts))
    with pytest.raises(BadInput, match="has no pictures, so there is nothing to report"):
        report_on(studio.parts, begun)


def test_aspects_that_were_not_measured_are_said_to_be_so(studio):
    aspects = report_on(studio.parts, run_whole(studio)).to_document()["aspects"]
    assert (aspects["reasoning"], aspects["fairness"]) == ({"count": 0.5}, "not measured")


def test_every_aspect_is_in_the_report(studio):
    assert set(report_on(studio.parts, run_whole(studio)).grid) == set(Aspect)


def test_the_worst_cases_come_with_their_pictures(studio):
    worst = report_on(studio.parts, run_whole(studio)).worst
    assert [one.case.id for one in worst] == ["case-2", "case-4", "case-6"]
    assert worst[0].pictures[0].data_url.startswith("data:image/webp;base64,")


def test_an_erased_picture_is_said_to_be_erased(studio):
    run, parts = run_whole(studio), studio.parts
    image_id = next(
        one.image_id
        for one in parts.store.runs.pictures(run.run_id)
        if one.spot == Spot("case-2", 5)
    )
    parts.store.erase_image(image_id, reason="person_asked", recorded_at=parts.read_clock())
    faults = [one.fault for one in report_on(parts, run).worst[0].pictures]
    assert faults == ["erased", "", "", ""]


def test_a_correction_changes_the_numbers_and_is_counted(studio):
    run, parts = run_whole(studio), studio.parts
    before = report_on(parts, run)
    correct_score(
        parts, run, Spot("case-2", 5), "count", Verdict.PASS, author="Ada", reason="they touch"
    )
    after = report_on(parts, run)
    assert (after.num_corrected, after.results_sha256 == before.results_sha256) == (1, False)


def test_criteria_that_were_never_frozen_are_post_hoc(studio):
    report = report_on(studio.parts, run_whole(studio), criteria="team")
    assert report.is_post_hoc


def test_criteria_frozen_after_the_run_began_are_post_hoc(studio):
    run = run_whole(studio)
    earlier = replace(run, started_at=run.started_at - timedelta(seconds=1))
    assert is_post_hoc(studio.parts, earlier, run.criteria_sha256)


def test_criteria_that_were_in_force_are_not_post_hoc(studio):
    assert not report_on(studio.parts, run_whole(studio)).is_post_hoc


def test_evidence_rests_on_prompts_and_names_every_hash(studio):
    run = run_whole(studio)
    count = next(
        one
        for one in evidence_of(studio.parts, report_on(studio.parts, run))
        if one.metric == "count.pass_rate" and not one.slice
    )
    assert (count.estimate, count.num, count.basis.suite_sha256) == (0.5, 6, run.suite_sha256)


def test_a_run_that_is_not_at_its_end_is_no_evidence(studio):
    report = replace(report_on(studio.parts, run_whole(studio)), is_whole=False)
    with pytest.raises(BadInput, match="evidence of nothing"):
        evidence_of(studio.parts, report)


def correct(studio, run, *, author: str = "Ada") -> None:
    """Have a person say that a picture which failed is right."""
    correct_score(
        studio.parts, run, Spot("case-2", 5), "count", Verdict.PASS, author=author, reason="right"
    )


def pass_rate(studio, run, check: str = "count"):
    found = evidence_of(studio.parts, report_on(studio.parts, run))
    return next(one for one in found if one.metric == f"{check}.pass_rate" and not one.slice)


def test_evidence_with_corrected_scores_names_who_corrected_them(studio):
    run = run_whole(studio)
    correct(studio, run)
    assert pass_rate(studio, run).labelled_by == ("Ada",)
    assert pass_rate(studio, run, "integrity").labelled_by == ()


def test_who_corrected_a_score_is_named_for_every_slice(studio):
    slices = {"colour": "red"}
    suite = replace(SUITE, cases=tuple(replace(one, slices=slices) for one in SUITE.cases))
    run = run_whole(studio, suite)
    correct(studio, run)
    found = evidence_of(studio.parts, report_on(studio.parts, run))
    assert [
        one.labelled_by
        for one in found
        if (one.metric, one.slice) == ("count.pass_rate", "colour=red")
    ] == [("Ada",)]


def test_a_correction_by_somebody_erased_since_still_counts_as_one(studio):
    from limner.store.evidence import evidence_of as stored_evidence

    run, parts = run_whole(studio), studio.parts
    correct(studio, run)
    erase_person(parts, "Ada")
    report = report_on(parts, run)
    keep_evidence(parts, report)
    with parts.store.models.reading() as connection:
        kept = stored_evidence(connection, run.model_sha256)
    assert report.num_corrected == 1
    assert {one.labelled_by for one in kept if one.metric == "count.pass_rate"} == {("",)}


def test_evidence_with_a_later_correction_is_the_newer_one(studio):
    run, later = run_whole(studio), timedelta(hours=1)
    before, now = pass_rate(studio, run), studio.parts.read_clock()
    studio.parts.read_clock = lambda: now + later
    correct(studio, run)
    assert pass_rate(studio, run).measured_at == before.measured_at + later


def stored_rates(studio, run):
    from limner.store.evidence import evidence_of as stored_evidence

    with studio.parts.store.models.reading() as connection:
        found = stored_evidence(connection, run.model_sha256)
    return [one for one in found if one.metric == "count.pass_rate" and not one.slice]


def test_evidence_follows_what_people_say_of_a_run_later(studio):
    run, now = run_whole(studio), studio.parts.read_clock()
    keep_evidence(studio.parts.for_requester("Bo"), report_on(studio.parts, run))
    studio.parts.read_clock = lambda: now + timedelta(hours=1)
    correct(studio, run)
    renew_evidence(studio.parts, run)
    before, after = stored_rates(studio, run)
    assert after.estimate > before.estimate
    assert (after.labelled_by, after.asked_by) == (("Ada",), "Bo")


def test_evidence_that_was_ended_does_not_come_back_by_a_correction(studio):
    run = run_whole(studio)
    keep_evidence(studio.parts, report_on(studio.parts, run))
    now = studio.parts.read_clock()
    with studio.parts.store.models.writing(now) as connection:
        ended = list(standing_evidence(connection))
        end_evidence(connection, ended, cause="alarm", alarm_id="alarm-1", now=now)
    correct(studio, run)
    renew_evidence(studio.parts, run)
    assert stored_rates(studio, run) == []


def test_evidence_of_a_later_run_is_not_overtaken_by_a_correction_of_an_earlier_one(studio):
    run, now = run_whole(studio), studio.parts.read_clock()
    keep_evidence(studio.parts, report_on(studio.parts, run))
    studio.parts.read_clock = lambda: now + timedelta(hours=1)
    keep_evidence(studio.parts, report_on(studio.parts, run_whole(studio)))
    studio.parts.read_clock = lambda: now + timedelta(hours=2)
    correct(studio, run)
    renew_evidence(studio.parts, run)
    assert [one.labelled_by for one in stored_rates(studio, run)] == [(), ()]


@pytest.mark.parametrize("watts", [0.0, -5.0, float("nan"), float("inf")])
def test_watts_that_no_machine_draws_are_refused(studio, watts):
    run = run_whole(studio)
    with pytest.raises(BadInput, match="allowed is above 0 to 1,000,000"):
        report_on(studio.parts, run, watts=watts)


def test_a_claim_is_not_tested_by_a_run_that_is_not_at_its_end(studio):
    claim = Claim(
        text="Whole", source="card", said_on=date(2025, 1, 1), metric="integrity.pass_rate",
        suite="own", limit=0.1,
    )  # fmt: skip
    model = replace(register_active(studio, "0"), version=studio.card.version, claims=(claim,))
    now = studio.parts.read_clock()
    event = ModelEvent(
        kind=EventKind.REGISTERED, happened_at=now, stage=Stage.ACTIVE, cause=Cause.SHIPPED
    )
    with studio.parts.store.models.writing(now) as connection:
        register(connection, model, event)
    checks = Checks(studio.parts)
    run = begin_run(studio.parts, SUITE, checks)
    with pytest.raises(DrawingCancelled):
        draw_run(studio.parts, run, checks, cancel)
    (judged,) = report_on(studio.parts, run).claims
    assert judged.verdict is ClaimVerdict.NOT_TESTABLE
    assert judged.note == "The suite 'own' was not run whole by this model."
    draw_run(studio.parts, run, checks)
    (judged,) = report_on(studio.parts, run).claims
    assert judged.verdict is ClaimVerdict.MET


def test_no_model_passes_a_gate_by_labels_of_its_owner(studio):
    checks = Checks(studio.parts)
    run = begin_run(studio.parts, SUITE, checks)
    with pytest.raises(DrawingCancelled):
        draw_run(studio.parts, run, checks, cancel)
    correct(studio, run, author="Owner")
    draw_whole(studio.parts, run, checks)
    rule = Rule(
        id="counts", metric="count.pass_rate", suite="own", direction=Direction.AT_LEAST,
        limit=0.1, min_num=3, max_age_days=30, confidence=0.95,
    )  # fmt: skip
    evidence = pass_rate(studio, run)
    circumstances = Circumstances(
        now=evidence.measured_at,
        model_sha256=run.model_sha256,
        gate_registered_at=run.started_at,
        basis={"own": evidence.basis},
        criteria_registered_at={run.criteria_sha256: run.started_at},
        interested=frozenset({"Owner"}),
    )
    assert decide_rule(rule, [evidence], circumstances).lack is Lack.INTERESTED_LABELS


def cancel(num_done: int, _num_cases: int) -> None:
    if num_done == 5:
        raise DrawingCancelled


def test_a_check_that_could_not_judge_everything_gives_no_evidence(studio):
    report = report_on(studio.parts, run_whole(studio))
    metrics = tuple(replace(one, num_unjudged=1) for one in report.metrics)
    found = evidence_of(studio.parts, replace(report, metrics=metrics))
    assert [one for one in found if one.metric.endswith(".pass_rate")] == []


def test_evidence_that_is_kept_can_be_found_by_its_model(studio):
    from limner.store.evidence import evidence_of as stored_evidence

    run = run_whole(studio)
    num_kept = keep_evidence(studio.parts, report_on(studio.parts, run))
    with studio.parts.store.models.reading() as connection:
        assert len(stored_evidence(connection, run.model_sha256)) == num_kept


def test_the_newest_run_can_be_asked_for_by_that_name(studio):
    run = run_whole(studio)
    assert find_run(studio.parts, "last").run_id == run.run_id


def test_a_report_names_the_checks_whose_scores_hold(studio):
    older, newer = run_whole(studio, checks=OlderChecks(studio.parts)), run_whole(studio)
    assert report_on(studio.parts, older).checks_sha256 == older.checks_sha256
    score_run(studio.parts, older, Checks(studio.parts))
    report = report_on(studio.parts, older)
    assert report.checks_sha256 == newer.checks_sha256 != older.checks_sha256
    assert {one.basis.checks_sha256 for one in evidence_of(studio.parts, report)} == {
        newer.checks_sha256
    }


def test_a_run_scored_again_in_part_names_no_set_of_checks(studio):
    older, newer = run_whole(studio, checks=OlderChecks(studio.parts)), run_whole(studio)
    scores = {(one.spot, one.check): one for one in studio.parts.store.runs.scores(newer.run_id)}
    studio.parts.store.runs.add(older.run_id, [], [scores[Spot("case-1", 5), "count"]])
    told = report_on(studio.parts, older).checks_sha256
    assert told not in (older.checks_sha256, newer.checks_sha256)
