"""Accepted pictures, what one costs, and how far guesses can be gone by."""

from datetime import UTC, date, datetime

import numpy as np
import pytest

from limner.core.judging import Verdict
from limner.core.runs import PROBABILITY_BAD, RunScore, Spot
from limner.evals.acceptance import accept, accepted_of, attempts_of, risk_coverage, trust_in
from limner.evals.intervals import Estimate
from limner.evals.specification import Asked
from limner.evals.suite import Case, Suite

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def suite(*cases: Case) -> Suite:
    return Suite(
        name="own",
        version="1",
        question="?",
        owner="Design",
        review_by=date(2027, 1, 1),
        seeds=(1, 2),
        checks=("count", "colour", "atoms"),
        aspects={},
        ways=(),
        cases=cases or (SPECIFIED,),
    )


SPECIFIED = Case(id="one", asked=Asked(prompt="two red balls", concept="ball", count=2))
FREE = Case(id="free", asked=Asked(prompt="something nice"))


def score(check: str, verdict: Verdict, *, case: str = "one", seed: int = 1, **others) -> RunScore:
    values = {"card_sha256": "", "score": None, "cause": "", "scored_at": NOW, **others}
    return RunScore(spot=Spot(case, seed), check=check, verdict=verdict, **values)


def guess(verdict: Verdict, chance: float, **others) -> RunScore:
    return score("atoms", verdict, details={PROBABILITY_BAD: chance}, **others)


def test_a_picture_is_accepted_when_nothing_failed():
    scores = [score("count", Verdict.PASS), score("colour", Verdict.PASS)]
    assert accepted_of(suite(), scores)[0, 0] == 1


def test_one_failure_is_enough():
    scores = [score("count", Verdict.PASS), score("colour", Verdict.UNSURE)]
    assert accepted_of(suite(), scores)[0, 0] == 0


def test_what_could_not_be_judged_is_not_accepted_and_not_refused():
    scores = [score("count", Verdict.PASS), score("colour", Verdict.ERROR)]
    assert np.isnan(accepted_of(suite(), scores)[0, 0])


def test_a_failure_stands_beside_what_could_not_be_judged():
    scores = [score("count", Verdict.FAIL), score("colour", Verdict.ERROR)]
    assert accepted_of(suite(), scores)[0, 0] == 0


def test_a_guess_has_no_say_where_a_specification_does():
    scores = [score("count", Verdict.PASS), guess(Verdict.FAIL, 0.9)]
    assert accepted_of(suite(), scores)[0, 0] == 1


def test_a_guess_has_a_say_where_nothing_is_specified():
    scores = [score("count", Verdict.PASS, case="free"), guess(Verdict.FAIL, 0.9, case="free")]
    assert accepted_of(suite(FREE), scores)[0, 0] == 0


def test_what_must_be_refused_is_no_picture():
    refused = Case(id="one", asked=Asked(prompt="x"), must_refuse=True)
    assert accept(suite(refused), [score("count", Verdict.PASS)]).estimate.value is None


def test_an_accepted_picture_costs_one_over_the_share():
    found = attempts_of(Estimate(value=0.25, low=0.2, high=0.5, num=40))
    assert (found.value, found.low, found.high) == (4, 2, 5)


def test_where_none_was_accepted_the_cost_has_a_lower_end_only():
    found = attempts_of(Estimate(value=0.0, low=0.0, high=0.1, num=40))
    assert (found.value, found.low, found.high) == (None, 10, None)


def test_a_good_guess_lowers_the_risk_of_what_is_kept():
    chances = np.array([0.1, 0.1, 0.2, 0.2, 0.3, 0.8, 0.9, 0.9, 0.95, 1.0])
    found = risk_coverage(chances, chances > 0.5)
    assert (found[0], found[-1]) == ((0.5, 0.0), (1.0, 0.5))


def test_pictures_of_equal_chance_are_kept_together():
    assert risk_coverage(np.full(8, 0.5), np.arange(8) < 4) == [(1.0, 0.5)]


def test_a_guess_is_held_against_what_programs_found():
    scores = [score("count", Verdict.PASS, seed=1), score("count", Verdict.FAIL, seed=2)]
    scores += [guess(Verdict.PASS, 0.1, seed=1), guess(Verdict.FAIL, 0.8, seed=2)]
    (found,) = trust_in(suite(), scores)
    assert (found.num_pictures, found.off_by) == (2, pytest.approx(0.15))


def test_a_person_says_more_than_a_program():
    scores = [score("count", Verdict.PASS), guess(Verdict.PASS, 0.1)]
    corrected = score("atoms", Verdict.FAIL, author="Ada", reason="three balls")
    (found,) = trust_in(suite(), [*scores, corrected])
    assert (found.num_by_people, found.off_by) == (1, pytest.approx(0.9))


def test_a_guess_without_a_truth_beside_it_is_not_measured():
    assert trust_in(suite(FREE), [guess(Verdict.PASS, 0.1, case="free")]) == []
