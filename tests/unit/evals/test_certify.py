"""What a certified threshold promises, and when there is none."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from limner.core.criteria import Target
from limner.core.judging import Better
from limner.evals.certify import Labels, Shortfall, certify

TARGET = Target(precision=0.95, recall=None, confidence=0.9)
BOTH = replace(TARGET, recall=0.5, fail_precision=0.6)


def labels(score, is_good, *, is_known=None, probability=None):
    score = np.asarray(score, dtype=float)
    return Labels(
        score_U=score,
        is_good_U=np.asarray(is_good, dtype=bool),
        is_known_U=np.ones(len(score), bool) if is_known is None else np.asarray(is_known, bool),
        probability_U=np.ones(len(score)) if probability is None else np.asarray(probability),
    )


def drawn(num, seed=0, sharpness=6.0):
    """Scores 0-1; the worse the score, the likelier bad; a third is bad in all."""
    rng = np.random.default_rng(seed)
    score = rng.random(num)
    return labels(score, rng.random(num) < 1 / (1 + np.exp(-sharpness * 2 * (score - 1 / 3))))


def test_a_check_that_tells_good_from_bad_gets_a_threshold():
    found = certify(drawn(2000), TARGET, Better.HIGHER).passing
    assert found.certified is not None
    assert found.precision_low >= 0.95
    assert 0.4 < found.certified.threshold < 0.9


def test_a_check_that_tells_nothing_gets_none():
    rng = np.random.default_rng(0)
    blind = labels(rng.random(2000), rng.random(2000) < 0.9)
    found = certify(blind, TARGET, Better.HIGHER).passing
    assert (found.certified, found.shortfall) == (None, Shortfall.NOT_SHOWN)


def test_the_number_of_labels_missing_is_told():
    few = drawn(20)
    found = certify(few, TARGET, Better.HIGHER).passing
    assert (found.certified, found.shortfall) == (None, Shortfall.TOO_FEW_LABELS)
    assert 24 < found.num_more < 2000
    enough = drawn(20 + found.num_more)
    assert certify(enough, TARGET, Better.HIGHER).passing.certified is not None


def test_recall_needs_enough_bad_ones():
    rng = np.random.default_rng(0)
    rare = labels(rng.random(500), np.arange(500) >= 3)
    found = certify(rare, replace(TARGET, recall=0.9), Better.HIGHER).passing
    assert (found.certified, found.shortfall) == (None, Shortfall.TOO_FEW_BAD)
    assert found.num_more > 1000


def test_asking_for_recall_never_makes_a_threshold_milder():
    data = drawn(2000)
    without = certify(data, TARGET, Better.HIGHER).passing.certified
    with_recall = certify(data, replace(TARGET, recall=0.97), Better.HIGHER).passing
    assert with_recall.certified.threshold > without.threshold
    assert with_recall.recall_low >= 0.97


def test_both_sides_leave_a_band_between():
    found = certify(drawn(3000), BOTH, Better.HIGHER)
    assert found.failing.certified.threshold < found.passing.certified.threshold
    assert found.failing.precision_low >= 0.6


def test_two_sides_share_the_doubt():
    data = drawn(3000)
    assert certify(data, TARGET, Better.HIGHER).passing.delta == pytest.approx(0.1)
    assert certify(data, BOTH, Better.HIGHER).passing.delta == pytest.approx(0.05)


def test_no_score_both_passes_and_fails():
    rng = np.random.default_rng(0)
    half = labels(rng.random(2000), rng.random(2000) < 0.5)
    easy = Target(precision=0.3, recall=None, confidence=0.9, fail_precision=0.3)
    found = certify(half, easy, Better.HIGHER)
    assert found.passing.certified.threshold == half.score_U.min()
    assert found.failing.shortfall is Shortfall.OVERLAPS


def test_scores_turned_round_give_the_same_threshold_turned_round():
    data = drawn(2000)
    turned = replace(data, score_U=-data.score_U)
    up, down = certify(data, BOTH, Better.HIGHER), certify(turned, BOTH, Better.LOWER)
    assert down.passing.certified.threshold == -up.passing.certified.threshold
    assert down.failing.certified.threshold == -up.failing.certified.threshold


def test_equal_scores_pass_together():
    score = np.repeat([1.0, 0.0], 300)
    found = certify(labels(score, score == 1.0), TARGET, Better.HIGHER).passing
    assert (found.certified.threshold, found.certified.num) == (1.0, 300)


def test_a_picture_without_an_answer_counts_against_the_promise():
    data = drawn(2000)
    best = np.argsort(-data.score_U)
    is_known = np.ones(2000, bool)
    is_known[best[:900:3]] = False
    found = certify(replace(data, is_known_U=is_known), TARGET, Better.HIGHER)
    assert found.passing.certified is None
    assert found.num_unknown == 300


def test_an_unanswered_picture_that_does_not_pass_costs_nothing():
    data = drawn(2000)
    is_known = data.score_U > 0.2
    before = certify(data, TARGET, Better.HIGHER).passing.certified
    after = certify(replace(data, is_known_U=is_known), TARGET, Better.HIGHER).passing.certified
    assert after.threshold == before.threshold


def test_unequal_chances_of_being_looked_at_count():
    """Good pictures were looked at always, bad ones among the passing one time in ten."""
    rng = np.random.default_rng(0)
    score = np.concatenate((rng.random(1000), rng.random(60)))
    is_good = np.arange(1060) < 1000
    probability = np.where(is_good, 1.0, 0.1)
    plain = certify(labels(score, is_good), Target(precision=0.9, recall=None, confidence=0.9),
                    Better.HIGHER)  # fmt: skip
    weighted = certify(
        labels(score, is_good, probability=probability),
        Target(precision=0.9, recall=None, confidence=0.9),
        Better.HIGHER,
    )
    assert plain.passing.certified is not None
    assert weighted.is_weighted
    assert weighted.passing.certified is None


def test_weights_all_alike_change_nothing():
    data = drawn(1000)
    audited = replace(data, probability_U=np.full(1000, 0.05))
    assert certify(audited, BOTH, Better.HIGHER) == certify(data, BOTH, Better.HIGHER)


def test_a_promise_without_exception_cannot_be_certified():
    found = certify(drawn(500), replace(TARGET, precision=1.0), Better.HIGHER).passing
    assert (found.certified, found.num_more) == (None, None)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 9), st.booleans(), st.booleans(), st.sampled_from([0.1, 1.0])),
        min_size=1,
        max_size=150,
    ),
    st.sampled_from([TARGET, BOTH, replace(TARGET, precision=0.5, recall=0.1)]),
    st.sampled_from(Better),
    st.randoms(use_true_random=False),
)
def test_any_labels_get_an_answer_that_does_not_depend_on_their_order(rows, target, better, random):
    def answer(chosen):
        score, is_good, is_known, probability = zip(*chosen, strict=True)
        data = labels(score, is_good, is_known=is_known, probability=probability)
        return certify(data, target, better)

    shuffled = list(rows)
    random.shuffle(shuffled)
    one, other = answer(rows), answer(shuffled)
    assert one.passing.shortfall == other.passing.shortfall
    assert (one.passing.certified is None) == (one.passing.shortfall is not None)
    if one.passing.certified is not None:
        assert one.passing.certified.threshold == other.passing.certified.threshold
        assert one.passing.certified.p_value <= one.passing.delta
        assert one.passing.precision_low >= target.precision - 1e-9
