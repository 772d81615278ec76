from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from measured import BASIS, EVIDENCE, STARTED_AT

from limner.core.errors import GateInvalid
from limner.core.gates import (
    Circumstances,
    Direction,
    Gate,
    GateVerdict,
    Lack,
    Rule,
    Waiver,
    gate_of_document,
    require_waiver,
)
from limner.core.gating import Found, decide_gate, decide_rule

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
GOOD = replace(EVIDENCE, asked_by="Ada")
SLOW = replace(
    GOOD, metric="draw.seconds", unit="seconds", estimate=2.0, low=1.8, high=2.2, num=100
)
RULE = Rule(
    id="faithful",
    metric="atoms.pass_rate",
    suite="basics",
    direction=Direction.AT_LEAST,
    limit=0.8,
    min_num=200,
    max_age_days=30,
    confidence=0.95,
)
FAST = replace(
    RULE, id="fast", metric="draw.seconds", direction=Direction.AT_MOST, limit=3.0, min_num=50
)
GATE = Gate(
    name="team",
    owner="Ada",
    review_by=date(2026, 12, 1),
    licences=("MIT",),
    rules=(RULE, FAST),
)
NOW_IS = Circumstances(
    now=NOW,
    model_sha256="sha256:m",
    gate_registered_at=STARTED_AT - timedelta(days=1),
    basis={"basics": BASIS},
    criteria_registered_at={"sha256:c": STARTED_AT - timedelta(days=1)},
    interested=frozenset({"Bo"}),
)


def decided(evidence=GOOD, rule=RULE, circumstances=NOW_IS):
    return decide_rule(rule, [evidence], circumstances)


def test_a_rule_passes_when_the_bad_side_bound_keeps_the_limit():
    assert decided().verdict is GateVerdict.PASS


def test_a_good_estimate_with_a_bad_bound_does_not_pass():
    answer = decided(rule=replace(RULE, limit=0.86))
    assert (answer.verdict, answer.lack) == (GateVerdict.INSUFFICIENT, Lack.UNDECIDED)


def test_a_rule_fails_when_even_the_good_side_bound_misses_the_limit():
    assert decided(rule=replace(RULE, limit=0.95)).verdict is GateVerdict.FAIL


def test_the_bound_may_lie_on_the_limit():
    assert decided(rule=replace(RULE, limit=0.85)).verdict is GateVerdict.PASS


@pytest.mark.parametrize(
    ("limit", "verdict"), [(2.2, "pass"), (2.0, "insufficient"), (1.7, "fail")]
)
def test_where_little_is_good_the_bounds_change_sides(limit, verdict):
    assert decided(SLOW, replace(FAST, limit=limit)).verdict == verdict


def test_more_observations_are_named_when_they_would_tell():
    answer = decided(rule=replace(RULE, limit=0.875))  # width 0.05, room 0.025: four times as many
    assert answer.num_more == 900


def test_no_number_is_named_when_more_would_not_help():
    assert decided(rule=replace(RULE, limit=0.92)).num_more is None


def test_a_share_without_a_fault_needs_observations_in_proportion():
    flawless = replace(GOOD, estimate=1.0, low=0.98, high=1.0, num=150)
    answer = decided(flawless, replace(RULE, limit=0.99, min_num=100))
    assert answer.num_more == 150


def test_too_few_observations_do_not_pass():
    answer = decided(rule=replace(RULE, min_num=400))
    assert (answer.verdict, answer.lack, answer.num_more) == (
        GateVerdict.INSUFFICIENT,
        Lack.TOO_FEW,
        100,
    )


def test_no_evidence_does_not_pass():
    answer = decide_rule(RULE, [], NOW_IS)
    assert (answer.verdict, answer.lack, answer.num_more) == (
        GateVerdict.INSUFFICIENT,
        Lack.MISSING,
        200,
    )


@pytest.mark.parametrize("change", [{"metric": "other"}, {"suite": "fair"}, {"slice": "colour"}])
def test_evidence_about_something_else_does_not_count(change):
    assert decided(replace(GOOD, **change)).lack is Lack.MISSING


def test_evidence_about_another_model_does_not_count():
    other = replace(GOOD, basis=replace(BASIS, model_sha256="sha256:other"))
    assert decided(other).lack is Lack.MISSING


