import numpy as np
import pytest

from limner.checks.tagger.patches import MARGIN_PX, Normal, learn_normal, places_of, whole_of
from limner.checks.tagger.tagger import SIDE_PX, Seen, Tagger
from limner.core.records import Picture


def seen(seed, odd_at=None):
    """What a network might make of a part; one place of it may be odd."""
    rng = np.random.default_rng(seed)
    fine = rng.normal(0, 0.1, (8, 8, 5)).astype(np.float32) + 1
    coarse = rng.normal(0, 0.1, (4, 4, 6)).astype(np.float32)
    if odd_at is not None:
        fine[odd_at] += 4
    empty = np.zeros(0, np.float32)
    return Seen(empty, empty, fine, coarse)


@pytest.fixture(scope="module")
def normal():
    return learn_normal([seen(one) for one in range(30)], np.random.default_rng(0))


def test_a_part_with_an_odd_place_is_farther_than_any_good_one(normal):
    good = max(normal.measure(seen(one)).score for one in range(100, 140))
    assert normal.measure(seen(200, odd_at=(5, 2))).score > 2 * good


def test_the_map_is_highest_where_the_odd_place_is(normal):
    distance = normal.measure(seen(200, odd_at=(5, 2))).distance_HW
    row, column = np.unravel_index(distance.argmax(), distance.shape)
    assert (abs(row - 5) <= 1, abs(column - 2) <= 1) == (True, True)


def test_a_part_that_was_learnt_whole_is_near_itself():
    part = seen(3)
    assert learn_normal([part], np.random.default_rng(0)).measure(part).score < 0.1


def test_a_set_comes_back_as_it_was(normal):
    again = Normal.from_bytes(normal.to_bytes())
    assert again.measure(seen(77)).score == normal.measure(seen(77)).score


def test_the_same_parts_give_the_same_set(normal):
    again = learn_normal([seen(one) for one in range(30)], np.random.default_rng(0))
    assert again.to_bytes() == normal.to_bytes()


def test_a_picture_is_stretched_and_not_cut():
    image_HWC = np.full((40, 400, 4), 255, np.uint8)
    image_HWC[:, :8, :3] = 0
    whole = whole_of(Picture.of(image_HWC))
    assert whole.shape == (SIDE_PX, SIDE_PX, 3)
    assert whole[:, MARGIN_PX].max() < 40


def test_around_a_picture_is_a_margin_that_mirrors_it_and_is_not_told():
    image_HWC = np.random.default_rng(0).integers(0, 256, (192, 192, 4), np.uint8)
    image_HWC[..., 3] = 255
    whole = whole_of(Picture.of(image_HWC))
    assert (whole[:, MARGIN_PX - 1] == whole[:, MARGIN_PX + 1]).all()
    fine, coarse = np.zeros((28, 28, 2), np.float32), np.zeros((14, 14, 3), np.float32)
    seen = Seen(fine[0, 0], fine[0, 0], fine, coarse)
    assert places_of(seen).shape == (24, 24, 5)


@pytest.fixture(scope="module")
def surfaces():
    """A normal set of twelve grained surfaces, and what makes another one."""

    def surface(seed, hole=None):
        rng = np.random.default_rng(seed)
        image_HWC = np.full((224, 224, 4), 255, np.uint8)
        grain = rng.normal(0, 12, (224, 224)) + 14 * np.sin(np.arange(224) / 5 + rng.uniform(0, 6))
        image_HWC[..., :3] = np.clip(128 + grain, 0, 255)[..., None]
        if hole is not None:
            top, left = hole
            image_HWC[top : top + 24, left : left + 24, :3] = 25
        return tagger.look(whole_of(Picture.of(image_HWC)))

    tagger = Tagger(num_threads=1)
    return learn_normal([surface(one) for one in range(12)], np.random.default_rng(0)), surface


def test_a_hole_in_a_surface_is_found_where_it_is(surfaces):
    normal, surface = surfaces
    good = max(normal.measure(surface(one)).score for one in range(50, 58))
    holed = normal.measure(surface(60, hole=(150, 40)))
    row, column = np.unravel_index(holed.distance_HW.argmax(), holed.distance_HW.shape)
    assert holed.score > 1.2 * good
    place_px = 224 / len(holed.distance_HW)
    apart = abs((row + 0.5) * place_px - 162), abs((column + 0.5) * place_px - 52)
    assert max(apart) < 24
