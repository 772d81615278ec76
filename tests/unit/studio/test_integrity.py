import numpy as np
import pytest

from limner.core.records import Size
from limner.studio.integrity import find_fault

CANVAS = Size(8, 8)


def picture(colour=(200, 30, 30, 255), spot=(0, 0, 200, 255)):
    image_HWC = np.full((8, 8, 4), colour, np.uint8)
    image_HWC[2:4, 2:4] = spot
    return image_HWC


def test_a_picture_of_something_has_no_fault():
    assert find_fault(picture(), CANVAS, is_finite=True) is None


def test_a_black_shape_on_a_transparent_background_has_no_fault():
    image_HWC = picture(colour=(0, 0, 0, 0), spot=(0, 0, 0, 255))
    assert find_fault(image_HWC, CANVAS, is_finite=True) is None


@pytest.mark.parametrize(
    ("image_HWC", "fault"),
    [
        (picture(spot=(201, 31, 30, 255)), "flat (one colour)"),
        (picture(colour=(0, 0, 0, 255), spot=(7, 7, 7, 255)), "black"),
        (picture(colour=(9, 9, 9, 0), spot=(90, 90, 90, 1)), "empty (fully transparent)"),
        (picture()[:7], "misshapen (uint8 (7, 8, 4))"),
        (picture()[..., :3], "misshapen (uint8 (8, 8, 3))"),
        (picture().astype(np.float32), "misshapen (float32 (8, 8, 4))"),
    ],
)
def test_a_broken_picture_has_its_fault_named(image_HWC, fault):
    assert find_fault(image_HWC, CANVAS, is_finite=True) == fault


def test_a_picture_that_was_not_finite_is_broken_whatever_it_shows():
    assert find_fault(picture(), CANVAS, is_finite=False) == "not finite"