@pytest.mark.parametrize("name", ["suite", "checks", "criteria", "data"])
def test_evidence_expires_when_what_it_was_measured_on_changes(name):
    changed = replace(BASIS, **{f"{name}_sha256": "sha256:new"})
    answer = decided(circumstances=replace(NOW_IS, basis={"basics": changed}))
    assert (answer.verdict, answer.lack) == (GateVerdict.INSUFFICIENT, Lack.EXPIRED)
    assert name in answer.note


def test_evidence_of_a_suite_that_is_gone_does_not_count():
    assert decided(circumstances=replace(NOW_IS, basis={})).lack is Lack.EXPIRED


def test_criteria_registered_after_the_run_make_it_post_hoc():
    late = replace(NOW_IS, criteria_registered_at={"sha256:c": STARTED_AT + timedelta(seconds=1)})
    answer = decided(circumstances=late)
    assert (answer.verdict, answer.lack) == (GateVerdict.INSUFFICIENT, Lack.POST_HOC)


def test_criteria_that_were_never_registered_make_it_post_hoc():
    assert decided(circumstances=replace(NOW_IS, criteria_registered_at={})).lack is Lack.POST_HOC


@pytest.mark.parametrize("registered_at", [None, STARTED_AT + timedelta(seconds=1)])
def test_a_gate_registered_after_the_run_makes_it_post_hoc(registered_at):
    late = replace(NOW_IS, gate_registered_at=registered_at)
    assert decided(circumstances=late).lack is Lack.POST_HOC


def test_registered_earlier_in_another_time_zone_is_earlier():
    tokyo = timezone(timedelta(hours=9))  # 20:59 there is 11:59 UTC, before the run
    moment = datetime(2026, 3, 1, 20, 59, tzinfo=tokyo)
    answer = decided(circumstances=replace(NOW_IS, criteria_registered_at={"sha256:c": moment}))
    assert answer.verdict is GateVerdict.PASS


def test_registered_later_in_another_time_zone_is_later():
    new_york = timezone(-timedelta(hours=5))  # 07:01 there is 12:01 UTC, after the run began
    moment = datetime(2026, 3, 1, 7, 1, tzinfo=new_york)
    answer = decided(circumstances=replace(NOW_IS, criteria_registered_at={"sha256:c": moment}))
    assert answer.lack is Lack.POST_HOC


def test_old_evidence_does_not_count():
    answer = decided(circumstances=replace(NOW_IS, now=NOW + timedelta(days=30)))
    assert (answer.verdict, answer.lack) == (GateVerdict.INSUFFICIENT, Lack.TOO_OLD)


def test_evidence_from_the_future_does_not_count():
    answer = decided(circumstances=replace(NOW_IS, now=STARTED_AT - timedelta(hours=1)))
    assert (answer.verdict, answer.lack) == (GateVerdict.INSUFFICIENT, Lack.FROM_THE_FUTURE)


def test_clocks_may_differ_by_minutes():
    circumstances = replace(NOW_IS, now=STARTED_AT + timedelta(minutes=1))
    assert decided(circumstances=circumstances).verdict is GateVerdict.PASS


def test_bounds_less_sure_than_asked_do_not_count():
    assert decided(replace(GOOD, confidence=0.9)).lack is Lack.NOT_CONFIDENT


@pytest.mark.parametrize("person", ["Ada", " ada ", "BO"])
def test_labels_of_who_asked_or_owns_do_not_count(person):
    answer = decided(replace(GOOD, labelled_by=("Cy", person)))
    assert (answer.verdict, answer.lack) == (GateVerdict.INSUFFICIENT, Lack.INTERESTED_LABELS)


def test_labels_of_others_count():
    assert decided(replace(GOOD, labelled_by=("Cy",))).verdict is GateVerdict.PASS


def test_the_newest_evidence_counts_and_not_the_best():
    later = replace(GOOD, measured_at=GOOD.measured_at + timedelta(days=1), low=0.7, run="run-2")
    answer = decide_rule(RULE, [later, GOOD], NOW_IS)
    assert (answer.verdict, answer.evidence) == (GateVerdict.INSUFFICIENT, later)


def test_a_pass_says_until_when():
    assert decided().valid_until == GOOD.measured_at + timedelta(days=30)


def test_a_gate_passes_when_every_rule_does():
    answer = decide_gate(GATE, Found(evidence=[GOOD, SLOW]), NOW_IS)
    assert (answer.verdict, answer.valid_until) == (
        GateVerdict.PASS,
        GOOD.measured_at + timedelta(days=30),
    )


