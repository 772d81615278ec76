import numpy as np
import pytest
from benchmarks.memorisation import is_near
from benchmarks.quality.held_out import held_out
from benchmarks.quality.known_truth import softened
from benchmarks.quality.likeness import Components, Nearness, aligned, pixel_values


@pytest.fixture(scope="module")
def pictures() -> list[np.ndarray]:
    return [one.image_HWC for one in held_out()[:300]]


@pytest.fixture(scope="module")
def known(pictures) -> Components:
    return Components.of(pixel_values(pictures), 64)


def test_a_picture_is_nearest_to_itself(pictures, known):
    assert known.nearest_distances(pixel_values(pictures[:20])).max() < 0.01


def test_a_softened_copy_is_nearer_than_other_pictures(pictures, known):
    rng = np.random.default_rng(1)
    copies = known.nearest_distances(pixel_values([softened(one, rng) for one in pictures[:40]]))
    others = known.nearest_distances(pixel_values([one.image_HWC for one in held_out()[400:500]]))
    assert np.quantile(copies, 0.9) < np.median(others) / 3


def test_a_planted_picture_is_found(known):
    values = pixel_values([one.image_HWC for one in held_out()[300:600:20]])
    assert np.median(known.planted_with(values).nearest_distances(values)) < 0.005


def test_a_smaller_copy_off_centre_is_aligned_with_its_original(pictures):
    moved_HWC = np.zeros((160, 160, 4), np.uint8)
    moved_HWC[70:134, 80:144] = pictures[0]
    difference = aligned(moved_HWC).astype(float) - aligned(pictures[0])
    assert np.sqrt(np.square(difference).mean()) < 20


def test_an_empty_picture_aligns_to_white():
    assert aligned(np.zeros((64, 64, 4), np.uint8)).min() == 255


def test_near_by_either_measure_is_near():
    null = Nearness(np.linspace(0.1, 1, 100), np.linspace(0.1, 1, 100))
    asked = Nearness(np.array([0.05, 0.5, 0.5]), np.array([0.5, 0.05, 0.5]))
    assert is_near(asked, null).tolist() == [True, True, False]
