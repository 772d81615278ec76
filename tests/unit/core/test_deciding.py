"""A table of every rule of deciding, and every state it can meet."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from limner.core.criteria import (
    AlwaysReview,
    AuditRates,
    Certificate,
    Consequence,
    Costs,
    Criteria,
    Criterion,
    Target,
)
from limner.core.deciding import (
    RIGHTS_LIKENESS,
    RIGHTS_WITHDRAWN,
    VOID,
    Circumstances,
    Decision,
    Outcome,
    Reason,
    cheapest,
    decide,
    review_band,
    stands,
)
from limner.core.judging import Better, Cause, Limits, Result, Verdict, verdict_of
from limner.core.records import Operation

PIXELS, OTHER_PIXELS, REQUEST = "sha256:aa", "sha256:bb", "sha256:cc"

WHOLE = Criterion(
    id="whole", question="Is it whole?", about="image", check="integrity", version="1",
    limits=None, fail=Consequence.REFUSE, unsure=Consequence.HOLD, error=Consequence.HOLD,
)  # fmt: skip
CLEAN = replace(WHOLE, id="clean", about="request", check="terms")
FITS = replace(WHOLE, id="fits", check="fit", fail=Consequence.WARN, unsure=Consequence.RELEASE)
CRITERIA = Criteria(
    name="test", owner="tests", review_by=date(2100, 1, 1), impact_tiers={"low": 1.0, "high": 20.0},
    default_impact="low", second_reviewer=("high",), may_requester_review=False, always_review=(),
    audit=AuditRates(released=0.2, refused=0.1), criteria=(WHOLE,),
)  # fmt: skip
HERE = Circumstances(
    pixels_sha256=PIXELS, request_sha256=REQUEST, impact=None, operation=Operation.TEXT, chance=0.5
)


def result(verdict: Verdict, check="integrity", **changes) -> Result:
    cause = Cause.RAISED if verdict is Verdict.ERROR else None
    score = None if verdict is Verdict.ERROR else 0.5
    made = Result(
        check=check, version="1", verdict=verdict, judged_sha256=PIXELS,
        limits=Limits(pass_at=1, fail_at=0), score=score, cause=cause,
    )  # fmt: skip
    return replace(made, **changes)


def outcome(*results: Result, criteria: Criteria | None = CRITERIA, **circumstances) -> Outcome:
    return decide(criteria, results, replace(HERE, **circumstances)).outcome


@pytest.mark.parametrize(
    ("verdict", "expected"),
    [
        (Verdict.PASS, Outcome.RELEASED),
        (Verdict.UNSURE, Outcome.HELD),
        (Verdict.FAIL, Outcome.REFUSED),
        (Verdict.ERROR, Outcome.HELD),
    ],
)
def test_each_verdict_has_the_consequence_its_criterion_names(verdict, expected):
    assert outcome(result(verdict)) is expected


def test_decide_holds_when_there_are_no_criteria():
    assert outcome(result(Verdict.PASS), criteria=None) is Outcome.HELD


def test_decide_holds_when_the_criteria_are_empty():
    assert outcome(result(Verdict.PASS), criteria=replace(CRITERIA, criteria=())) is Outcome.HELD


@pytest.mark.parametrize(
    ("verdict", "expected"),
    [
        (Verdict.PASS, Outcome.HELD),
        (Verdict.UNSURE, Outcome.HELD),
        (Verdict.FAIL, Outcome.REFUSED),
    ],
)
def test_a_demand_makes_a_decision_graver_and_never_milder(verdict, expected):
    demand = Reason(
        source="normal:plate",
        verdict=Verdict.FAIL,
        consequence=Consequence.HOLD,
        note="It differs.",
    )
    decision = decide(CRITERIA, [result(verdict)], HERE, demands=[demand])
    assert decision.outcome is expected
    assert demand in decision.reasons


def test_decide_says_why_there_are_no_criteria():
    decision = decide(None, [], HERE, fault="The file is not YAML.")
    assert "The file is not YAML." in decision.reasons[0].note


def test_without_criteria_two_people_must_agree_and_nothing_is_called_an_audit():
    decision = decide(None, [result(Verdict.PASS)], HERE)
    assert decision == Decision(
        outcome=Outcome.HELD, criteria_sha256=None, impact=None, audit_probability=1.0,
        is_audited=False, needs_second=True,
        reasons=(replace(decision.reasons[0], source="criteria", verdict=None,
                         consequence=Consequence.HOLD),),
    )  # fmt: skip


def test_outcomes_have_the_names_they_are_stored_under():
    assert [str(one) for one in Outcome] == ["released", "held", "refused"]


@pytest.mark.parametrize(
    ("results", "circumstances", "source", "verdict"),
    [
        ([], {}, "whole", None),
        ([result(Verdict.ERROR)], {}, "whole", Verdict.ERROR),
        ([result(Verdict.PASS, score=None)], {}, "whole", Verdict.ERROR),
        ([result(Verdict.UNSURE)], {}, "whole", Verdict.UNSURE),
        ([result(Verdict.FAIL)], {}, "whole", Verdict.FAIL),
        ([result(Verdict.PASS)], {"impact": "huge"}, "impact", None),
        ([result(Verdict.PASS)], {"operation": Operation.MASK}, "always-review", None),
    ],
)
def test_a_reason_names_its_rule_and_the_verdict(results, circumstances, source, verdict):
    rule = AlwaysReview(reason="mask", operations=(Operation.MASK,))
    decision = decide(
        replace(CRITERIA, always_review=(rule,)), results, replace(HERE, **circumstances)
    )
    assert [(one.source, one.verdict) for one in decision.reasons] == [(source, verdict)]


def test_an_error_is_an_error_also_with_a_score():
    assert outcome(result(Verdict.ERROR, score=0.5)) is Outcome.HELD


def test_an_unknown_tier_is_judged_by_the_costs_of_the_highest():
    criteria = replace(CRITERIA, criteria=(replace(WHOLE, costs=COSTS),))
    likely_good = result(Verdict.PASS, probability_bad=0.01)
    decision = decide(criteria, [likely_good], replace(HERE, impact="huge"))
    assert {one.source for one in decision.reasons} == {"whole", "impact"}


def test_decide_holds_when_a_check_is_missing():
    assert outcome() is Outcome.HELD


def test_a_result_of_other_pixels_does_not_count():
    assert outcome(result(Verdict.PASS, judged_sha256=OTHER_PIXELS)) is Outcome.HELD


def test_a_result_of_another_version_does_not_count():
    assert outcome(result(Verdict.PASS, version="2")) is Outcome.HELD


def test_a_result_of_another_check_does_not_count():
    assert outcome(result(Verdict.PASS, check="nsfw")) is Outcome.HELD


def test_a_request_criterion_is_answered_by_a_result_about_the_request():
    criteria = replace(CRITERIA, criteria=(CLEAN,))
    about_request = result(Verdict.PASS, check="terms", judged_sha256=REQUEST)
    assert outcome(about_request, criteria=criteria) is Outcome.RELEASED


def test_a_request_criterion_is_not_answered_by_a_result_about_pixels():
    criteria = replace(CRITERIA, criteria=(CLEAN,))
    assert outcome(result(Verdict.PASS, check="terms"), criteria=criteria) is Outcome.HELD


def test_an_incoming_image_has_no_request_that_could_pass():
    criteria = replace(CRITERIA, criteria=(CLEAN,))
    about_request = result(Verdict.PASS, check="terms", judged_sha256=REQUEST)
    assert outcome(about_request, criteria=criteria, request_sha256=None) is Outcome.HELD


def test_of_two_results_the_graver_counts():
    assert outcome(result(Verdict.PASS), result(Verdict.FAIL)) is Outcome.REFUSED
    assert outcome(result(Verdict.PASS), result(Verdict.ERROR)) is Outcome.HELD


def test_an_error_may_refuse_where_the_criterion_says_so():
    criteria = replace(CRITERIA, criteria=(replace(WHOLE, error=Consequence.REFUSE),))
    assert outcome(result(Verdict.ERROR), criteria=criteria) is Outcome.REFUSED
    assert outcome(criteria=criteria) is Outcome.REFUSED


MOOT = replace(result(Verdict.ERROR), cause=Cause.NOT_APPLICABLE)


def test_a_question_that_does_not_arise_is_an_error_where_nothing_else_is_said():
    assert outcome(MOOT) is Outcome.HELD


@pytest.mark.parametrize(
    ("consequence", "expected"),
    [
        (Consequence.RELEASE, Outcome.RELEASED),
        (Consequence.WARN, Outcome.RELEASED),
        (Consequence.HOLD, Outcome.HELD),
        (Consequence.REFUSE, Outcome.REFUSED),
    ],
)
def test_a_question_that_does_not_arise_has_its_own_consequence(consequence, expected):
    criteria = replace(CRITERIA, criteria=(replace(WHOLE, not_applicable=consequence),))
    assert outcome(MOOT, criteria=criteria) is expected


@pytest.mark.parametrize("cause", sorted(set(Cause) - {Cause.NOT_APPLICABLE}))
def test_no_other_error_is_taken_for_a_question_that_does_not_arise(cause):
    criteria = replace(CRITERIA, criteria=(replace(WHOLE, not_applicable=Consequence.RELEASE),))
    assert outcome(result(Verdict.ERROR, cause=cause), criteria=criteria) is Outcome.HELD
    assert outcome(criteria=criteria) is Outcome.HELD


def test_a_pass_without_a_score_is_an_error():
    assert outcome(result(Verdict.PASS, score=None)) is Outcome.HELD


def test_the_gravest_criterion_decides():
    criteria = replace(CRITERIA, criteria=(WHOLE, FITS))
    poor = result(Verdict.FAIL, check="fit")
    assert outcome(result(Verdict.PASS), poor, criteria=criteria) is Outcome.RELEASED
    assert outcome(result(Verdict.UNSURE), poor, criteria=criteria) is Outcome.HELD
    assert outcome(result(Verdict.FAIL), poor, criteria=criteria) is Outcome.REFUSED


def test_a_warning_is_told_with_the_release():
    criteria = replace(CRITERIA, criteria=(FITS,))
    decision = decide(criteria, [result(Verdict.FAIL, check="fit", notes=("Poor.",))], HERE)
    assert (decision.outcome, decision.warnings) == (Outcome.RELEASED, ("Is it whole? Poor.",))


@pytest.mark.parametrize(
    ("verdict", "said"),
    [
        (Verdict.FAIL, "Is it whole? No."),
        (Verdict.UNSURE, "Is it whole? The check is unsure."),
        (Verdict.ERROR, "Is it whole? The check could not tell."),
    ],
)
def test_a_reason_without_notes_says_what_the_check_said(verdict, said):
    assert decide(CRITERIA, [result(verdict)], HERE).reasons[0].note == said


def test_a_probability_without_costs_decides_nothing():
    assert outcome(result(Verdict.FAIL, probability_bad=0.0)) is Outcome.REFUSED


def test_what_holds_an_image_is_no_warning():
    decision = decide(CRITERIA, [result(Verdict.UNSURE)], HERE)
    assert (len(decision.reasons), decision.warnings) == (1, ())


def test_a_plain_pass_gives_no_reason():
    assert decide(CRITERIA, [result(Verdict.PASS)], HERE).reasons == ()


def test_reasons_are_gravest_first():
    criteria = replace(CRITERIA, criteria=(FITS, WHOLE))
    results = [result(Verdict.FAIL, check="fit"), result(Verdict.FAIL)]
    assert [one.source for one in decide(criteria, results, HERE).reasons] == ["whole", "fits"]


def test_an_unknown_impact_tier_holds():
    assert outcome(result(Verdict.PASS), impact="huge") is Outcome.HELD


def test_a_named_impact_goes_before_the_default():
    assert decide(CRITERIA, [result(Verdict.PASS)], replace(HERE, impact="high")).needs_second
    assert not decide(CRITERIA, [result(Verdict.PASS)], HERE).needs_second


@pytest.mark.parametrize(
    ("rule", "circumstances", "expected"),
    [
        (AlwaysReview(reason="all"), {}, Outcome.HELD),
        (AlwaysReview(reason="high", impact=("high",)), {}, Outcome.RELEASED),
        (AlwaysReview(reason="high", impact=("high",)), {"impact": "high"}, Outcome.HELD),
        (AlwaysReview(reason="mask", operations=(Operation.MASK,)), {}, Outcome.RELEASED),
        (
            AlwaysReview(reason="mask", operations=(Operation.MASK,)),
            {"operation": Operation.MASK},
            Outcome.HELD,
        ),
        (
            AlwaysReview(reason="passes", check="integrity", verdicts=(Verdict.PASS,)),
            {},
            Outcome.HELD,
        ),
        (
            AlwaysReview(reason="fails", check="integrity", verdicts=(Verdict.FAIL,)),
            {},
            Outcome.RELEASED,
        ),
        (AlwaysReview(reason="face", check="face", verdicts=(Verdict.FAIL,)), {}, Outcome.HELD),
        (
            AlwaysReview(reason="both", impact=("high",), operations=(Operation.MASK,)),
            {"impact": "high"},
            Outcome.RELEASED,
        ),
    ],
)
def test_an_always_review_rule_holds_when_everything_it_names_is_so(rule, circumstances, expected):
    criteria = replace(CRITERIA, always_review=(rule,))
    assert outcome(result(Verdict.PASS), criteria=criteria, **circumstances) is expected


def test_an_always_review_rule_does_not_rescue_what_is_refused():
    criteria = replace(CRITERIA, always_review=(AlwaysReview(reason="all"),))
    assert outcome(result(Verdict.FAIL), criteria=criteria) is Outcome.REFUSED


@pytest.mark.parametrize(
    ("verdict", "chance", "probability", "is_audited"),
    [
        (Verdict.PASS, 0.19, 0.2, True),
        (Verdict.PASS, 0.2, 0.2, False),
        (Verdict.FAIL, 0.09, 0.1, True),
        (Verdict.FAIL, 0.1, 0.1, False),
        (Verdict.UNSURE, 0.0, 1.0, False),
    ],
)
def test_automatic_decisions_are_audited_by_chance(verdict, chance, probability, is_audited):
    decision = decide(CRITERIA, [result(verdict)], replace(HERE, chance=chance))
    assert (decision.audit_probability, decision.is_audited) == (probability, is_audited)


def test_the_decision_names_the_criteria_by_their_hash():
    assert decide(CRITERIA, [], HERE).criteria_sha256 == CRITERIA.sha256


COSTS = Costs(false_accept=100, false_reject=10, review=2)


@pytest.mark.parametrize(
    ("probability_bad", "impact", "expected"),
    [
        (0.0, 1.0, Consequence.RELEASE),
        (0.019, 1.0, Consequence.RELEASE),
        (0.02, 1.0, Consequence.HOLD),
        (0.79, 1.0, Consequence.HOLD),
        (0.81, 1.0, Consequence.REFUSE),
        (1.0, 1.0, Consequence.REFUSE),
        (0.019, 20.0, Consequence.HOLD),
    ],
)
def test_the_cheapest_choice_is_taken(probability_bad, impact, expected):
    assert cheapest(probability_bad, COSTS, impact) is expected


def test_costs_go_before_the_verdict_where_the_probability_is_calibrated():
    criteria = replace(CRITERIA, criteria=(replace(WHOLE, costs=COSTS),))
    assert outcome(result(Verdict.FAIL, probability_bad=0.001), criteria=criteria) is (
        Outcome.RELEASED
    )
    assert outcome(result(Verdict.PASS, probability_bad=0.9), criteria=criteria) is Outcome.REFUSED


def test_without_a_calibrated_probability_the_verdict_counts():
    criteria = replace(CRITERIA, criteria=(replace(WHOLE, costs=COSTS),))
    assert outcome(result(Verdict.UNSURE), criteria=criteria) is Outcome.HELD


def test_the_cheapest_refusal_is_as_grave_as_the_criterion_makes_a_failure():
    criteria = replace(CRITERIA, criteria=(replace(FITS, costs=COSTS),))
    bad = result(Verdict.FAIL, check="fit", probability_bad=0.99)
    assert outcome(bad, criteria=criteria) is Outcome.RELEASED


def test_high_impact_goes_to_people():
    criteria = replace(CRITERIA, criteria=(replace(WHOLE, costs=COSTS),))
    likely_good = result(Verdict.PASS, probability_bad=0.01)
    assert outcome(likely_good, criteria=criteria) is Outcome.RELEASED
    assert outcome(likely_good, criteria=criteria, impact="high") is Outcome.HELD


CARD = "sha256:dd"
LIMITS = Limits(pass_at=0.9, fail_at=0.2)
CERTIFICATE = Certificate(
    certified_on=date(2026, 1, 1), card_sha256=CARD, labels_sha256="sha256:ee", num_labels=500,
    delta=0.05, pass_at=0.9, fail_at=None, precision=0.95, recall=None, fail_precision=None,
)  # fmt: skip
CERTIFIED = replace(WHOLE, limits=LIMITS, certified=CERTIFICATE)


def under_certificate(verdict: Verdict, criterion=CERTIFIED, **changes) -> Outcome:
    made = result(verdict, **{"limits": LIMITS, "card_sha256": CARD, **changes})
    return outcome(made, criteria=replace(CRITERIA, criteria=(criterion,)))


@pytest.mark.parametrize(
    ("verdict", "expected"),
    [
        (Verdict.PASS, Outcome.RELEASED),
        (Verdict.UNSURE, Outcome.HELD),
        (Verdict.FAIL, Outcome.REFUSED),
        (Verdict.ERROR, Outcome.HELD),
    ],
)
def test_certified_limits_decide_by_the_verdict(verdict, expected):
    assert under_certificate(verdict) is expected


@pytest.mark.parametrize(
    "changes",
    [
        {"card_sha256": "sha256:ff"},
        {"card_sha256": None},
        {"limits": Limits(pass_at=0.8, fail_at=0.2)},
        {"limits": None},
    ],
)
def test_a_certificate_of_another_check_or_other_limits_releases_nothing(changes):
    assert under_certificate(Verdict.PASS, **changes) is Outcome.HELD
    assert under_certificate(Verdict.FAIL, **changes) is Outcome.REFUSED


def test_a_void_certificate_is_told():
    criteria = replace(CRITERIA, criteria=(CERTIFIED,))
    passed = result(Verdict.PASS, limits=LIMITS, card_sha256="sha256:ff")
    assert decide(criteria, [passed], HERE).reasons[0].note == f"Is it whole? Yes. {VOID}"


def test_a_void_certificate_holds_also_where_a_failure_only_warns():
    mild = replace(CERTIFIED, fail=Consequence.WARN)
    assert under_certificate(Verdict.FAIL, mild) is Outcome.RELEASED
    assert under_certificate(Verdict.FAIL, mild, card_sha256=None) is Outcome.HELD


def test_a_certified_failing_limit_must_be_the_one_that_was_laid():
    both = replace(CERTIFIED, certified=replace(CERTIFICATE, fail_at=0.2))
    other = Limits(pass_at=0.9, fail_at=0.1)
    assert under_certificate(Verdict.PASS, both) is Outcome.RELEASED
    assert under_certificate(Verdict.PASS, both, limits=other) is Outcome.HELD


@pytest.mark.parametrize(
    ("verdict", "probability_bad", "expected"),
    [
        (Verdict.PASS, 0.001, Outcome.RELEASED),
        (Verdict.PASS, 0.5, Outcome.HELD),
        (Verdict.UNSURE, 0.001, Outcome.HELD),
        (Verdict.FAIL, 0.001, Outcome.REFUSED),
        (Verdict.PASS, None, Outcome.RELEASED),
    ],
)
def test_costs_never_release_what_certified_limits_do_not(verdict, probability_bad, expected):
    priced = replace(CERTIFIED, costs=COSTS)
    assert under_certificate(verdict, priced, probability_bad=probability_bad) is expected


def test_a_certificate_keeps_a_target_it_promises_no_less_than():
    target = Target(precision=0.95, recall=None, confidence=0.95)
    assert CERTIFICATE.keeps(target)
    assert not CERTIFICATE.keeps(replace(target, precision=0.96))
    assert not CERTIFICATE.keeps(replace(target, recall=0.1))
    assert not CERTIFICATE.keeps(replace(target, fail_precision=0.1))
    assert not CERTIFICATE.keeps(replace(target, confidence=0.96))


@given(
    st.floats(0, 1), st.floats(0, 1e6), st.floats(0, 1e6), st.floats(0, 1e6), st.floats(0.1, 100)
)
def test_the_choice_never_gets_milder_as_an_image_gets_worse(p, accept, reject, review, impact):
    costs = Costs(false_accept=accept, false_reject=reject, review=review)
    better, worse = cheapest(p / 2, costs, impact), cheapest(p, costs, impact)
    assert better.gravity <= worse.gravity


@pytest.mark.parametrize(
    ("accept", "reject", "review", "impact", "expected"),
    [
        (100, 10, 2, 1, (0.02, 0.8)),
        (100, 10, 2, 5, (0.004, 0.8)),
        (30, 10, 100, 1, (0.25, 0.25)),
        (10, 10, 5, 1, (0.5, 0.5)),
        (0, 10, 2, 1, (1.0, 1.0)),
        (100, 0, 2, 1, (0.0, 0.0)),
        (0, 0, 2, 1, (1.0, 1.0)),
        (100, 10, 0, 1, (0.0, 1.0)),
    ],
)
def test_the_band_lies_where_the_costs_put_it(accept, reject, review, impact, expected):
    costs = Costs(false_accept=accept, false_reject=reject, review=review)
    assert review_band(costs, impact) == pytest.approx(expected)


@given(st.floats(0.001, 1e3), st.floats(0.001, 1e3), st.floats(0.001, 1e3))
def test_the_band_is_where_a_person_is_cheapest(accept, reject, review):
    costs = Costs(false_accept=accept, false_reject=reject, review=review)
    low, high = review_band(costs, 1.0)
    assert 0 <= low <= high <= 1
    if high - low > 1e-3:
        assert cheapest((low + high) / 2, costs, 1.0) is Consequence.HOLD
    if low > 1e-3:
        assert cheapest(low * 0.99, costs, 1.0) is Consequence.RELEASE


@pytest.mark.parametrize(
    ("score", "better", "expected"),
    [
        (0.8, Better.HIGHER, Verdict.PASS),
        (0.7, Better.HIGHER, Verdict.UNSURE),
        (0.2, Better.HIGHER, Verdict.FAIL),
        (float("nan"), Better.HIGHER, Verdict.ERROR),
        (float("inf"), Better.HIGHER, Verdict.ERROR),
    ],
)
def test_a_score_is_laid_to_its_limits(score, better, expected):
    assert verdict_of(score, Limits(pass_at=0.8, fail_at=0.2), better) is expected


def test_limits_turn_round_where_lower_is_better():
    limits = Limits(pass_at=0.2, fail_at=0.8)
    verdicts = [verdict_of(score, limits, Better.LOWER) for score in (0.2, 0.5, 0.8)]
    assert verdicts == [Verdict.PASS, Verdict.UNSURE, Verdict.FAIL]


INCOMING = {"request_sha256": None, "operation": None}


LOW = decide(CRITERIA, [result(Verdict.PASS)], HERE)
HIGH = decide(CRITERIA, [result(Verdict.UNSURE)], replace(HERE, impact="high"))
OTHER_CRITERIA = replace(LOW, criteria_sha256="sha256:dd")


def by(source: str, outcome: Outcome) -> Decision:
    """What is decided by something else than the criteria."""
    reason = Reason(source=source, verdict=None, consequence=Consequence.HOLD, note="")
    return replace(LOW, outcome=outcome, reasons=(reason,))


HELD = replace(LOW, outcome=Outcome.HELD)
REFUSED = replace(LOW, outcome=Outcome.REFUSED)


@pytest.mark.parametrize(
    ("earlier", "later", "is_by_person", "expected"),
    [
        (LOW, LOW, False, True),  # the same again
        (LOW, HELD, False, False),  # the same criteria are graver now
        (HELD, LOW, False, True),  # and milder they lift nothing
        (HELD, OTHER_CRITERIA, False, False),  # other criteria decide anew
        (LOW, HIGH, False, False),  # more is at stake
        (LOW, HIGH, True, False),  # for which no person was asked
        (HELD, HIGH, False, False),  # and two people are to look instead of one
        (HIGH, LOW, False, True),  # a milder stake lifts nothing
        (HIGH, OTHER_CRITERIA, False, True),
        (LOW, REFUSED, True, True),  # people overrule rules
        (REFUSED, OTHER_CRITERIA, True, True),
        (by(RIGHTS_WITHDRAWN, Outcome.REFUSED), OTHER_CRITERIA, False, True),
        (by(RIGHTS_LIKENESS, Outcome.HELD), OTHER_CRITERIA, False, True),
        (by(RIGHTS_LIKENESS, Outcome.HELD), REFUSED, False, False),
        (replace(HELD, impact=None, criteria_sha256=None), LOW, False, False),  # had no criteria
        # what is released by rule at a higher stake too waits for nobody
        (LOW, replace(LOW, impact="high", needs_second=True), False, True),
    ],
)
def test_an_earlier_decision_stands_or_does_not(earlier, later, is_by_person, expected):
    assert stands(earlier, later, is_by_person=is_by_person) is expected


def test_what_the_register_brought_about_keeps_the_names_that_decisions_are_stored_with():
    assert (RIGHTS_WITHDRAWN, RIGHTS_LIKENESS) == ("rights-withdrawn", "rights-likeness")


def test_without_criteria_it_is_kept_how_much_is_at_stake():
    assert decide(None, [], replace(HERE, impact="high")).impact == "high"


def test_a_tier_that_there_is_no_more_needs_two_people():
    assert decide(CRITERIA, [result(Verdict.PASS)], replace(HERE, impact="gone")).needs_second


def test_criteria_about_requests_are_not_asked_of_an_incoming_image():
    criteria = replace(CRITERIA, criteria=(WHOLE, CLEAN))
    assert outcome(result(Verdict.PASS), criteria=criteria, **INCOMING) is Outcome.RELEASED


def test_a_drawn_image_without_its_request_is_held():
    criteria = replace(CRITERIA, criteria=(WHOLE, CLEAN))
    found = outcome(result(Verdict.PASS), criteria=criteria, request_sha256=None)
    assert found is Outcome.HELD


def test_criteria_about_requests_are_asked_before_it_is_known_how_it_will_be_drawn():
    criteria = replace(CRITERIA, criteria=(CLEAN,))
    about_request = result(Verdict.FAIL, check="terms", judged_sha256=REQUEST)
    assert outcome(about_request, criteria=criteria, operation=None) is Outcome.REFUSED


UNDRAWN = {"pixels_sha256": "", "operation": None}


def test_before_anything_is_drawn_the_request_alone_is_asked_about():
    always = AlwaysReview(impact=(), operations=(), check=None, verdicts=(), reason="All.")
    criteria = replace(CRITERIA, criteria=(WHOLE, CLEAN), always_review=(always,))
    about_request = result(Verdict.PASS, check="terms", judged_sha256=REQUEST)
    assert outcome(about_request, criteria=criteria, **UNDRAWN) is Outcome.RELEASED
    assert outcome(about_request, criteria=criteria, pixels_sha256="") is Outcome.HELD
    assert outcome(about_request, criteria=criteria, operation=None) is Outcome.HELD


def test_where_no_criterion_is_about_requests_none_is_refused_before_it_is_drawn():
    assert outcome(result(Verdict.FAIL), criteria=CRITERIA, **UNDRAWN) is Outcome.HELD


def test_an_incoming_image_is_held_where_no_criterion_is_about_images():
    criteria = replace(CRITERIA, criteria=(CLEAN,))
    assert outcome(result(Verdict.PASS), criteria=criteria, **INCOMING) is Outcome.HELD
