import numpy as np
import pytest

from limner.checks.tagger.linear import Line, learn_line


def clouds(num, apart, rng, width=24):
    """Unit vectors of two kinds; the first half is yes."""
    is_yes = np.repeat([True, False], num)
    vectors = rng.standard_normal((2 * num, width)).astype(np.float32)
    vectors[:, 0] += np.where(is_yes, apart, -apart)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True), is_yes


def test_a_line_tells_apart_what_it_has_not_seen():
    rng = np.random.default_rng(0)
    line = learn_line(*clouds(40, 2.0, rng), rng)
    vectors, is_yes = clouds(200, 2.0, rng)
    assert np.mean((line.scores(vectors) >= 0.5) == is_yes) > 0.93


def test_a_line_of_noise_tells_nothing_and_is_held_back_most():
    rng = np.random.default_rng(1)
    line = learn_line(*clouds(40, 0.0, rng), rng)
    vectors, is_yes = clouds(400, 0.0, rng)
    assert abs(np.mean((line.scores(vectors) >= 0.5) == is_yes) - 0.5) < 0.06
    assert line.strength == 0.3


def test_a_rare_kind_weighs_as_much_as_a_frequent_one():
    rng = np.random.default_rng(2)
    vectors, is_yes = clouds(200, 0.7, rng, width=4)
    kept = np.r_[:20, 200:400]
    line = learn_line(vectors[kept], is_yes[kept], rng)
    unseen, is_yes = clouds(500, 0.7, rng, width=4)
    called = line.scores(unseen) >= 0.5
    assert abs(np.mean(called[is_yes]) - np.mean(~called[~is_yes])) < 0.15


def test_the_fit_is_where_the_gradient_of_ridge_regression_is_nothing():
    rng = np.random.default_rng(3)
    vectors, is_yes = clouds(30, 1.0, rng)
    line = learn_line(vectors, is_yes, rng)
    centred = vectors.astype(np.float64) - vectors.mean(axis=0, dtype=np.float64)
    wrong = line.scores(vectors) - is_yes  # both kinds are as many, so each example weighs 1
    gradient = centred.T @ wrong + line.weight_D / line.strength
    assert np.abs(gradient).max() < 1e-3
    assert abs(wrong.sum()) < 1e-3


@pytest.mark.parametrize("num", [2, 3])
def test_two_of_each_kind_are_enough_to_fit(num):
    rng = np.random.default_rng(4)
    assert np.isfinite(learn_line(*clouds(num, 2.0, rng), rng).weight_D).all()


def test_a_line_comes_back_as_it_was():
    rng = np.random.default_rng(5)
    vectors, is_yes = clouds(20, 1.0, rng)
    line = learn_line(vectors, is_yes, rng)
    again = Line.from_bytes(line.to_bytes(), line.strength)
    assert (again.scores(vectors) == line.scores(vectors)).all()