def test_one_missing_rule_is_not_made_up_for():
    assert decide_gate(GATE, Found(evidence=[GOOD]), NOW_IS).verdict is GateVerdict.INSUFFICIENT


def test_a_failure_weighs_more_than_a_lack():
    bad = replace(GOOD, estimate=0.4, low=0.3, high=0.5)
    assert decide_gate(GATE, Found(evidence=[bad]), NOW_IS).verdict is GateVerdict.FAIL


def test_a_gate_without_rules_never_passes():
    empty = replace(GATE, rules=())
    assert decide_gate(empty, Found(evidence=[GOOD]), NOW_IS).verdict is GateVerdict.INSUFFICIENT


def test_a_fault_fails_whatever_was_measured():
    found = Found(evidence=[GOOD, SLOW], faults=("No licence.",))
    assert decide_gate(GATE, found, NOW_IS).verdict is GateVerdict.FAIL


def test_an_ended_certificate_fails_the_gate():
    ended = replace(NOW_IS, ended_certificates=("decent",))
    assert decide_gate(GATE, Found(evidence=[GOOD, SLOW]), ended).verdict is GateVerdict.FAIL


def signature(person, **changes):
    values = {
        "model_sha256": "sha256:m",
        "gate_sha256": GATE.sha256,
        "rule_id": "fast",
        "reason": "Measured on the slow machine.",
        "person": person,
        "signed_at": NOW - timedelta(days=1),
        "expires_at": NOW + timedelta(days=10),
    }
    return Waiver(**values | changes)


def with_waivers(*waivers, evidence=(GOOD,)):
    return decide_gate(GATE, Found(evidence=evidence, waivers=waivers), NOW_IS)


def test_two_people_waive_a_rule():
    answer = with_waivers(signature("Ada"), signature("Bo"))
    assert (answer.verdict, answer.valid_until) == (GateVerdict.PASS, NOW + timedelta(days=10))


def test_a_waived_rule_still_says_what_it_found():
    answer = with_waivers(signature("Ada"), signature("Bo"))
    assert answer.rules[1].verdict is GateVerdict.INSUFFICIENT


@pytest.mark.parametrize("second", ["Ada", "ADA ", "\uff21da"])
def test_two_signatures_of_one_person_waive_nothing(second):
    answer = with_waivers(signature("Ada"), signature(second))
    assert answer.verdict is GateVerdict.INSUFFICIENT


@pytest.mark.parametrize(
    "change",
    [
        {"expires_at": NOW},
        {"signed_at": NOW + timedelta(days=1)},
        {"rule_id": "faithful"},
        {"gate_sha256": "sha256:edited"},
        {"model_sha256": "sha256:other"},
    ],
)
def test_a_signature_for_another_time_or_thing_waives_nothing(change):
    answer = with_waivers(signature("Ada"), signature("Bo", **change))
    assert answer.verdict is GateVerdict.INSUFFICIENT


def test_a_fault_cannot_be_waived():
    waivers = [signature(who, rule_id=rule) for who in ("A", "B") for rule in ("fast", "faithful")]
    found = Found(waivers=waivers, faults=("No licence.",))
    assert decide_gate(GATE, found, NOW_IS).verdict is GateVerdict.FAIL


@pytest.mark.parametrize(
    "change",
    [
        {"reason": " "},
        {"person": ""},
        {"expires_at": NOW - timedelta(days=2)},
        {"expires_at": NOW + timedelta(days=365)},
        {"expires_at": datetime(2026, 3, 20)},  # noqa: DTZ001 - the fault
    ],
)
def test_a_waiver_that_cannot_hold_is_refused(change):
    with pytest.raises(GateInvalid):
        require_waiver(signature(**{"person": "Ada"} | change))


def test_a_gate_comes_back_from_its_document():
    assert gate_of_document(GATE.to_document()) == GATE


def test_a_gate_that_lacks_something_is_refused():
    document = GATE.to_document()
    del document["rules"]
    with pytest.raises(GateInvalid):
        gate_of_document(document)


def test_labels_of_somebody_whose_name_was_erased_do_not_count():
    assert decided(replace(GOOD, labelled_by=("Cy", ""))).lack is Lack.INTERESTED_LABELS
