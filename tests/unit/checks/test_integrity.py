import numpy as np
import pytest

from limner.checks.integrity import Integrity, find_fault
from limner.core.judging import ImageSubject
from limner.core.records import Picture, Size

CANVAS = Size(8, 8)


def picture(colour=(200, 30, 30, 255), spot=(0, 0, 200, 255)):
    image_HWC = np.full((8, 8, 4), colour, np.uint8)
    image_HWC[2:4, 2:4] = spot
    return image_HWC


def subject(image_HWC, **fields) -> ImageSubject:
    return ImageSubject(picture=Picture.of(image_HWC), **fields)


def test_a_picture_of_something_has_no_fault():
    assert find_fault(picture(), CANVAS, is_finite=True) is None


def test_a_picture_of_any_size_has_no_fault_when_none_was_asked():
    assert find_fault(picture()[:5], is_finite=True) is None


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


@pytest.mark.parametrize(
    "image_HWC", [picture()[..., 0], picture()[..., :3], picture()[:0]], ids=["HW", "RGB", "none"]
)
def test_what_is_no_rgba_is_misshapen_even_when_no_size_was_asked(image_HWC):
    assert find_fault(image_HWC, is_finite=True).startswith("misshapen")


def test_a_picture_that_was_not_finite_is_broken_whatever_it_shows():
    assert find_fault(picture(), CANVAS, is_finite=False) == "not finite"


def test_a_sound_picture_scores_one():
    assert Integrity().measure(subject(picture(), expected_size=CANVAS)).score == 1.0


def test_a_picture_of_another_size_than_asked_scores_zero():
    finding = Integrity().measure(subject(picture()[:7], expected_size=CANVAS))
    assert finding.score == 0.0


def test_a_broken_picture_is_named_in_a_note():
    finding = Integrity().measure(subject(np.zeros((8, 8, 4), np.uint8)))
    assert finding.notes == ("The picture is empty (fully transparent).",)


def test_pixels_that_are_not_those_of_the_hash_score_zero():
    changed = ImageSubject(
        picture=Picture(image_HWC=picture(), pixels_sha256=Picture.of(picture()[:7]).pixels_sha256)
    )
    assert Integrity().measure(changed).score == 0.0
