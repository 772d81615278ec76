import numpy as np
import pytest

from limner.evals.wrong_labels import left_out_chances, likely_wrong


def kinds(num, apart=4.0, seed=0, num_kinds=3, width=20):
    rng = np.random.default_rng(seed)
    kind = np.repeat(np.arange(num_kinds), num)
    vectors = rng.standard_normal((len(kind), width)).astype(np.float32)
    vectors[np.arange(len(kind)), kind] += apart
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True), kind


def test_chances_are_those_of_a_fit_without_the_example():
    vectors, kind = kinds(15)
    chance = left_out_chances(vectors, kind, 3)
    # Changing an example's own label leaves what the others say of it as it was, up to the choice
    # of the ridge.
    changed = kind.copy()
    changed[4] = 2
    again = left_out_chances(vectors, changed, 3)
    assert np.abs(chance[4] - again[4]).max() < 1e-6
    assert np.allclose(chance.sum(axis=1), 1)


@pytest.mark.parametrize("num_wrong", [1, 6])
def test_labels_that_were_swapped_are_found(num_wrong):
    vectors, kind = kinds(60, apart=7.0)
    wrong = np.arange(num_wrong) * 7
    labels = kind.copy()
    labels[wrong] = (kind[wrong] + 1) % 3
    doubts = likely_wrong(left_out_chances(vectors, labels, 3), labels)
    # One that is less likely than is usual for its true kind stays unseen.
    assert {one.at for one in doubts} <= set(wrong)
    assert len(doubts) >= 2 * num_wrong / 3
    assert all(one.likelier == kind[one.at] for one in doubts)


def test_right_labels_that_lie_apart_raise_no_doubt():
    vectors, kind = kinds(60, apart=12.0)
    assert likely_wrong(left_out_chances(vectors, kind, 3), kind) == []


def test_a_label_is_not_doubted_for_a_kind_that_is_no_likelier():
    chance = np.array([[0.5, 0.5], [0.9, 0.1], [0.2, 0.8]])
    assert likely_wrong(chance, np.array([0, 0, 1])) == []


def test_the_most_doubtful_stand_first():
    vectors, kind = kinds(60, apart=1.5, seed=2)
    margins = [one.margin for one in likely_wrong(left_out_chances(vectors, kind, 3), kind)]
    assert margins
    assert margins == sorted(margins, reverse=True)
